// The steps: forward through all boxes, the loss, backward through all boxes.

/** @import { Graph } from "./state.js" */

/** @param {number} i  the number of a box */
function forwardStep(i) {
  return i + 1;
}

/** @param {Graph} graph */
export function lossStep({ boxes }) {
  return boxes.length + 1;
}

/** @param {Graph} graph @param {number} i */
function backwardStep({ boxes }, i) {
  return 2 * boxes.length + 1 - i;
}

/**
 * The box at which a step happens; null at the start and at the loss.
 * @param {Graph} graph @param {number} step
 */
export function boxAt(graph, step) {
  if (step <= 0 || step === lossStep(graph)) return null;
  return step < lossStep(graph) ? step - 1 : 2 * graph.boxes.length + 1 - step;
}

/** @param {Graph} graph @param {number} i */
function isRecorded({ data, boxes }, i) {
  return data.passes > 0 && (boxes[i].value ?? []).length > 0;
}

/**
 * The steps at which to stop: those of the boxes that are drawn, without models that are open.
 * @param {Graph} graph
 */
export function stops(graph) {
  const shown = graph.drawing.boxes.map(([i]) => i)
    .filter((i) => !graph.opened.has(i) && isRecorded(graph, i));
  const back = shown.toReversed().map((i) => backwardStep(graph, i));
  const forward = [0, ...shown.map(forwardStep)];
  return graph.data.passes > 1 ? [...forward, lossStep(graph), ...back] : forward;
}

/**
 * Which pass has last reached a box at a step, if any.
 * @param {Graph} graph @param {number} i @param {number} step
 */
export function phaseOf(graph, i, step) {
  if (!isRecorded(graph, i)) return null;
  if (graph.data.passes > 1 && backwardStep(graph, i) <= step) return "backward";
  return forwardStep(i) <= step ? "forward" : null;
}
