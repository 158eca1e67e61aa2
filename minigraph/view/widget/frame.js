// The frame that all widgets share: title, search, player, inspector and table around a view.

/** @import { Data } from "./data.js" */
/** @import { Handle, Options, State, View, Widget } from "./view.js" */
import { button, fill, listen, make, within } from "./dom.js";
import { makePlayer } from "./player.js";
import { addStyle } from "./style.js";

/**
 * The views that are loaded, by the name that the data uses. Each file in views/ adds its own.
 * @type {Record<string, (widget: Widget<any>) => View>}
 */
export const views = {};

/**
 * Draw data into an element of the page.
 * @param {Element} host @param {Data} data @param {Options} [options]
 * @returns {Handle}
 */
export function mount(host, data, options = {}) {
  addStyle();
  const state = { selected: options.selected || "", step: options.step || data.start || 0 };
  /** @type {Widget} */
  const widget = { data, state, change: (next) => change(next, true), refresh: show };
  const view = views[data.view](widget);
  const player = makePlayer(view, state, go), panel = makePanel(data.title);
  const bar = make("div"), note = make("p.note", data.note);
  const still = host.querySelector(".mg-still") || make("div.still", tableOf(data));
  host.replaceChildren(make("div.frame", { role: "group", "aria-label": data.title },
    makeTop(host, view, widget, still), bar,
    make("div.main", { style: `--tall:${view.height}px` }, view.stage, panel.element),
    make("p.help", view.help)), still);
  fill(host, { "data-mounted": "true" });

  // Everything follows from the state alone, whoever changed it.
  function show() {
    const first = lastStop() > 0 ? player.element : note;
    if (bar.firstChild !== first) bar.replaceChildren(first);
    view.show(state);
    player.show();
    panel.element.replaceChildren();
    fill(panel.element, view.inspect(state));
  }

  function lastStop() {
    return view.stops().at(-1) ?? 0;
  }

  /** @param {Partial<State>} next @param {boolean} announce  whether to notify others */
  function change(next, announce) {
    const step = within(next.step ?? state.step, 0, lastStop());
    const selected = next.selected ?? state.selected;
    if (step === state.step && selected === state.selected) return;
    panel.toTop();
    Object.assign(state, { step, selected });
    show();
    view.reveal?.(selected);
    if (announce) options.onChange?.({ selected, step });
  }

  /**
   * Go to a step, and select the box where it happens.
   * @param {number} step
   */
  function go(step, announce = true) {
    change({ step, selected: (step > 0 && view.at?.(step)) || state.selected }, announce);
  }

  show();
  if (state.step !== options.step) options.onChange?.(state);
  return {
    select: (id) => change({ selected: id }, false),
    go(step) { if (step !== state.step) go(step, false); },
    // A reader who looks at the last step is taken along to the new last one.
    renew(next) {
      const follows = state.step >= lastStop();
      widget.data = next;
      view.renew?.();
      still.replaceChildren(tableOf(next));
      show();
      change({ step: follows ? lastStop() : state.step }, true);
    },
    remove() {
      player.stop();
      view.remove?.();
      host.replaceChildren();
      fill(host, { "data-mounted": null });
    },
  };
}

/**
 * The inspector.
 * @param {string} title
 */
function makePanel(title) {
  const label = `Details of the selection in ${title}`;
  const element = make("div.panel", { role: "region", tabindex: "0", "aria-label": label });
  let scrolled = false; // asking the panel itself would lay out the whole page at each step
  listen(element, "scroll", () => { scrolled = true; });
  return {
    element,
    toTop() {
      if (scrolled) element.scrollTop = 0;
      scrolled = false;
    },
  };
}

/**
 * The title, a few facts, the search, the view's own tools, and the table on demand.
 * @param {Element} host @param {View} view @param {Widget} widget @param {Element} still
 */
function makeTop(host, view, widget, still) {
  const { title } = widget.data;
  const table = button("Table", "Table", () => {
    const open = host.toggleAttribute("data-table");
    const label = `Table of ${title}`;
    fill(still, { tabindex: open ? 0 : -1, role: "region", "aria-label": label });
    fill(table, { "aria-expanded": open });
  }, { "aria-expanded": "false", "data-action": "table" });
  const search = view.search && makeSearch(view.search, widget);
  return make("div.top", make("b.heading", title), make("span.facts", view.facts),
    make("div.tools", search, view.tools, table));
}

/**
 * A search field; Enter moves from one match to the next.
 * @param {(text: string) => string[]} search @param {Widget} widget
 */
function makeSearch(search, widget) {
  const label = `Search ${widget.data.title}`, placeholder = "Find a layer";
  const field = make("input.search", { type: "search", placeholder, "aria-label": label });
  const found = make("span.found", { role: "status" });
  /** @type {string[]} */
  let ids = [];
  listen(field, "input", () => {
    const text = field.value.trim().toLowerCase();
    ids = search(text);
    found.textContent = text ? `${ids.length} found` : "";
  });
  listen(field, "keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || !ids.length) return;
    const next = (ids.indexOf(widget.state.selected) + 1) % ids.length;
    widget.change({ selected: ids[next] });
    found.textContent = `${next + 1} of ${ids.length}: ${ids[next]}`;
  });
  return [field, found];
}

/**
 * The table, for a notebook: no page provides it there.
 * @param {Data} data
 */
function tableOf({ caption, rows = [] }) {
  /** @param {string} text @param {number} row @param {number} column */
  const cell = (text, row, column) => (row && column ? make("td", text)
    : make("th", { scope: row ? "row" : "col" }, text));
  return make("table", make("caption", caption),
    rows.map((texts, row) => make("tr", texts.map((text, column) => cell(text, row, column)))));
}
