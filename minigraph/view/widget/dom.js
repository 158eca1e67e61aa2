// Elements, and the small tools with which everything else is written.
//
// Text enters a page as text nodes and attributes only, so no name can become markup.

/** @import { Attributes, Content, Drawn, Made } from "./view.js" */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: make("p.note", { id: "a" }, "text") is <p class="mg-note" id="a">text</p>.
 * @template {string} Kind
 * @param {Kind} kind @param {Content[]} content
 */
export function make(kind, ...content) {
  const [tag, ...styles] = kind.split(".");
  const element = /** @type {Made<Kind>} */ (document.createElement(tag));
  return fill(element, classOf(styles), content);
}

/**
 * The same for an SVG element.
 * @template {string} Kind
 * @param {Kind} kind @param {Content[]} content
 */
export function draw(kind, ...content) {
  const [tag, ...styles] = kind.split(".");
  const element = /** @type {Drawn<Kind>} */ (document.createElementNS(SVG, tag));
  return fill(element, classOf(styles), content);
}

/** @param {string[]} styles */
function classOf(styles) {
  return styles.length > 0 && { class: styles.map((style) => `mg-${style}`).join(" ") };
}

/**
 * Give an element attributes and children.
 * @template {Element} Kind
 * @param {Kind} element @param {Content[]} content
 */
export function fill(element, ...content) {
  for (const part of content) {
    if (Array.isArray(part)) fill(element, ...part);
    else if (part instanceof Node) element.append(part);
    else if (part && typeof part === "object") setAttributes(element, part);
    else if (part) element.append(String(part));
  }
  return element;
}

/** @param {Element} element @param {Attributes} attributes */
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, String(value));
  }
}

/**
 * @template {Element} Kind
 * @param {Kind} element
 * @param {string} events  their names, with spaces between them
 * @param {(event: any) => void} listener  whose event is of the kind that belongs to the names
 * @param {AddEventListenerOptions} [options]
 */
export function listen(element, events, listener, options) {
  for (const event of events.split(" ")) element.addEventListener(event, listener, options);
  return element;
}

/**
 * A button; its label is what a screen reader says.
 * @param {string} text @param {string} label
 * @param {() => void} action @param {Attributes} [attributes]
 */
export function button(text, label, action, attributes) {
  const name = label !== text && { "aria-label": label, title: label };
  return listen(make("button", { type: "button" }, name, attributes, text), "click", action);
}

/** @param {number} value @param {number} least @param {number} most */
export function within(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

/**
 * "1 node", "1,000 nodes"
 * @param {number} number @param {string} thing
 */
export function count(number, thing) {
  return `${number.toLocaleString("en-US")} ${thing}${number === 1 ? "" : "s"}`;
}

/**
 * "a"; "a and b"; "a, b and c"
 * @param {string[]} words
 */
export function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/**
 * A list of facts, each [title, text] and optionally the field name and the kind of its element.
 * @param {((string | undefined)[] | false | null | undefined | "")[]} rows
 */
export function facts(...rows) {
  const some = rows.filter((row) => Array.isArray(row));
  return make("dl", some.map(([title, text, field, kind = "dd"]) => (
    [make("dt", title), make(kind, field !== undefined && { "data-field": field }, text)])));
}

/**
 * A section of the inspector.
 * @param {string} title @param {Content[]} content
 */
export function section(title, ...content) {
  return make("section.record", make("h4", title), content);
}

/**
 * Where a number lies on a scale, from 0 to 1; NaN for one that does not fit.
 * @param {{least: number, most: number, log: boolean}} scale @param {string | number} value
 */
export function shareOf({ least, most, log }, value) {
  const at = log ? Math.log : Number;
  return within((at(Number(value)) - at(least)) / (at(most) - at(least)), 0, 1);
}
