// The graph widget of minigraph: one drawing function, mount(host, data, options).
//
// A page of the book loads this file once, as a classic script, and it brings every element of class
// "minigraph-widget" to life. In Jupyter the same text is loaded as a module and drives an anywidget.
// All numbers come from Python; this file draws and never computes. Text enters the page through
// textContent and setAttribute only, so no name can become markup.
(function (page) {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const LEVELS = "hgfedcba0ABCDEFGH"; // a cell of a small picture: -8 ... 0 ... 8
  const MIDDLE = 8;
  const LINES = { title: [14, 20], detail: [12, 17], mono: [12, 17] }; // font size, line height
  const PADDING = 10;
  const KINDS = { input: "About this input", layer: "About this layer", op: "About this operation", model: "About this model" };
  const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

  // -------------------------------------------------------------------------------------------
  // Style: every colour is a variable, so that light, dark and JupyterLab differ in one place each.

  const LIGHT = `
    --mg-paper:#fbfbfd; --mg-card:#fff; --mg-tint:#eef2fb; --mg-line:#c9cfdb; --mg-ink:#1d2433;
    --mg-soft:#5b6478; --mg-edge:#8993a8; --mg-zero:#f1f2f6; --mg-forward:#1c63c4;
    --mg-backward:#bd4a0b; --mg-positive:#0b7a43; --mg-negative:#7b2f9b; --mg-shadow:#1d243318;
    --mg-shared0:#0f8b8d; --mg-shared1:#a23e8c; --mg-shared2:#b7791f; --mg-shared3:#4c6fd1;
    --mg-shared4:#5d7a1f; --mg-shared5:#b4464b;`;
  const DARK = `
    --mg-paper:#14171f; --mg-card:#1f242f; --mg-tint:#232c3f; --mg-line:#414a5c; --mg-ink:#eef1f7;
    --mg-soft:#a9b2c3; --mg-edge:#8490a6; --mg-zero:#2a303d; --mg-forward:#6fa8ff;
    --mg-backward:#ff9d5c; --mg-positive:#53d18d; --mg-negative:#cf8df0; --mg-shadow:#0006;
    --mg-shared0:#4cc9c0; --mg-shared1:#e08bd0; --mg-shared2:#f0b95b; --mg-shared3:#8fabff;
    --mg-shared4:#a9cf5f; --mg-shared5:#f28b8b;`;
  const LAB = `
    --mg-paper:var(--jp-layout-color0); --mg-card:var(--jp-layout-color1);
    --mg-ink:var(--jp-content-font-color1); --mg-soft:var(--jp-content-font-color2);
    --mg-line:var(--jp-border-color1);`;
  const level = (n, side) =>
    `.minigraph-widget .mg-cell[data-level="${side < 0 ? -n : n}"]{fill:color-mix(in oklab,` +
    `var(--mg-${side < 0 ? "negative" : "positive"}) ${Math.round(100 * n / MIDDLE)}%,var(--mg-zero))}`;
  const SHADES = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => level(n, 1) + level(n, -1)).join("");

  const STYLE = `
.minigraph-widget{${LIGHT} color-scheme:light; container-type:inline-size; font:14px/1.5 system-ui,
  -apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif; color:var(--mg-ink); margin:.5rem 0}
html[data-theme=dark] .minigraph-widget,body.vscode-dark .minigraph-widget,
body[data-jp-theme-light=false] .minigraph-widget{${DARK} color-scheme:dark}
@media (prefers-color-scheme:dark){html:not([data-theme]) body:not([data-jp-theme-light],.vscode-light)
  .minigraph-widget{${DARK} color-scheme:dark}}
body[data-jp-theme-light] .minigraph-widget{${LAB}}
.minigraph-widget>img{max-width:100%}
.minigraph-widget *{box-sizing:border-box}
.minigraph-widget .mg-frame{background:var(--mg-paper); border:1px solid var(--mg-line);
  border-radius:14px; overflow:hidden}
.minigraph-widget .mg-top{display:flex; flex-wrap:wrap; gap:2px 16px; align-items:baseline;
  padding:12px 18px 10px}
.minigraph-widget .mg-heading{font-weight:650; font-size:15px; margin-right:auto; overflow-wrap:anywhere}
.minigraph-widget .mg-facts{color:var(--mg-soft); font-size:13px}
.minigraph-widget .mg-player{--mg-now:var(--mg-soft); display:grid; grid-template-columns:auto 1fr auto; gap:4px 14px;
  align-items:center; padding:2px 18px 12px}
.minigraph-widget button{font:inherit; font-size:13px; font-weight:600; color:var(--mg-ink);
  background:var(--mg-card); border:1px solid var(--mg-line); border-radius:9px; padding:5px 13px;
  min-height:32px; cursor:pointer}
.minigraph-widget button:hover:enabled{border-color:var(--mg-soft)}
.minigraph-widget :is(button,input,.mg-panel):focus-visible{outline:2px solid var(--mg-soft)!important;
  outline-offset:2px; border-radius:9px; box-shadow:none!important}
.minigraph-widget .mg-panel:focus-visible{outline-offset:-3px}
.minigraph-widget button:disabled{opacity:.45; cursor:default}
.minigraph-widget input[type=range]{appearance:none; width:100%; height:24px; margin:0; cursor:pointer;
  background:none}
.minigraph-widget .mg-rail{position:relative}
.minigraph-widget .mg-rail::before{content:""; position:absolute; inset:9px 0; border-radius:3px;
  opacity:.55; background:linear-gradient(90deg,var(--mg-forward) var(--mg-split),
  var(--mg-backward) var(--mg-split))}
.minigraph-widget .mg-rail input{position:relative; display:block}
.minigraph-widget input[type=range]::-webkit-slider-thumb{appearance:none; width:18px; height:18px;
  border-radius:50%; background:var(--mg-card); border:4px solid var(--mg-now);
  box-shadow:0 1px 4px var(--mg-shadow)}
.minigraph-widget input[type=range]::-moz-range-thumb{width:10px; height:10px; border-radius:50%;
  background:var(--mg-card); border:4px solid var(--mg-now)}
.minigraph-widget [data-phase=forward]{--mg-now:var(--mg-forward)}
.minigraph-widget [data-phase=loss],.minigraph-widget [data-phase=backward]{--mg-now:var(--mg-backward)}
.minigraph-widget .mg-words{grid-column:1/-1; min-height:4.4em; margin:0; font-size:14px;
  color:var(--mg-ink)}
.minigraph-widget .mg-words b{color:var(--mg-now,var(--mg-soft)); font-weight:650}
.minigraph-widget .mg-note{margin:0; padding:0 18px 12px; font-size:13px; color:var(--mg-soft)}
.minigraph-widget .mg-main{display:grid; grid-template-columns:minmax(0,1fr) minmax(230px,300px);
  height:clamp(var(--mg-least),var(--mg-tall),640px); border-top:1px solid var(--mg-line)}
.minigraph-widget .mg-graph{overflow:auto; display:grid; padding:6px; scrollbar-width:thin}
.minigraph-widget .mg-graph svg{display:block; width:var(--mg-wide); max-width:100%;
  min-width:calc(.8*var(--mg-wide)); height:auto; margin:auto}
.minigraph-widget .mg-panel{overflow:auto; padding:16px 18px 20px; background:var(--mg-card);
  border-left:1px solid var(--mg-line); scrollbar-width:thin}
@container (max-width:590px){
  .minigraph-widget .mg-main{grid-template-columns:1fr; height:auto}
  .minigraph-widget .mg-graph{max-height:600px}
  .minigraph-widget .mg-panel{border-left:0; border-top:1px solid var(--mg-line); min-height:360px}
  .minigraph-widget .mg-words{min-height:4.5em}}
.minigraph-widget .mg-panel h3{font-size:17px; line-height:1.3; font-weight:650; margin:0; padding:0;
  color:var(--mg-ink); overflow-wrap:anywhere}
.minigraph-widget .mg-kind{color:var(--mg-soft); font-size:13px; margin:1px 0 0}
.minigraph-widget .mg-call{display:inline-block; margin:7px 0 0; padding:1px 9px; border-radius:9px;
  font-size:12px; font-weight:600; border:1px solid currentColor}
.minigraph-widget .mg-formula{display:block; margin:8px 0 0; padding:7px 10px; border-radius:8px;
  font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; color:var(--mg-ink);
  background:var(--mg-zero); overflow-wrap:anywhere; border:0}
.minigraph-widget dl{display:grid; grid-template-columns:auto 1fr; gap:3px 14px; margin:12px 0 0;
  font-size:13px}
.minigraph-widget dl dt{color:var(--mg-soft); font-weight:400; margin:0; padding:0; float:none; width:auto;
  white-space:nowrap}
.minigraph-widget dl dd{margin:0; padding:0; float:none; width:auto; font-variant-numeric:tabular-nums; overflow-wrap:anywhere}
.minigraph-widget .mg-mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
  font-size:12.5px}
.minigraph-widget .mg-record{margin:16px 0 0; padding:12px 0 0; border-top:1px solid var(--mg-line)}
.minigraph-widget .mg-record h4{margin:0; font-size:13px; font-weight:650; color:var(--mg-now)}
.minigraph-widget .mg-record p{margin:4px 0 0; font-size:13px; color:var(--mg-soft)}
.minigraph-widget .mg-record dl{margin-top:6px}
.minigraph-widget .mg-heat{display:block; width:100%; max-width:264px; height:auto; margin:9px 0 0}
.minigraph-widget .mg-scale{display:flex; justify-content:space-between; max-width:264px;
  font-size:11.5px; color:var(--mg-soft); font-variant-numeric:tabular-nums}
.minigraph-widget .mg-scale i{flex:1; height:5px; margin:6px 8px 0; border-radius:3px;
  background:linear-gradient(90deg,var(--mg-negative),var(--mg-zero),var(--mg-positive))}
.minigraph-widget .mg-cell{fill:var(--mg-zero)}
.minigraph-widget .mg-track{fill:var(--mg-line)}
.minigraph-widget .mg-cell[data-level="none"]{fill:var(--mg-ink)}
${SHADES}
.minigraph-widget .mg-edge{fill:none; stroke:var(--mg-edge); stroke-width:1.5}
.minigraph-widget .mg-head{fill:var(--mg-edge)}
.minigraph-widget .mg-tail,.minigraph-widget [data-state=backward] .mg-head{display:none}
.minigraph-widget [data-state=backward] .mg-tail{display:inline; fill:var(--mg-now)}
.minigraph-widget .mg-node{cursor:pointer; outline:none}
.minigraph-widget .mg-card{fill:var(--mg-card); stroke:var(--mg-line); transition:fill .25s,stroke .25s}
.minigraph-widget .mg-input .mg-card{fill:var(--mg-tint)}
.minigraph-widget .mg-node:hover .mg-card{stroke:var(--mg-soft)}
.minigraph-widget .mg-ring{fill:none; stroke:none; stroke-width:2}
.minigraph-widget .mg-node text{text-anchor:middle; fill:var(--mg-soft); pointer-events:none}
.minigraph-widget .mg-node .mg-title{fill:var(--mg-ink); font-weight:600}
.minigraph-widget .mg-bar{fill:var(--mg-edge)}
.minigraph-widget [data-state]{--mg-now:var(--mg-forward)}
.minigraph-widget [data-state=backward]{--mg-now:var(--mg-backward)}
.minigraph-widget .mg-node[data-state] .mg-card{stroke:var(--mg-now);
  fill:color-mix(in oklab,var(--mg-now) 9%,var(--mg-card))}
.minigraph-widget .mg-link[data-state] .mg-edge{stroke:var(--mg-now)}
.minigraph-widget .mg-link[data-state] .mg-head{fill:var(--mg-now)}
.minigraph-widget .mg-node[aria-pressed=true] .mg-ring{stroke:var(--mg-now,var(--mg-ink))}
.minigraph-widget .mg-node:focus-visible .mg-ring{stroke:var(--mg-ink); stroke-width:3}
.minigraph-widget .mg-node.mg-current .mg-card{stroke-width:2; filter:drop-shadow(0 3px 9px
  color-mix(in oklab,var(--mg-now) 38%,transparent))}
.minigraph-widget .mg-link.mg-current .mg-edge{stroke-width:2.5; stroke-dasharray:7 5;
  animation:mg-flow .7s linear infinite}
.minigraph-widget .mg-link.mg-current[data-state=backward] .mg-edge{animation-direction:reverse}
.minigraph-widget .mg-amount{font-size:11px; font-weight:600; fill:var(--mg-now);
  stroke:var(--mg-paper); stroke-width:4px; paint-order:stroke; font-variant-numeric:tabular-nums}
@keyframes mg-flow{to{stroke-dashoffset:-12}}
@media (prefers-reduced-motion:reduce){.minigraph-widget *{animation:none!important;
  transition:none!important}}
@media print{.minigraph-widget .mg-player button,.minigraph-widget .mg-rail{display:none}
  .minigraph-widget .mg-main,.minigraph-widget .mg-graph{height:auto; max-height:none}}
`;

  function addStyle() {
    if (document.getElementById("minigraph-style")) return;
    const style = make("style", { id: "minigraph-style" }, STYLE);
    document.head.append(style);
  }

  // -------------------------------------------------------------------------------------------
  // Small tools

  function make(tag, attributes = {}, text) {
    return fill(document.createElement(tag), attributes, text);
  }

  function draw(tag, attributes = {}, text) {
    return fill(document.createElementNS(SVG, tag), attributes, text);
  }

  function fill(element, attributes, text) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function count(n, thing) {
    return `${n.toLocaleString("en-US")} ${thing}${n === 1 ? "" : "s"}`;
  }

  // What a box is called from outside: its name, and its call if there are several.
  function idOf(box) {
    return box.calls > 1 ? `${box.name}[${box.call}]` : box.name;
  }

  // -------------------------------------------------------------------------------------------
  // The widget

  // Draw `data` into `host`. Options: `selected` (id of a box), `step` (a number), and
  // `onChange({selected, step})`, called when the reader changed either.
  // Returns {select(id), go(step), remove()} for those who drive it from outside.
  function mount(host, data, options = {}) {
    addStyle();
    const frame = make("div", { class: "mg-frame" });
    const graph = drawGraph(data);
    const panel = make("div", {
      class: "mg-panel", role: "region", tabindex: "0", "aria-label": "Details of the chosen node",
    });
    const player = data.steps.length ? makePlayer(data) : null;
    const state = { step: 0, selected: -1 };

    const main = make("div", { class: "mg-main" });
    main.style.setProperty("--mg-tall", `${Math.round(data.height) + 14}px`);
    main.style.setProperty("--mg-least", player ? "470px" : "350px");
    main.append(graph.pane, panel);
    frame.append(makeTop(data));
    frame.append(player ? player.element : make("p", { class: "mg-note" }, data.note));
    frame.append(main);
    host.replaceChildren(frame);
    host.setAttribute("data-mounted", "true");

    // The panel and the colours follow from the state alone, whoever changed it.
    function show() {
      graph.show(state);
      if (player) player.show(state.step);
      showPanel(panel, data, state);
    }

    function change(next, told) {
      const step = Math.max(0, Math.min(data.steps.length, next.step ?? state.step));
      const selected = next.selected ?? state.selected;
      if (step === state.step && selected === state.selected) return;
      Object.assign(state, { step, selected });
      show();
      if (told && options.onChange) options.onChange({ selected: idOf(data.boxes[selected]), step });
    }

    // A step takes the selection along to the node where it happens.
    function go(step, told) {
      const at = data.steps[Math.max(1, Math.min(data.steps.length, step)) - 1];
      const follows = step > 0 && at && at.box !== null;
      change({ step, selected: follows ? at.box : state.selected }, told);
      if (told || follows) graph.reveal(state.selected);
    }

    function find(id) {
      return data.boxes.findIndex((box) => idOf(box) === id);
    }

    graph.nodes.forEach((node, i) => {
      node.addEventListener("click", () => change({ selected: i }, true));
      node.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          change({ selected: i }, true);
        } else if (event.key in ARROWS) {
          event.preventDefault();
          const next = neighbour(data, i, ARROWS[event.key]);
          graph.nodes[next].focus({ preventScroll: true });
          graph.reveal(next);
          change({ selected: next }, true);
        }
      });
    });
    if (player) player.listen((step) => go(step, true), () => state.step);

    const first = options.selected ? find(options.selected) : 0;
    state.selected = Math.max(first, 0);
    state.step = Math.max(0, Math.min(data.steps.length, options.step || 0));
    show();
    return {
      select(id) { if (find(id) >= 0) { change({ selected: find(id) }, false); graph.reveal(find(id)); } },
      go(step) { if (step !== state.step) go(step, false); },
      remove() { host.replaceChildren(); host.removeAttribute("data-mounted"); },
    };
  }

  function makeTop(data) {
    const top = make("div", { class: "mg-top" });
    top.append(make("span", { class: "mg-heading" }, data.model));
    const facts = [count(data.boxes.length, "node"), count(data.parameters, "parameter")];
    if (data.samples) facts.push(`recorded on ${count(data.samples, "sample")}`);
    top.append(make("span", { class: "mg-facts" }, facts.join(" · ")));
    return top;
  }

  // The slider with its two buttons, and the sentence that says what happens.
  function makePlayer(data) {
    const element = make("div", { class: "mg-player", role: "group", "aria-label": "Recorded pass" });
    const back = make("button", { type: "button", "data-action": "back", "aria-label": "Previous step" }, "‹ Previous");
    const next = make("button", { type: "button", "data-action": "forward", "aria-label": "Next step" }, "Next ›");
    const slider = make("input", {
      type: "range", min: 0, max: data.steps.length, step: 1, value: 0, "aria-label": "Step of the recorded pass",
    });
    const rail = make("div", { class: "mg-rail" });
    const words = make("p", { class: "mg-words", "aria-live": "polite" });
    const turn = data.steps.findIndex((step) => step.phase !== "forward");
    const forward = turn < 0 ? data.steps.length : turn;
    rail.style.setProperty("--mg-split", `${100 * (forward + 0.5) / data.steps.length}%`);
    rail.append(slider);
    element.append(back, rail, next, words);

    function show(step) {
      const at = data.steps[step - 1];
      const text = at ? at.words : data.opening;
      slider.value = step;
      slider.setAttribute("aria-valuetext", `Step ${step} of ${data.steps.length}. ${text}`);
      element.setAttribute("data-phase", at ? at.phase : "start");
      back.disabled = step === 0;
      next.disabled = step === data.steps.length;
      const title = at ? `Step ${step} of ${data.steps.length}, ${at.phase}. ` : "Ready. ";
      words.replaceChildren(make("b", {}, title), document.createTextNode(text));
    }

    function listen(go, now) {
      back.addEventListener("click", () => go(now() - 1));
      next.addEventListener("click", () => go(now() + 1));
      slider.addEventListener("input", () => go(Number(slider.value)));
    }
    return { element, show, listen };
  }

  // -------------------------------------------------------------------------------------------
  // The graph

  function drawGraph(data) {
    const pane = make("div", { class: "mg-graph" });
    const svg = draw("svg", {
      viewBox: `0 0 ${data.width} ${data.height}`, role: "group", "aria-label": data.sentence,
    });
    pane.style.setProperty("--mg-wide", `${data.width}px`);
    pane.append(svg);
    const links = data.edges.map((edge) => {
      const link = draw("g", { class: "mg-link" });
      link.append(draw("path", { class: "mg-edge", d: edge.path }));
      link.append(draw("path", { class: "mg-head", d: edge.head }), draw("path", { class: "mg-tail", d: edge.tail }));
      svg.append(link);
      return link;
    });
    const nodes = data.boxes.map((box, i) => drawNode(data, box, i));
    const amounts = draw("g", { "aria-hidden": "true" });
    svg.append(...nodes, amounts);
    const recorded = indexSteps(data);
    const painted = data.boxes.map(() => null);

    // Colour every node and edge by what has reached it after `step` steps.
    function show({ step, selected }) {
      const at = data.steps[step - 1];
      nodes.forEach((node, i) => {
        node.setAttribute("aria-pressed", String(i === selected));
        node.classList.toggle("mg-current", Boolean(at && at.box === i));
        const phase = phaseAt(recorded.nodes[i], step);
        if (painted[i] === phase) return;
        painted[i] = phase;
        paint(node, phase);
        drawStrip(node, data.boxes[i], stripOf(data, recorded.nodes[i], phase));
      });
      const current = new Map();
      for (const part of at ? at.edges : []) if (part.edge !== null) current.set(part.edge, part.norm);
      links.forEach((link, k) => {
        link.classList.toggle("mg-current", current.has(k));
        paint(link, phaseAt(recorded.edges[k], step));
      });
      amounts.replaceChildren();
      for (const [k, norm] of current) amounts.append(drawAmount(links[k], norm, at.phase));
    }

    // Scroll the pane, never the page, until a node can be seen.
    function reveal(i) {
      const inner = nodes[i].getBoundingClientRect();
      const outer = pane.getBoundingClientRect();
      const away = (low, high, least, most) => (low < least ? low - least : high > most ? high - most : 0);
      pane.scrollTop += away(inner.top - 60, inner.bottom + 60, outer.top, outer.bottom);
      pane.scrollLeft += away(inner.left - 30, inner.right + 30, outer.left, outer.right);
    }
    return { pane, nodes, show, reveal };
  }

  function drawNode(data, box, i) {
    const [x, y, width, height] = box.place;
    const round = box.kind === "input" || box.kind === "op" ? 22 : 10;
    const call = box.calls > 1 ? `, call ${box.call + 1} of ${box.calls}` : "";
    const node = draw("g", {
      class: `mg-node mg-${box.kind}`, tabindex: "0", role: "button", "data-node": i,
      "aria-label": `${box.name}, ${box.type}${call}, output shape ${box.outputs.join(", ")}`,
    });
    if (box.kind === "model") node.append(card(x + 5, y + 5, width, height, round));
    node.append(card(x, y, width, height, round));
    node.append(draw("rect", {
      class: "mg-ring", x: x - 4, y: y - 4, width: width + 8, height: height + 8, rx: round + 4,
    }));
    if (box.parameters) {
      const bar = draw("rect", { class: "mg-bar", x: x + 6, y: y + 9, width: 4, height: height - 18, rx: 2 });
      if (box.shared !== null) bar.style.fill = `var(--mg-shared${box.shared % 6})`;
      node.append(bar);
    }
    let baseline = y + PADDING;
    for (const [style, text] of box.lines) {
      const [size, line] = LINES[style];
      node.append(draw("text", {
        class: `mg-${style}`, x: x + width / 2, y: baseline + line - 5, "font-size": size,
      }, text));
      baseline += line;
    }
    return node;
  }

  function card(x, y, width, height, rx) {
    return draw("rect", { class: "mg-card", x, y, width, height, rx });
  }

  // For each node and edge: the numbers of the steps, from 1, at which it is reached.
  function indexSteps(data) {
    const nodes = data.boxes.map(() => ({}));
    const edges = data.edges.map(() => ({}));
    data.steps.forEach((step, i) => {
      if (step.box !== null) nodes[step.box][step.phase] = i + 1;
      for (const part of step.edges) if (part.edge !== null) edges[part.edge][step.phase] = i + 1;
    });
    return { nodes, edges };
  }

  function phaseAt(reached, step) {
    if (reached.backward <= step) return "backward";
    return reached.forward <= step ? "forward" : null;
  }

  function paint(element, phase) {
    if (phase) element.setAttribute("data-state", phase);
    else element.removeAttribute("data-state");
  }

  // The picture of which a node shows the first row: its value, later its gradient.
  function stripOf(data, reached, phase) {
    const found = phase && data.steps[reached[phase] - 1].arrays[0];
    return (found && found.picture) || null;
  }

  // The first numbers of a node's value or gradient, as a strip of colours inside its box.
  function drawStrip(node, box, picture) {
    const old = node.querySelector(".mg-strip");
    if (old) old.remove();
    if (!picture) return;
    const [x, y, width, height] = box.place;
    const strip = draw("g", { class: "mg-strip", "aria-hidden": "true" });
    const cell = (width - 36) / picture.columns;
    strip.append(draw("rect", { class: "mg-track", x: x + 17, y: y + height - 9, width: width - 34, height: 6, rx: 2 }));
    for (let i = 0; i < picture.columns; i++) {
      strip.append(draw("rect", {
        class: "mg-cell", "data-level": levelOf(picture, i), x: x + 18 + i * cell, y: y + height - 8,
        width: cell, height: 4,
      }));
    }
    node.append(strip);
  }

  // From -8 to 8, or "none" for a number that is not finite.
  function levelOf(picture, i) {
    const place = LEVELS.indexOf(picture.cells[i]);
    return place < 0 ? "none" : place - MIDDLE;
  }

  // The norm of what a current edge carries: beside the arrow, or where one that runs level has no head.
  function drawAmount(link, norm, phase) {
    const path = link.querySelector(".mg-edge");
    const half = path.getTotalLength() / 2;
    const [before, middle, after] = [half - 2, half, half + 2].map((at) => path.getPointAtLength(at));
    const level = Math.abs(after.x - before.x) > Math.abs(after.y - before.y);
    return draw("text", {
      class: "mg-amount", "data-state": phase, "text-anchor": level ? "middle" : "start",
      x: level ? middle.x : middle.x + 8,
      y: !level ? middle.y + 4 : phase === "forward" ? middle.y - 6 : middle.y + 14,
    }, norm);
  }

  // The node to which an arrow key leads: along an edge, or to the nearest in the same layer.
  function neighbour(data, from, [dx, dy]) {
    const along = data.rankdir === "TB" ? dy : dx;
    const box = data.boxes[from];
    let candidates;
    if (along) {
      const ends = along > 0 ? ["source", "target"] : ["target", "source"];
      candidates = data.edges.filter((edge) => edge[ends[0]] === from).map((edge) => edge[ends[1]]);
    } else {
      const side = data.rankdir === "TB" ? dx : dy;
      candidates = data.boxes.map((_, i) => i).filter((i) => {
        const other = data.boxes[i];
        return other.layer === box.layer && side * (centre(other, data) - centre(box, data)) > 0;
      });
    }
    const distance = (i) => Math.abs(centre(data.boxes[i], data) - centre(box, data));
    candidates.sort((a, b) => distance(a) - distance(b));
    return candidates.length ? candidates[0] : from;
  }

  // The middle of a box across the direction of the arrows.
  function centre(box, data) {
    const [x, y, width, height] = box.place;
    return data.rankdir === "TB" ? x + width / 2 : y + height / 2;
  }

  // -------------------------------------------------------------------------------------------
  // The panel

  function showPanel(panel, data, { step, selected }) {
    const box = data.boxes[selected];
    const parts = [make("h3", { "data-field": "name" }, box.name)];
    const kind = box.activation ? `${box.type} · ${box.activation}` : box.type;
    parts.push(make("p", { class: "mg-kind", "data-field": "type" }, kind));
    if (box.calls > 1) {
      const call = make("span", { class: "mg-call" }, `call ${box.call + 1} of ${box.calls}, one set of weights`);
      if (box.shared !== null) call.style.color = `var(--mg-shared${box.shared % 6})`;
      parts.push(call);
    }
    if (box.formula) parts.push(make("code", { class: "mg-formula", "data-field": "formula" }, box.formula));
    for (const phase of ["backward", "forward"]) {  // the latest first
      const at = data.steps.findIndex((one) => one.box === selected && one.phase === phase);
      if (at >= 0 && at < step) parts.push(record(data.steps[at]));
    }
    const about = make("section", { class: "mg-record" });
    about.append(make("h4", {}, KINDS[box.kind]));
    if (box.sentence) about.append(make("p", { class: "mg-doc" }, box.sentence));
    about.append(facts(box));
    parts.push(about);
    panel.replaceChildren(...parts);
    panel.scrollTop = 0;
  }

  function facts(box) {
    const list = make("dl");
    row(list, "Output shape", box.outputs.join(", "), "output-shape", true);
    if (box.inputs.length) row(list, "Input shape", box.inputs.join(", "), "input-shape", true);
    row(list, "Numbers", box.dtype, "dtype");
    row(list, "Parameters", box.parameters.toLocaleString("en-US"), "parameters");
    for (const [name, shape] of box.weights) row(list, name, shape, "weight", true);
    if (box.trainable !== null) row(list, "Trainable", box.trainable ? "yes" : "no, frozen", "trainable");
    return list;
  }

  function row(list, title, text, field, mono) {
    list.append(make("dt", {}, title));
    list.append(make("dd", { "data-field": field, class: mono ? "mg-mono" : "" }, text));
  }

  // What was recorded at a node: its value or the gradient that arrives.
  function record(step) {
    const forward = step.phase === "forward";
    const block = make("section", { class: "mg-record", "data-phase": step.phase });
    block.append(make("h4", {}, forward ? "Value" : "Gradient that arrives"));
    if (!step.arrays.length) block.append(make("p", {}, step.words));
    step.arrays.forEach((array, i) => {
      const list = make("dl");
      const number = step.arrays.length > 1 ? ` of output ${i}` : "";
      row(list, `Shape${number}`, array.shape, `${step.phase}-shape`, true);
      row(list, "Norm", array.norm, `${step.phase}-norm`);
      block.append(list);
      if (array.picture) block.append(...heat(array.picture));
    });
    const terms = step.edges.filter((part) => part.name);
    if (!forward && terms.length > 1) {
      block.append(make("p", {}, "It is a sum of arrays, one for each use. Their norms:"));
      listNorms(block, terms, "term");
    }
    if (step.weights.length) {
      block.append(make("p", {}, "Norms of the gradients of its weights:"));
      listNorms(block, step.weights, "weight-norm");
    }
    return block;
  }

  function listNorms(block, parts, field) {
    const list = make("dl");
    for (const part of parts) row(list, part.name, part.norm, field);
    block.append(list);
  }

  // A small picture of an array: a grid of cells from the negative colour to the positive one.
  function heat(picture) {
    const size = 16;
    const svg = draw("svg", {
      class: "mg-heat", role: "img", viewBox: `0 0 ${size * 16} ${size * picture.rows}`,
      "aria-label": `${picture.caption}, between minus ${picture.scale} and ${picture.scale}`,
    });
    const wide = size * Math.min(16 / picture.columns, 2);
    for (let i = 0; i < picture.cells.length; i++) {
      svg.append(draw("rect", {
        class: "mg-cell", "data-level": levelOf(picture, i), x: (i % picture.columns) * wide,
        y: Math.floor(i / picture.columns) * size, width: wide - 1, height: size - 1, rx: 1.5,
      }));
    }
    const scale = make("div", { class: "mg-scale", "aria-hidden": "true" });
    scale.append(make("span", {}, `−${picture.scale}`), make("i"), make("span", {}, picture.scale));
    return [svg, scale, make("p", {}, picture.caption)];
  }

  // -------------------------------------------------------------------------------------------
  // The page

  // Bring every host of the page to life, each once. The still picture stays where that fails.
  function mountAll() {
    for (const host of document.querySelectorAll(".minigraph-widget:not([data-mounted])")) {
      const source = host.querySelector('script[type="application/json"]');
      if (source) mount(host, JSON.parse(source.textContent));
    }
  }

  page.minigraph = Object.assign(page.minigraph || {}, { mount, mountAll });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
  else mountAll();
})(globalThis);
