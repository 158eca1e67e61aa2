// The drawing: a box for each node, a link for each edge, a room (background) for each open model.

/** @import { Box, Rect } from "../../data.js" */
/** @import { Graph } from "./state.js" */
import { draw } from "../../dom.js";
import { around, drawnBox } from "./state.js";

export const HEADING = 32; // the height of an open model's heading
// The lines in a box: style, font size, and how far below its top.
const LINES = /** @type {[string, number, number][]} */ (
  [["title", 14, 25], ["detail", 12, 42], ["mono", 12, 59]]);
const COLOURS = 6; // of shared layers

/**
 * Redraw everything in `graph.drawing`.
 * @param {Graph} graph
 */
export function drawAll(graph) {
  const { boxes, edges } = graph.drawing;
  graph.amounts = draw("g", { "aria-hidden": "true" });
  graph.drawn = new Map(boxes.map(([i, x, y, width, height, layer]) => {
    /** @type {Rect} */
    const rect = [x, y, width, height];
    return [i, { element: drawBox(graph, i, rect), rect, layer }];
  }));
  graph.links = new Map(edges.map(([k, path]) => [k, drawLink(graph, k, path)]));
  const rooms = [...graph.opened].sort((a, b) => a - b).map((i) => drawRoom(graph, i));
  const elements = [...graph.drawn.values()].map(({ element }) => element);
  graph.stage.svg.replaceChildren(...rooms, ...graph.links.values(), ...elements, graph.amounts);
}

/**
 * The edge, which stops short of the head, and the triangle at its start for the backward pass.
 * @param {Graph} graph @param {number} k @param {string} path
 */
function drawLink({ data, norms }, k, path) {
  const at = (path.match(/-?[\d.]+/g) ?? []).map(Number), [x, y] = at, [endX, endY] = at.slice(-2);
  const down = data.rankdir === "TB";
  const head = down ? `M${endX} ${endY + 7}l-4 -8h8z` : `M${endX + 7} ${endY}l-8 -4v8z`;
  const tail = down ? `M${x} ${y}l-4 8h8zM${endX - 0.75} ${endY}v7h1.5v-7z`
    : `M${x} ${y}l8 -4v8zM${endX} ${endY - 0.75}h7v1.5h-7z`;
  return draw("g.link", { "data-edge": k, style: norms.edge(k) },
    draw("path.edge", { d: path }), draw("path.head", { d: head }), draw("path.tail", { d: tail }));
}

/** @param {Graph} graph @param {number} i */
function drawRoom(graph, i) {
  const [x, y, width, height] = drawnBox(graph, i).rect;
  const colour = around(graph, i).length % 2 ? "paper" : "zero";
  return draw("rect.room", { x, y, width, height, rx: 10, style: `fill:var(--${colour})` });
}

/** @param {Graph} graph @param {number} i @param {Rect} rect */
function drawBox(graph, i, rect) {
  const box = graph.boxes[i], open = graph.opened.has(i), model = box.kind === "model";
  const [x, y, width] = rect, height = open ? HEADING : rect[3];
  return draw(`g.node.${box.kind}${open ? ".opened" : ""}`, {
    role: "button", "data-node": i, "aria-label": labelOf(box), style: styleOf(graph, i),
  }, model && { "aria-expanded": open },
  cards(box, x, y, width, height, open), ring(box, rect),
  (box.parameters > 0 || box.shared !== null)
    && draw("rect.bar", { x: x + 6, y: y + 9, width: 4, height: height - 18, rx: 2 }),
  open ? heading(box, x, y) : captions(box, x + width / 2, y),
  box.shared !== null && numberOf(box.shared, x + width, y),
  model && toggle(i, x, y, open), draw("title", box.path));
}

/** @param {Box} box */
function labelOf(box) {
  const call = box.calls > 1 ? `, call ${box.call + 1} of ${box.calls}` : "";
  const same = box.shared !== null ? `, shared layer ${box.shared + 1}` : "";
  return `${box.name}, ${box.type}${call}${same}, output shape ${box.outputs.join(", ")}`;
}

/** @param {Graph} graph @param {number} i */
function styleOf({ boxes, norms, opened }, i) {
  const { shared } = boxes[i];
  const mark = shared !== null ? `--mark:${colourOf(shared)};` : "";
  return `${mark}${(!opened.has(i) && norms.box(i)) || ""}`;
}

/** @param {number} shared  the number of a shared layer */
export function colourOf(shared) {
  return `var(--shared${shared % COLOURS})`;
}

/** @param {Box} box */
function roundness({ kind }) {
  return kind === "input" || kind === "op" ? 22 : 10;
}

/**
 * The card of a box; a model that can be opened looks like two, one behind the other.
 * @param {Box} box @param {number} x @param {number} y @param {number} width
 * @param {number} height @param {boolean} open
 */
function cards(box, x, y, width, height, open) {
  const behind = box.kind === "model" && !open ? [5, 0] : [0];
  return behind.map((by) => (
    draw("rect.card", { x: x + by, y: y + by, width, height, rx: roundness(box) })));
}

/** @param {Box} box @param {Rect} rect */
function ring(box, [x, y, width, height]) {
  const rx = roundness(box) + 4;
  return draw("rect.ring", { x: x - 4, y: y - 4, width: width + 8, height: height + 8, rx });
}

/** @param {Box} box @param {number} x @param {number} y */
function captions(box, x, y) {
  return box.lines.map((text, k) => {
    const [style, size, below] = LINES[k];
    return draw(`text.${style}`, { x, y: y + below, "font-size": size }, text);
  });
}

/** @param {Box} box @param {number} x @param {number} y */
function heading(box, x, y) {
  const lines = box.lines.slice(0, 2).map((text, k) => {
    const [style, size] = LINES[k];
    return draw(`tspan.${style}`, { "font-size": size, dx: 10 * k }, text);
  });
  return draw("text.lead", { x: x + 16, y: y + HEADING / 2 + 5 }, lines);
}

/**
 * The number of a shared layer, at the upper right corner.
 * @param {number} shared @param {number} right @param {number} y
 */
function numberOf(shared, right, y) {
  return [draw("circle.bar", { cx: right - 3.5, cy: y + 3.5, r: 8.5 }),
    draw("text.number", { x: right - 3.5, y: y + 7 }, shared + 1)];
}

/**
 * The round mark that opens and closes a model with the mouse; the keyboard has Enter.
 * @param {number} i @param {number} x @param {number} y @param {boolean} open
 */
function toggle(i, x, y, open) {
  const plus = `M${x - 4} ${y}h8${open ? "" : `M${x} ${y - 4}v8`}`;
  return draw("g.toggle", { "data-toggle": i },
    draw("circle", { cx: x, cy: y, r: 9 }), draw("path", { d: plus }));
}
