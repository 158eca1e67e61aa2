// Showing a state in the drawing: what is selected, how far the pass has come, and what flows.

/** @import { Box, Edge } from "../../data.js" */
/** @import { State } from "../../view.js" */
/** @import { DrawnBox, Graph } from "./state.js" */
import { draw, fill } from "../../dom.js";
import { cells } from "../../pictures.js";
import { drawnBox, normOf, placeOf } from "./state.js";
import { boxAt, lossStep, phaseOf, stops } from "./steps.js";

/** @param {Graph} graph @param {State} state */
export function showMarks(graph, { selected, step }) {
  const stop = stops(graph).findLast((one) => one <= step) ?? 0;
  const current = boxAt(graph, stop), back = stop > lossStep(graph);
  markBoxes(graph, placeOf(graph, selected), current, step);
  markLinks(graph, current, step, back);
}

/**
 * @param {Graph} graph @param {number} chosen
 * @param {number | null} current  the box at which the step happens
 * @param {number} step
 */
function markBoxes(graph, chosen, current, step) {
  const { boxes, opened, matches } = graph, { shared } = boxes[chosen];
  for (const i of graph.drawn.keys()) {
    const same = i !== chosen && shared !== null && shared === boxes[i].shared;
    const marks = { current: i === current, same, match: matches.has(boxes[i].path) };
    const phase = opened.has(i) ? null : phaseOf(graph, i, step);
    markBox(drawnBox(graph, i), boxes[i], i === chosen, phase, marks);
  }
}

/**
 * @param {DrawnBox} drawn @param {Box} box @param {boolean} chosen
 * @param {"forward" | "backward" | null} phase
 * @param {Record<string, boolean>} marks  which classes it has
 */
function markBox(drawn, box, chosen, phase, marks) {
  const look = String([chosen, phase, ...Object.values(marks)]);
  if (look === drawn.look) return; // touching a thousand elements at each step is slow
  if (phase !== drawn.phase) drawStrip(drawn, box, phase);
  Object.assign(drawn, { look, phase });
  const { element } = drawn;
  fill(element, { "aria-pressed": chosen, tabindex: chosen ? 0 : -1, "data-state": phase });
  for (const [name, on] of Object.entries(marks)) element.classList.toggle(`mg-${name}`, on);
}

/**
 * A row of a box's value or gradient, as a strip of colours inside it.
 * @param {DrawnBox} drawn @param {Box} box @param {"forward" | "backward" | null} phase
 */
function drawStrip({ element, rect: [x, y, width, height] }, box, phase) {
  element.querySelector(".mg-strip")?.remove();
  if (!phase) return;
  const [array] = (phase === "forward" ? box.value : box.gradient) ?? [], seen = array?.picture;
  if (!seen) return;
  const { kind, rows, columns } = seen.form;
  const row = kind === "maps" ? Math.floor(rows / 2) : 0;
  const rect = { x: x + 18, y: y + height - 8, wide: (width - 36) / columns, high: 4 };
  const track = { x: x + 17, y: y + height - 9, width: width - 34, height: 6, rx: 2 };
  fill(element, draw("g.strip", { "aria-hidden": "true" },
    draw("rect.track", track), cells(seen, row, 1, rect)));
}

/**
 * Mark the edges along which something flows at this step, and write its norm beside them.
 * @param {Graph} graph @param {number | null} current @param {number} step @param {boolean} back
 */
function markLinks(graph, current, step, back) {
  graph.amounts.replaceChildren();
  for (const [k, link] of graph.links) {
    const edge = graph.data.edges[k], { source, target } = edge;
    const now = current !== null && (back ? source : target) === current;
    const reached = phaseOf(graph, source, step) === "backward" ? "backward"
      : phaseOf(graph, target, step) && "forward";
    if (now !== link.classList.contains("mg-current")) link.classList.toggle("mg-current", now);
    if (reached !== link.getAttribute("data-state")) fill(link, { "data-state": reached });
    if (now) graph.amounts.append(amountAt(link, carriedBy(graph, edge, back), back));
  }
}

/** @param {Graph} graph @param {Edge} edge @param {boolean} back */
function carriedBy({ boxes }, { source, output, term }, back) {
  return normOf(back ? term : boxes[source].value?.[output]);
}

/**
 * A norm beside the middle of an arrow, or above one that runs level.
 * @param {Element} link @param {string} norm @param {boolean} back
 */
function amountAt(link, norm, back) {
  // A path outside the page is measured without laying out the page first.
  const path = draw("path", { d: link.querySelector(".mg-edge")?.getAttribute("d") });
  const half = path.getTotalLength() / 2;
  const { x, y } = path.getPointAtLength(half), next = path.getPointAtLength(half + 2);
  const level = Math.abs(next.x - x) > Math.abs(next.y - y);
  const position = level ? { x, y: y - 6, "text-anchor": "middle" } : { x: x + 8, y: y + 4 };
  return draw("text.amount", position, { "data-state": back ? "backward" : "forward" }, norm);
}
