// The training dashboard: the curves of a training, and the gradients of its layers batch by batch.

/** @import { ChartData, CurveKind, DashboardData, LayerData } from "../data.js" */
/** @import { State, View, Widget, Words } from "../view.js" */
import { chart } from "../chart.js";
import { facts, listed, listen, make, section, shareOf } from "../dom.js";
import { views } from "../frame.js";

/**
 * The numbers of each curve, which arrive as one string.
 * @typedef {Partial<Record<CurveKind, string[]>>} Curves
 */

/** @typedef {Omit<ChartData, "curves"> & {curves: Curves}} UnfoldedChart */
/** @typedef {Omit<LayerData, "curves"> & {curves: {batch: string[]}}} UnfoldedLayer */

/**
 * What is recorded so far, and the elements that show it. `curves` and `rows` are drawn on `stage`.
 * @typedef {object} Board
 * @property {Widget<DashboardData>} widget
 * @property {HTMLElement} stage
 * @property {HTMLElement} curves
 * @property {number[]} numbers  of each batch that is shown: its number,
 * @property {number[]} epochs  its epoch,
 * @property {number[]} batches  and its number in the epoch
 * @property {number[]} marks  the last batch of each epoch
 * @property {(UnfoldedChart & ReturnType<typeof chart>)[]} charts
 * @property {UnfoldedLayer[]} layers
 * @property {HTMLElement[]} rows  one for each layer
 */

/**
 * @param {Widget<DashboardData>} widget
 * @returns {View}
 */
function dashboardView(widget) {
  const curves = make("div"), stage = make("div.view.charts", curves);
  /** @type {Board} */
  const board = {
    widget, stage, curves, charts: [], layers: [], rows: [],
    numbers: [], epochs: [], batches: [], marks: [],
  };
  renew(board);
  return {
    stage,
    height: 610,
    pause: 150,
    help: "Click or drag in a chart to go to a batch. Click a layer to see its gradient over the "
      + "whole training.",
    stops: () => [0, ...board.numbers],
    words: (step) => words(board, step),
    show: (state) => show(board, state),
    inspect: (state) => inspect(board, state),
    renew: () => renew(board),
  };
}

// ---------- Drawing

/**
 * Take the data that the widget has now.
 * @param {Board} board
 */
function renew(board) {
  const { widget, stage, curves } = board, { data } = widget;
  for (const name of /** @type {const} */ (["numbers", "epochs", "batches", "marks"])) {
    board[name] = list(data[name]).map(Number);
  }
  board.charts = data.charts.map((one) => {
    const unfolded = { ...one, curves: unfold(one.curves) };
    return { ...unfolded, ...makeChart(board, unfolded) };
  });
  curves.replaceChildren(make("p.facts", data.facts), ...board.charts.map((one) => one.element));
  if (data.layers.length !== board.layers.length) {
    board.rows = data.layers.map(makeRow);
    stage.replaceChildren(curves, makeRows(board));
  }
  board.layers = data.layers.map((one) => (
    { ...one, curves: { batch: list(one.curves.batch) } }));
  const [first] = board.layers;
  if (first && !board.layers.some((layer) => isChosen(board, layer))) {
    widget.state.selected = first.path;
  }
}

/** @param {string} text  values with spaces between them */
function list(text) {
  return text ? text.split(" ") : [];
}

/**
 * @param {Partial<Record<CurveKind, string>>} curves
 * @returns {Curves}
 */
function unfold(curves) {
  return Object.fromEntries(Object.entries(curves).map(([kind, text]) => [kind, list(text)]));
}

/** @param {Board} board @param {UnfoldedChart} one */
function makeChart({ widget, numbers, marks }, { curves: { running, ...curves }, ...one }) {
  const { total, ends } = widget.data;
  /** @param {number[]} all */
  const shares = (all) => all.map((number) => number / total);
  const batches = shares(numbers), epochs = shares(marks);
  const positions = { batch: batches, running: batches, epoch: epochs, validation: epochs };
  /** @param {number} position */
  const onPosition = (position) => widget.change({ step: Math.round(position * total) });
  // Both curves of a batch in one picture would be too much.
  const drawn = running && !curves.batch ? { ...curves, running } : curves;
  return chart({ ...one, curves: drawn, positions, ends, onPosition });
}

/**
 * The row of a layer: its name, the bar of its gradient, and its norm.
 * @param {LayerData} layer
 */
function makeRow({ path }) {
  return make("label.layer", make("input", { type: "radio", name: "layer", value: path }),
    make("span", path), make("i", make("i")), make("output"));
}

/**
 * All rows on one scale. The layers are radio buttons, so the arrow keys lead from one to the next.
 * @param {Board} board
 */
function makeRows({ widget, rows }) {
  const ticks = widget.data.scale.ticks.map(([share, text]) => (
    make("span", { style: `left:${100 * share}%` }, text)));
  const form = make("form.chart", { "aria-label": "Layers" },
    make("b", "gradient norms"), " in this batch, log scale",
    make("div.axes", { "aria-hidden": "true" }, make("div", ticks)), rows);
  listen(form, "submit", (event) => event.preventDefault());
  return listen(form, "change", (event) => widget.change({ selected: event.target.value }));
}

// ---------- Showing a state

/** @param {Board} board @param {{path: string}} layer */
function isChosen({ widget }, layer) {
  return layer.path === widget.state.selected;
}

/**
 * The position of the batch at a step among those that are shown; -1 before the first.
 * @param {Board} board @param {number} step
 */
function placeOf({ numbers }, step) {
  return numbers.findLastIndex((number) => number <= step);
}

/**
 * Where a batch lies in the whole training, from 0 to 1.
 * @param {Board} board @param {number} k
 */
function shareAt({ widget, numbers }, k) {
  return (numbers[k] || 0) / widget.data.total;
}

/** @param {Board} board @param {State} state */
function show(board, { step }) {
  const { charts, layers, rows, widget } = board, k = placeOf(board, step);
  for (const one of charts) one.mark(shareAt(board, k));
  layers.forEach((layer, i) => {
    const norm = layer.curves.batch[k] || "", { scale } = widget.data;
    const width = 100 * shareOf(scale, norm || NaN) || 0;
    showRow(rows[i], isChosen(board, layer), width, norm);
  });
}

/** @param {HTMLElement} row @param {boolean} chosen @param {number} width @param {string} norm */
function showRow(row, chosen, width, norm) {
  const radio = row.querySelector("input");
  const bar = /** @type {HTMLElement | null} */ (row.querySelector("i i"));
  if (radio) radio.checked = chosen;
  if (bar) bar.style.width = `${width}%`;
  row.querySelector("output")?.replaceChildren(norm);
}

/** @param {Board} board @param {State} state */
function inspect(board, { step }) {
  const k = placeOf(board, step);
  return [
    board.layers.filter((layer) => isChosen(board, layer)).map((layer) => about(board, layer, k)),
    k >= 0 && section("This batch", facts(...valuesAt(board, k))),
  ];
}

/**
 * [name, its value in a batch, where that comes from]
 * @param {Board} board @param {number} k
 */
function valuesAt({ charts }, k) {
  return charts.flatMap(({ name, curves }) => [
    curves.batch && [`${name}, this batch alone`, curves.batch[k], "batch"],
    curves.running && [`${name}, epoch so far`, curves.running[k], "running"]]);
}

/** @param {Board} board @param {UnfoldedLayer} layer @param {number} k */
function about(board, { path, words, type, parameters, weights, curves }, k) {
  const { scale } = board.widget.data;
  const drawn = makeChart(board, { name: "Over the training", words, scale, curves });
  drawn.mark(shareAt(board, k));
  return [
    make("h3", { "data-field": "name" }, path), make("p.kind", { "data-field": "type" }, type),
    section("Gradient of its weights", { "data-phase": "backward" },
      facts(["Norm in this batch", curves.batch[k] || "not yet known", "norm"]), drawn.element),
    section("About this layer", facts(
      ["Parameters", parameters.toLocaleString("en-US"), "parameters"],
      ...weights.map(([name, shape]) => [name, shape, "weight", "dd.mono"]))),
  ];
}

/**
 * @param {Board} board @param {number} step
 * @returns {Words}
 */
function words({ widget, charts, epochs, batches, numbers }, step) {
  const k = numbers.findLastIndex((number) => number <= step);
  if (k < 0) return { title: "", text: widget.data.opening, phase: "start" };
  const texts = charts.filter(({ curves }) => curves.running).map(({ name, curves }) => (
    `${name} ${(curves.batch || curves.running)?.[k]}`));
  const title = `epoch ${epochs[k]}, batch ${batches[k]}`;
  return { title, text: `${listed(texts)}.`, phase: "forward" };
}

views.dashboard = dashboardView;
