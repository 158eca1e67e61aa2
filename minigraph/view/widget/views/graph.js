// The graph: boxes to click and to open, and the recorded pass to step through.
//
// graph/state.js holds what is drawn and which models are open; the other pieces read it there.

/** @import { GraphData } from "../data.js" */
/** @import { View, Widget } from "../view.js" */
import { count } from "../dom.js";
import { views } from "../frame.js";
import { colourButton, legend } from "./graph/colours.js";
import { drawAll } from "./graph/drawing.js";
import { makeGraph } from "./graph/state.js";
import { inspect } from "./graph/inspector.js";
import { showMarks } from "./graph/marks.js";
import { listenToBoxes, reveal, search } from "./graph/moves.js";
import { boxAt, stops } from "./graph/steps.js";
import { words } from "./graph/words.js";

export const HELP = "Drag to pan; click once, then turn the wheel to zoom. The arrow keys follow "
  + "the drawing.";

/**
 * @param {Widget<GraphData>} widget
 * @returns {View}
 */
export function graphView(widget) {
  const graph = makeGraph(widget), { stage, boxes, norms, drawing } = graph;
  drawAll(graph);
  listenToBoxes(graph);
  stage.under.prepend(legend(norms));
  stage.resize(drawing);
  return {
    stage: stage.pane,
    height: Math.round(drawing.height) + 58,
    facts: factsOf(widget.data, boxes.filter((box) => box.parent === null).length),
    help: `${HELP} Enter opens and closes a model, Escape leads out of it.`,
    tools: norms.any && colourButton(stage.pane),
    stops: () => stops(graph),
    words: (step) => words(graph, step),
    show: (state) => showMarks(graph, state),
    inspect: (state) => inspect(graph, state),
    at: (step) => boxes[boxAt(graph, step) ?? -1]?.path,
    reveal: (path) => reveal(graph, path),
    search: (text) => search(graph, text),
    remove: stage.remove,
  };
}

/** @param {GraphData} data @param {number} top  how many boxes are in no nested model */
function factsOf({ boxes, parameters, samples }, top) {
  const all = top < boxes.length ? ` (${boxes.length} with all models open)` : "";
  const recorded = samples ? ` · recorded on ${count(samples, "sample")}` : "";
  return `${count(top, "node")}${all} · ${count(parameters, "parameter")}${recorded}`;
}

views.graph = graphView;
