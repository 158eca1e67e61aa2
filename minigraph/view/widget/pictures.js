// Pictures of arrays. Python has reduced each to a few cells with one letter each (pixels.py).

/** @import { Histogram, Picture } from "./data.js" */
import { draw, make } from "./dom.js";

const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
const MIDDLE = 31; // a letter stands for -31 ... 0 ... 31
const WIDTH = 272;
const GAP = 6; // between maps
const BARS = 69; // how far down the bars of a first row reach, and the gap below them

/**
 * How large cells are, and where the first one is.
 * @typedef {{x: number, y: number, wide: number, high: number, share?: number}} Cells
 */

/**
 * An array as a picture, with its scale and words that say what it shows.
 * With a given `scale` it is one of several pictures that share it, and needs no words.
 * @param {Picture | null | undefined} data @param {string} name @param {number} [scale]
 */
export function picture(data, name, scale) {
  if (!data) return null;
  const share = scale ? Number(data.scale) / scale : 1, { kind, columns, caption } = data.form;
  const limits = `All numbers lie between minus ${data.scale} and ${data.scale}.`;
  // The first row as bars, up and down from a line.
  const barred = kind === "bars" || kind === "rows";
  const levels = barred ? [...data.cells.slice(0, columns)].map(levelOf) : [];
  const top = levels.length ? BARS : 0;
  const { grids, height } = kind === "bars" ? { grids: null, height: top } : maps(data, top, share);
  const svg = draw("svg.picture", {
    role: "img", "aria-label": `${name}: ${caption} ${limits}`, viewBox: `0 0 ${WIDTH} ${height}`,
  }, levels.length > 0 && bars(levels, MIDDLE + 1, share, "rect.solid"), grids);
  return scale ? svg : [svg, scaleBar(data.scale), make("p", caption)];
}

/** @param {string} letter */
function levelOf(letter) {
  return LEVELS.indexOf(letter) - MIDDLE;
}

/** @param {string | number} scale */
export function scaleBar(scale) {
  const ends = [`−${scale}`, String(scale)].map((text) => make("span", text));
  return make("div.scale", { "aria-hidden": "true" }, ends[0], make("i"), ends[1]);
}

/**
 * Bars of the given heights, times `share`, up from a base line or down from it.
 * @param {number[]} heights @param {number} base @param {number} share @param {string} kind
 */
function bars(heights, base, share, kind) {
  const wide = Math.min(WIDTH / heights.length, 24);
  const line = draw("path.axis", { d: `M0 ${base}h${WIDTH}` });
  return [line, heights.map((height, i) => draw(height < 0 ? `${kind}.minus` : kind, {
    x: i * wide + 1, width: Math.max(wide - 2, 1), y: base - Math.max(height, 0) * share,
    height: Math.max(Math.abs(height) * share, 0.5),
  }))];
}

/**
 * All maps side by side, each a grid of coloured cells; and how far down they reach.
 * @param {Picture} data @param {number} top @param {number} share
 */
function maps(data, top, share) {
  const { kind, maps: number, rows, columns } = data.form;
  const across = number > 1 ? Math.min(number, 3) : 1;
  const room = (WIDTH - GAP * (across - 1)) / across;
  const wide = Math.min(room / columns, kind === "maps" ? 12 : 16);
  const high = kind === "maps" || kind === "grid" ? wide : 13, step = high * rows + GAP, grids = [];
  for (let m = 0; m < number; m++) {
    const x = (m % across) * (room + GAP), y = top + Math.floor(m / across) * step;
    grids.push(cells(data, m * rows, rows, { x, y, wide, high, share }));
  }
  return { grids, height: top + Math.ceil(number / across) * step - GAP };
}

/**
 * Some rows of cells. All cells of one colour are one path, so that a large picture is drawn fast.
 * @param {Picture} data @param {number} first @param {number} rows @param {Cells} cells
 */
export function cells(data, first, rows, { x, y, wide, high, share = 1 }) {
  const shape = `h${wide.toFixed(2)}v${high.toFixed(2)}h${(-wide).toFixed(2)}z`;
  const { columns } = data.form;
  /** @type {Record<string, string>} */
  const paths = {};
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const letter = data.cells[(first + r) * columns + c];
      const at = `M${(x + c * wide).toFixed(1)} ${(y + r * high).toFixed(1)}`;
      paths[letter] = `${paths[letter] || ""}${at}${shape}`;
    }
  }
  return Object.entries(paths).map(([letter, d]) => {
    const level = levelOf(letter), kind = level < -MIDDLE ? ".none" : level < 0 ? ".minus" : "";
    const percent = Math.round(100 * share * Math.abs(level) / MIDDLE);
    return draw(`path.cell${kind}`, { d, style: `--level:${percent}` });
  });
}

/**
 * How often the numbers of a weight fall into each bin.
 * @param {Histogram | null | undefined} data @param {string} name
 */
export function histogram(data, name) {
  if (!data) return null;
  const { least, most, mean, std } = data;
  const words = `between ${least} and ${most}, mean ${mean}, standard deviation ${std}`;
  const heights = [...data.bars].map((letter) => levelOf(letter) + MIDDLE);
  return [draw("svg.picture.histogram", {
    role: "img", viewBox: `0 0 ${WIDTH} 52`, "aria-label": `Histogram of ${name}: ${words}`,
  }, bars(heights, 51, 25 / MIDDLE, "rect.bar")), make("p", `Its numbers lie ${words}.`)];
}
