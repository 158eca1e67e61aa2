// A graph that grows call by call beside its code, up to the call that fails, if one does.

/** @import { CallsData } from "../data.js" */
/** @import { State, View, Widget, Words } from "../view.js" */
import { fill, make } from "../dom.js";
import { views } from "../frame.js";
import { HELP, graphView } from "./graph.js";

/**
 * @param {Widget<CallsData>} widget
 * @returns {View}
 */
function callsView(widget) {
  const { data } = widget, graph = graphView(widget);
  const paths = data.boxes.map((box) => ({ ...data.usual, ...box }).path);
  const code = make("ol.code", { tabindex: "0", "aria-label": "Code" });
  /** @param {number} i  the number of a box */
  const callOf = (i) => data.calls[i - data.first];
  /** @param {number} i */
  const phaseOf = (i) => (data.broken && i === paths.length - 1 ? "broken" : "forward");

  /** @param {State} state */
  function show(state) {
    graph.show(state);
    const last = data.first + state.step - 1;
    /** @param {string} name @param {number} number @param {number} i  the box it came with */
    const look = (name, number, i) => {
      const element = graph.stage.querySelector(`[data-${name}="${number}"]`);
      element?.classList.toggle("mg-unseen", i > last);
      element?.classList.toggle("mg-current", state.step > 0 && i === last);
      element?.setAttribute("data-state", phaseOf(i));
    };
    paths.forEach((_, i) => look("node", i, i));
    data.edges.forEach((edge, k) => look("edge", k, edge.target));
  }

  /** @param {State} state */
  function inspect(state) {
    const i = paths.indexOf(state.selected), seen = i < data.first + state.step;
    const spans = (seen && callOf(i)?.spans) || [];
    fill(code, { "data-state": phaseOf(i) })
      .replaceChildren(...data.code.map((text, k) => lineOf(text, spans.find(([at]) => at === k))));
    queueMicrotask(() => showMark(code));
    return [data.code.length > 0 && code, seen && graph.inspect(state)];
  }

  /**
   * @param {number} step
   * @returns {Words}
   */
  function words(step) {
    const i = data.first + step - 1, phase = step ? phaseOf(i) : "start";
    const title = phase === "broken" ? "it fails" : "a call";
    return { phase, title, text: step ? callOf(i).text : data.opening };
  }
  return {
    ...graph, show, inspect, words, help: HELP, search: null,
    stops: () => [0, ...data.calls.map((_, k) => k + 1)],
    at: (step) => paths[data.first + step - 1],
  };
}

/**
 * A line of the code, in which the call that draws the selected box is marked.
 * @param {string} text @param {[number, number, number]} [span]
 */
function lineOf(text, span) {
  const [, from = 0, to = 0] = span ?? [];
  if (!to) return make("li", text);
  return make("li", text.slice(0, from), make("mark", text.slice(from, to)), text.slice(to));
}

/**
 * Long lines scroll sideways, to where the mark begins if they must.
 * @param {HTMLElement} code
 */
function showMark(code) {
  const mark = code.querySelector("mark");
  if (!mark) return;
  const left = mark.offsetLeft - 40;
  const right = mark.offsetLeft + mark.offsetWidth + 16 - code.clientWidth;
  code.scrollLeft = Math.min(left, right);
}

views.calls = callsView;
