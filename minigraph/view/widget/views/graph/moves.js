// Moving about: with clicks, with keys and by searching; and opening models in place.

/** @import { Graph } from "./state.js" */
import { listen } from "../../dom.js";
import { HEADING, drawAll } from "./drawing.js";
import { around, drawnBox, drawnEdges, placeOf } from "./state.js";

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** @param {Graph} graph */
export function listenToBoxes(graph) {
  listen(graph.stage.svg, "click", (event) => {
    const toggle = event.target.closest("[data-toggle]");
    const node = event.target.closest("[data-node]");
    if (toggle) {
      event.stopPropagation();
      setOpen(graph, Number(toggle.dataset.toggle));
    } else if (node) choose(graph, Number(node.dataset.node));
  });
  listen(graph.stage.svg, "keydown", (event) => {
    const node = event.target.closest("[data-node]");
    if (!node || !onKey(graph, event.key, Number(node.dataset.node))) return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** @param {Graph} graph @param {number} i */
function choose(graph, i) {
  graph.widget.change({ selected: graph.boxes[i].path });
  focus(graph, i);
}

/** @param {Graph} graph @param {number} i */
function focus(graph, i) {
  drawnBox(graph, i).element.focus({ preventScroll: true });
}

/**
 * Handle a key at a box; return false if it means nothing there.
 * @param {Graph} graph @param {string} key @param {number} i
 */
function onKey(graph, key, i) {
  const { kind, parent } = graph.boxes[i], arrow = ARROWS[key];
  if (key === "Enter" || key === " ") {
    choose(graph, i);
    if (kind === "model") setOpen(graph, i);
  } else if (key === "Escape" && parent !== null) choose(graph, parent);
  else if (arrow) choose(graph, neighbour(graph, i, arrow));
  else return false;
  return true;
}

/**
 * The box to which an arrow key leads: along an edge, or to the nearest in the same layer.
 * @param {Graph} graph @param {number} from @param {[number, number]} arrow
 */
function neighbour(graph, from, [dx, dy]) {
  const down = graph.data.rankdir === "TB";
  const along = down ? dy : dx, side = down ? dx : dy;
  if (along > 0 && graph.opened.has(from)) return firstInside(graph, from);
  /** @param {number} i */
  const away = (i) => centre(graph, i) - centre(graph, from);
  const found = (along ? linked(graph, from, along) : beside(graph, from, side))
    .filter((i) => !drawnBox(graph, i).element.matches(".mg-unseen"));
  return found.sort((a, b) => Math.abs(away(a)) - Math.abs(away(b)))[0] ?? from;
}

/** @param {Graph} graph @param {number} i */
function firstInside({ drawn, boxes }, i) {
  return [...drawn.keys()].find((k) => boxes[k].parent === i) ?? i;
}

/**
 * The boxes at the other ends of the edges that lead on from a box (along > 0) or to it.
 * @param {Graph} graph @param {number} from @param {number} along
 */
function linked(graph, from, along) {
  return drawnEdges(graph).flatMap(({ source, target }) => {
    const [here, there] = along > 0 ? [source, target] : [target, source];
    return here === from ? [there] : [];
  });
}

/**
 * The boxes of the same layer on one side.
 * @param {Graph} graph @param {number} from @param {number} side
 */
function beside(graph, from, side) {
  const { parent } = graph.boxes[from], { layer } = drawnBox(graph, from);
  return [...graph.drawn.keys()].filter((i) => graph.boxes[i].parent === parent
    && drawnBox(graph, i).layer === layer
    && side * (centre(graph, i) - centre(graph, from)) > 0);
}

/**
 * Where the middle of a box lies, across the direction of the drawing.
 * @param {Graph} graph @param {number} i
 */
function centre(graph, i) {
  const [x, y, width, height] = drawnBox(graph, i).rect;
  return graph.data.rankdir === "TB" ? x + width / 2 : y + height / 2;
}

/**
 * Open or close a model in place: its corner stays where it is.
 * @param {Graph} graph @param {number} i
 */
export function setOpen(graph, i, wanted = !graph.opened.has(i), focused = true) {
  const before = graph.drawn.get(i)?.rect;
  graph.opened = openedWith(graph, i, wanted);
  graph.drawing = graph.data.drawings[keyOf([...graph.opened])];
  drawAll(graph);
  const { widget, boxes, drawn } = graph;
  if (!drawn.has(placeOf(graph, widget.state.selected))) widget.state.selected = boxes[i].path;
  graph.stage.resize(graph.drawing, before, drawnBox(graph, i).rect);
  widget.refresh();
  revealBox(graph, i);
  if (focused) focus(graph, i);
}

/**
 * What is open after a model was opened or closed. Where there is no drawing of all that is wanted,
 * only this model and those around it are.
 * @param {Graph} graph @param {number} i @param {boolean} wanted
 */
function openedWith(graph, i, wanted) {
  const outer = around(graph, i), chain = wanted ? [i, ...outer] : outer;
  const all = wanted ? [...graph.opened, ...chain]
    : [...graph.opened].filter((k) => k !== i && !around(graph, k).includes(i));
  return new Set([all, chain].find((choice) => graph.data.drawings[keyOf(choice)]));
}

/**
 * The name of the drawing in which some models are open.
 * @param {number[]} opened
 */
function keyOf(opened) {
  return [...new Set(opened)].sort((a, b) => a - b).join(",");
}

/**
 * Open what hides a box, and scroll it into view.
 * @param {Graph} graph @param {string} path
 */
export function reveal(graph, path) {
  const i = graph.indices.get(path);
  if (i === undefined) return;
  const { parent } = graph.boxes[i];
  if (!graph.drawn.has(i) && parent !== null) setOpen(graph, parent, true, false);
  revealBox(graph, i);
}

/** @param {Graph} graph @param {number} i */
function revealBox(graph, i) {
  const [x, y, width, height] = drawnBox(graph, i).rect;
  graph.stage.reveal([x, y, width, graph.opened.has(i) ? HEADING : height]);
}

/**
 * Mark the boxes whose path or type contains a text; return their paths.
 * @param {Graph} graph @param {string} text
 */
export function search(graph, text) {
  const found = graph.boxes.filter(({ path, type }) => (
    text && `${path} ${type}`.toLowerCase().includes(text)));
  graph.matches = new Set(found.map((box) => box.path));
  graph.widget.refresh();
  return [...graph.matches];
}
