// Gradient colours: the larger the gradient that arrives at a box, the stronger its colour.

/** @import { Box, Edge, Term } from "../../data.js" */
import { button, fill, make, shareOf } from "../../dom.js";

/** @typedef {ReturnType<typeof measure>} Norms */

/**
 * The smallest and the largest norm, and what colours a box and an edge: a style that says how
 * large its gradient is among all, from 0 to 100 on a logarithmic scale; null if it has none.
 * @param {Box[]} boxes @param {Edge[]} edges
 */
export function measure(boxes, edges) {
  const norms = boxes.map((box) => largest(box.gradient ?? [])).filter((norm) => norm > 0);
  const scale = { least: Math.min(...norms), most: Math.max(...norms), log: true };
  /** @param {number} norm */
  const heat = (norm) => (
    norm > 0 ? `--heat:${Math.round(100 * shareOf(scale, norm)) || 0}` : null);
  return {
    least: scale.least, most: scale.most, any: norms.length > 0,
    /** @param {number} i */
    box: (i) => heat(largest(boxes[i].gradient ?? [])),
    /** @param {number} k */
    edge: (k) => heat(largest([edges[k].term])),
  };
}

/** @param {(Term | undefined)[]} arrays */
function largest(arrays) {
  return Math.max(0, ...arrays.map((array) => (array ? Number(array.norm) : 0)));
}

/** @param {Norms} norms */
export function legend({ least, most }) {
  return make("div.legend", "gradient norm ", String(least), make("i"), String(most));
}

/** @param {Element} pane  the element that contains the drawing */
export function colourButton(pane) {
  const colour = button("Gradient colours", "Gradient colours", () => {
    fill(colour, { "aria-pressed": pane.classList.toggle("mg-coloured") });
  }, { "aria-pressed": "false", "data-action": "colour" });
  return colour;
}
