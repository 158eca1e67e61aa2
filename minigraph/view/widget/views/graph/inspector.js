// The inspector: everything that is known about the selected box.

/** @import { Box, NumberArray, Term, Weight } from "../../data.js" */
/** @import { Content, State } from "../../view.js" */
/** @import { Graph } from "./state.js" */
import { button, facts, listed, make, section } from "../../dom.js";
import { histogram, picture, scaleBar } from "../../pictures.js";
import { colourOf } from "./drawing.js";
import { setOpen } from "./moves.js";
import { normOf, placeOf, termsOf } from "./state.js";
import { phaseOf } from "./steps.js";

const KINDS = {
  broken: "call", input: "input", layer: "layer", op: "operation", model: "model",
};

/**
 * @param {Graph} graph @param {State} state
 * @returns {Content}
 */
export function inspect(graph, { selected, step }) {
  const i = placeOf(graph, selected), box = graph.boxes[i], phase = phaseOf(graph, i, step);
  const holder = weightHolder(graph, i), { weights } = graph.boxes[holder];
  return [
    heading(box),
    box.kind === "model" && openButton(graph, i),
    box.formula && make("code.formula", { "data-field": "formula" }, box.formula),
    phase === "backward" && gradientRecord(graph, i),
    phase && record("forward", "Value", box.value),
    about(box),
    weights.length > 0 && weightRecord(weights, phaseOf(graph, holder, step) === "backward"),
  ];
}

/** @param {Box} box */
function heading({ name, type, activation, parent, path, shared, call, calls }) {
  const which = calls > 1 ? `call ${call + 1} of ${calls}` : "called elsewhere too";
  return [
    make("h3", { "data-field": "name" }, name),
    make("p.kind", { "data-field": "type" }, type, activation && ` · ${activation}`),
    parent !== null && make("p.kind", { "data-field": "path" }, `path ${path}`),
    shared !== null
      && make("span.call", { style: `color:${colourOf(shared)}` }, `${which}, one set of weights`),
  ];
}

/** @param {Graph} graph @param {number} i */
function openButton(graph, i) {
  const open = graph.opened.has(i), text = open ? "Close this model" : "Open this model";
  return button(text, text, () => setOpen(graph, i),
    { class: "mg-open", "data-action": "open", "aria-expanded": open });
}

/**
 * The box that lists the weights of a box: for a shared layer, that of its first call.
 * @param {Graph} graph @param {number} i
 */
function weightHolder({ boxes }, i) {
  const { shared } = boxes[i];
  return shared === null ? i : boxes.findIndex((box) => box.shared === shared);
}

/**
 * @param {"forward" | "backward"} phase @param {string} title
 * @param {(NumberArray | null)[]} [arrays] @param {Content} [more]
 */
function record(phase, title, arrays = [], more) {
  return section(title, { "data-phase": phase }, arrays.map((array, k) => {
    const number = arrays.length > 1 ? ` of output ${k}` : "";
    if (!array) return make("p", `No gradient arrives${number}.`);
    const rows = [[`Shape${number}`, array.shape, `${phase}-shape`, "dd.mono"],
      ["Norm", array.norm, `${phase}-norm`]];
    return [facts(...rows), picture(array.picture, title)];
  }), more);
}

/**
 * The gradient, and where several meet, the sum term by term.
 * @param {Graph} graph @param {number} i
 */
function gradientRecord(graph, i) {
  const terms = termsOf(graph, i), { gradient = [] } = graph.boxes[i];
  const more = terms.length > 1 && sumOf(terms, gradient);
  return record("backward", "Gradient that arrives", gradient, more);
}

/** @param {{name: string, term?: Term}[]} terms @param {(NumberArray | null)[]} gradient */
function sumOf(terms, gradient) {
  const sum = gradient.find((array) => array?.picture);
  const scales = [sum, ...terms.map(({ term }) => term)].map((array) => array?.picture?.scale || 0);
  const scale = Math.max(...scales.map(Number));
  /** @param {Term | undefined} array @param {string} words */
  const small = (array, words) => scale > 0 && picture(array?.picture, words, scale);
  const items = terms.map(({ name, term }, k) => make("li", { "data-sign": k ? "+" : "" },
    make("b", { "data-field": "term" }, normOf(term)),
    `from ${name}`, small(term, `from ${name}`)));
  const total = "their sum, which arrives";
  const last = make("li", { "data-sign": "=" },
    make("b", { "data-field": "sum" }, listed(gradient.map(normOf))), total, small(sum, total));
  return [
    make("h5", "A sum of arrays, one for each use"),
    make("ol.sum", { "aria-label": "The sum, term by term" }, items, last),
    scale > 0 && scaleBar(scale),
    make("p", "Beside each array is its norm. Norms do not add up as arrays do."),
  ];
}

/** @param {Box} box */
function about({ kind, sentence, inputs, outputs, dtype, parameters, trainable }) {
  return section(`About this ${KINDS[kind]}`, sentence && make("p", sentence), facts(
    ["Output shape", outputs.join(", "), "output-shape", "dd.mono"],
    inputs.length > 0 && ["Input shape", inputs.join(", "), "input-shape", "dd.mono"],
    ["Data type", dtype, "dtype"], ["Parameters", parameters.toLocaleString("en-US"), "parameters"],
    trainable !== null && ["Trainable", trainable ? "yes" : "no, frozen", "trainable"]));
}

/** @param {Weight[]} weights @param {boolean} reached  whether the backward pass has been here */
function weightRecord(weights, reached) {
  return make("section.record.weights", make("h4", "Weights"), weights.map((weight) => [
    make("h5", { "data-field": "weight-name" }, weight.name),
    facts(["Shape", weight.shape, "weight", "dd.mono"],
      reached && weight.gradient && ["Norm of its gradient", weight.gradient, "weight-norm"]),
    picture(weight.picture, weight.name), histogram(weight.histogram, weight.name),
    weight.note && make("p", weight.note),
  ]));
}
