// The graph as the data describes it, and which parts are drawn and open at the moment.

/** @import { Box, Drawing, Edge, GraphData, Rect, Term } from "../../data.js" */
/** @import { Widget } from "../../view.js" */
/** @import { Stage } from "../../stage.js" */
/** @import { Norms } from "./colours.js" */
import { draw } from "../../dom.js";
import { makeStage } from "../../stage.js";
import { measure } from "./colours.js";

/**
 * A box that is drawn: its rect, its layer in the drawing, and how it looked when it was last
 * shown.
 * @typedef {object} DrawnBox
 * @property {SVGElement} element
 * @property {Rect} rect
 * @property {number} layer
 * @property {string} [look]
 * @property {string | null} [phase]
 */

/**
 * @typedef {object} Graph
 * @property {Widget<GraphData>} widget
 * @property {GraphData} data
 * @property {Box[]} boxes  all of them, those inside models too
 * @property {Map<string, number>} indices  the number of the box with a path
 * @property {Norms} norms
 * @property {Stage} stage
 * @property {Set<number>} opened  the numbers of the models that are open
 * @property {Drawing} drawing  where everything is while these are open
 * @property {Map<number, DrawnBox>} drawn  the boxes in it, by number
 * @property {Map<number, SVGElement>} links  the edges in it, by number
 * @property {SVGElement} amounts  the group of the norms beside the edges
 * @property {Set<string>} matches  the paths that the search has found
 */

/**
 * @param {Widget<GraphData>} widget
 * @returns {Graph}
 */
export function makeGraph(widget) {
  const { data, state } = widget;
  const boxes = data.boxes.map((box) => ({ ...data.usual, ...box }));
  const indices = new Map(boxes.map((box, i) => [box.path, i]));
  if (!indices.has(state.selected)) state.selected = boxes[0].path;
  return {
    widget, data, boxes, indices,
    norms: measure(boxes, data.edges),
    stage: makeStage(data.sentence),
    opened: new Set(), drawing: data.drawings[""],
    drawn: new Map(), links: new Map(), amounts: draw("g"),
    matches: new Set(),
  };
}

/**
 * The drawn form of a box that is known to be drawn.
 * @param {Graph} graph @param {number} i
 */
export function drawnBox(graph, i) {
  return /** @type {DrawnBox} */ (graph.drawn.get(i));
}

/**
 * The number of the box with a path that is known to be there.
 * @param {Graph} graph @param {string} path
 */
export function placeOf(graph, path) {
  return /** @type {number} */ (graph.indices.get(path));
}

/**
 * The models around a box, the innermost first.
 * @param {Graph} graph @param {number} i
 * @returns {number[]}
 */
export function around(graph, i) {
  const { parent } = graph.boxes[i];
  return parent === null ? [] : [parent, ...around(graph, parent)];
}

/**
 * The edges that are drawn.
 * @param {Graph} graph
 * @returns {Edge[]}
 */
export function drawnEdges({ links, data }) {
  return [...links.keys()].map((k) => data.edges[k]);
}

/**
 * A box in words.
 * @param {Graph} graph @param {number} i
 * @returns {string}
 */
export function nameOf(graph, i) {
  const { name, call, calls, parent } = graph.boxes[i];
  const number = calls > 1 ? ` (call ${call + 1})` : "";
  return `‘${name}’${number}${parent === null ? "" : ` in ${nameOf(graph, parent)}`}`;
}

/**
 * The gradients that meet at a box in this drawing: what each use of its value sends back.
 * @param {Graph} graph @param {number} i
 */
export function termsOf(graph, i) {
  /** @type {{name: string, term: Term | undefined}[]} */
  const found = [];
  graph.drawing.ends.forEach((source, k) => {
    if (source === i) found.push({ name: "the loss", term: graph.data.ends[k] });
  });
  for (const { source, target, term } of drawnEdges(graph)) {
    if (source === i) found.push({ name: nameOf(graph, target), term });
  }
  return found;
}

/**
 * The norm of an array, in words.
 * @param {Term | undefined} array
 */
export function normOf(array) {
  return array ? array.norm : "none";
}
