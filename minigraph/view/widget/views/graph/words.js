// What is said at each step.

/** @import { Graph } from "./state.js" */
/** @import { Words } from "../../view.js" */
import { listed } from "../../dom.js";
import { drawnEdges, nameOf, termsOf } from "./state.js";
import { boxAt, lossStep } from "./steps.js";

const LOSS = "Now the backward pass begins: each arrow carries the gradient with respect to what "
  + "went along it.";

/**
 * @param {Graph} graph @param {number} step
 * @returns {Words}
 */
export function words(graph, step) {
  const i = boxAt(graph, step), { data } = graph;
  if (step === 0) return { title: "", text: data.opening, phase: "start" };
  if (i === null) {
    return { title: "loss", text: `The loss is ${data.loss}, one number. ${LOSS}`, phase: "loss" };
  }
  return step < lossStep(graph)
    ? { title: "forward", text: forwardWords(graph, i), phase: "forward" }
    : { title: "backward", text: backwardWords(graph, i), phase: "backward" };
}

/** @param {Graph} graph @param {number} i */
function forwardWords(graph, i) {
  const { kind, value = [] } = graph.boxes[i], name = nameOf(graph, i);
  const what = listed(value.map((array) => `shape ${array?.shape}, norm ${array?.norm}`));
  const edges = drawnEdges(graph).filter((edge) => edge.target === i);
  if (!edges.length) return `The data enters at ${name}: ${what}.`;
  const sources = listed([...new Set(edges.map((edge) => nameOf(graph, edge.source)))]);
  if (kind === "input") return `At ${name} the value of ${sources} enters: ${what}.`;
  return `${name} computes its value from ${sources}: ${what}.`;
}

/** @param {Graph} graph @param {number} i */
function backwardWords(graph, i) {
  const { gradient = [], shared, weights } = graph.boxes[i], name = nameOf(graph, i);
  const arrived = gradient.filter((array) => array !== null);
  if (!arrived.length) {
    return `No gradient arrives at ${name}: the loss does not depend smoothly on its value.`;
  }
  const terms = termsOf(graph, i), names = listed(terms.map((term) => term.name));
  const meets = terms.length > 1 ? `the gradients from ${names} meet and are added`
    : `the gradient from ${names} arrives`;
  const moved = weights.filter((weight) => weight.gradient).map((weight) => weight.name);
  const source = shared === null ? "it" : "this and its other calls";
  const follows = moved.length ? ` The gradient of ${listed(moved)} follows from ${source}.` : "";
  return `At ${name} ${meets}: norm ${listed(arrived.map((array) => array.norm))}.${follows}`;
}
