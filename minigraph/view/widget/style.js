// The style sheets: the one of all widgets, and those of the views that are loaded.

import { make } from "./dom.js";

/**
 * The sheets by name. When the parts are joined, the text of each is put in here.
 * @type {Record<string, string>}
 */
export const sheets = {};

/** Add each sheet to the page, once. */
export function addStyle() {
  for (const [name, text] of Object.entries(sheets)) {
    const id = `minigraph-${name}`;
    if (!document.getElementById(id)) document.head.append(make("style", { id }, text));
  }
}
