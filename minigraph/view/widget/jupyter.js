// What makes the script a module for Jupyter. anywidget calls `render` with a model, which holds
// the values of the widget in Python and tells each side what the other one has changed.

import { mount } from "./frame.js";

/**
 * The part of anywidget's model that is used here.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: unknown) => void} set
 * @property {() => void} save_changes
 * @property {(event: string, listener: () => void) => void} on
 * @property {(event: string, listener: () => void) => void} off
 */

export default {
  /** @param {{model: Model, el: Element}} target */
  render({ model, el }) {
    const host = document.createElement("div");
    host.className = "minigraph-widget";
    el.append(host);
    const view = mount(host, model.get("data"), {
      selected: model.get("selected"),
      step: model.get("step"),
      onChange({ selected, step }) {
        model.set("selected", selected);
        model.set("step", step);
        model.save_changes();
      },
    });
    const heard = {
      "change:data": () => view.renew(model.get("data")),
      "change:step": () => view.go(model.get("step")),
      "change:selected": () => view.select(model.get("selected")),
    };
    for (const [event, listener] of Object.entries(heard)) model.on(event, listener);
    return () => {
      for (const [event, listener] of Object.entries(heard)) model.off(event, listener);
      view.remove();
    };
  },
};
