// The page: every widget that stands in it as a still picture with its data comes to life.

/** @import { Data } from "./data.js" */
import { mount, views } from "./frame.js";

/** Bring to life, once each, the widgets whose view is loaded. */
function mountAll() {
  for (const host of document.querySelectorAll(".minigraph-widget:not([data-mounted])")) {
    const source = host.querySelector('script[type="application/json"]');
    const data = source && unpacked(JSON.parse(source.textContent ?? ""));
    if (data && Object.hasOwn(views, data.view)) mount(host, data); // else the picture stays
  }
}

/**
 * The data, with repeated parts put back; "~7" stands for part number 7.
 * @param {{parts: unknown[], body: unknown}} packed
 * @returns {Data}
 */
function unpacked({ parts, body }) {
  /** @param {any} value @returns {any} */
  function unpack(value) {
    if (typeof value === "string") return unpackText(value);
    if (Array.isArray(value)) return value.map(unpack);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unpack(child)]));
  }

  /** @param {string} text */
  function unpackText(text) {
    if (text[0] !== "~") return text;
    return text[1] === "~" ? text.slice(1) : unpack(parts[Number(text.slice(1))]);
  }
  return unpack(body);
}

/** Every script that contains views ends with this call. */
export function start() {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
}

Object.assign(minigraph, { mount, mountAll, views });
