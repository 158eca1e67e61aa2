// Curves, on scales that Python has chosen.

/** @import { CurveKind, Scale, Tick } from "./data.js" */
import { draw, listen, make, shareOf } from "./dom.js";

/**
 * @typedef {object} ChartOptions
 * @property {string} name
 * @property {string} words  the chart in words
 * @property {Scale} scale  from bottom to top
 * @property {Partial<Record<CurveKind, string[]>>} curves  the numbers of each kind
 * @property {Record<CurveKind, number[]>} positions  and where they lie, from 0 to 1
 * @property {Tick[]} ends  ticks along the bottom
 * @property {(position: number) => void} onPosition  called when the reader points at a position
 */

/**
 * A chart, and a function that moves its marker to a position.
 * @param {ChartOptions} options
 */
export function chart({ name, words, scale, curves, positions, ends, onPosition }) {
  const kinds = /** @type {CurveKind[]} */ (Object.keys(curves));
  const paths = kinds.map((kind) => (
    curve(kind, pointsOf(scale, curves[kind] ?? [], positions[kind]))));
  const grid = scale.ticks.map(([share]) => (
    draw("path.axis", { d: `M0 ${percent(1 - share)}H100` })));
  const marker = make("i");
  const plot = make("div.plot",
    draw("svg", {
      viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": words,
    }, grid, paths), marker,
    scale.ticks.map(([share, text]) => make("span", { style: `bottom:${percent(share)}%` }, text)),
    ends.map(([left, text]) => make("span.end", { style: `left:${percent(left)}%` }, text)));
  listen(plot, "pointerdown pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    if (event.buttons) onPosition((event.clientX - box.left) / box.width);
  });
  const keys = make("p.keys", make("b", name), scale.log && "log scale", kinds.map(keyOf));
  return {
    element: make("div.chart", keys, plot),
    /** @param {number} position */
    mark(position) { marker.style.left = `${percent(position)}%`; },
  };
}

/** @param {number} share */
function percent(share) {
  return (100 * share).toFixed(2);
}

/**
 * The points of a curve. A number without a position on the scale, such as NaN, has none.
 * @param {Scale} scale @param {string[]} values @param {number[]} positions
 */
function pointsOf(scale, values, positions) {
  return values.map((value, k) => [positions[k], 1 - shareOf(scale, value)])
    .filter(([, y]) => Number.isFinite(y));
}

/**
 * A line through points, with dots where it joins few.
 * @param {CurveKind} kind @param {number[][]} points
 */
function curve(kind, points) {
  const texts = points.map((point) => point.map(percent).join(" "));
  const dots = texts.length === 1 || kind === "epoch" || kind === "validation";
  return [draw(`path.curve.${kind}`, { d: `M${texts.join("L")}` }),
    dots && draw(`path.curve.${kind}.dots`, { d: `M${texts.join("h0M")}h0` })];
}

/** @param {CurveKind} kind */
function keyOf(kind) {
  const line = draw(`path.curve.${kind}`, { d: "M0 4h22" });
  const text = kind === "running" ? "epoch so far" : kind;
  return make("span", draw("svg", { viewBox: "0 0 22 8" }, line), text);
}
