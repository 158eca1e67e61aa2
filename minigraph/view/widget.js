// The widgets of minigraph: pictures that are alive. mount(host, data, options) draws one.
//
// A page of the book loads this file once, as a classic script, which brings all elements of class
// "minigraph-widget" to life; in Jupyter the same text is a module and drives an anywidget.
// All numbers come from Python; this file draws and never computes. Text enters a page through
// textContent and setAttribute only, so no name can become markup.
//
// First comes what all share: colours, tools, pictures of arrays, a stage to pan and zoom, the frame
// with player, inspector, search and table. A widget is then a function view(widget) in `views`,
// where `widget` is {data, state, change(next), refresh()}. It gives
//   stage            the element that is drawn on
//   tools            elements for the tool bar
//   show(state)      draw that state, {selected, step}
//   inspect(state)   the elements of the inspector
// and, where they make sense,
//   facts            words beside the title
//   stops()          the numbers of the steps at which to stop, from 0
//   words(step)      {title, text, phase} of a step
//   turn             the step at which the pass turns back
//   at(step)         what to select at a step, or null
//   reveal(id)       bring what is selected into sight
//   search(text)     the ids that match
(function (page) {
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
const MIDDLE = 31; // a letter stands for -31 ... 0 ... 31
const LINES = [["title", 14, 20], ["detail", 12, 17], ["mono", 12, 17]]; // style, font size, line height
const PADDING = 10;
const HEADING = 32; // the height of an open model's heading
const PAUSE = 1300; // milliseconds between two steps that play by themselves
const views = {};

// ---------- Style: every colour is a variable, so that light, dark and JupyterLab differ in one place each.

const LIGHT = `
  --mg-paper:#fbfbfd; --mg-card:#fff; --mg-tint:#eef2fb; --mg-line:#c9cfdb; --mg-ink:#1d2433;
  --mg-soft:#5b6478; --mg-edge:#8993a8; --mg-zero:#f1f2f6; --mg-forward:#1c63c4;
  --mg-backward:#bd4a0b; --mg-positive:#0b7a43; --mg-negative:#7b2f9b; --mg-shadow:#1d243318; --mg-room0:#f3f5f9; --mg-room1:#fbfbfd;
  --mg-shared0:#0f7d7f; --mg-shared1:#a23e8c; --mg-shared2:#96620f; --mg-shared3:#4c6fd1;
  --mg-shared4:#5d7a1f; --mg-shared5:#b4464b;`;
const DARK = `
  --mg-paper:#14171f; --mg-card:#1f242f; --mg-tint:#232c3f; --mg-line:#414a5c; --mg-ink:#eef1f7;
  --mg-soft:#a9b2c3; --mg-edge:#8490a6; --mg-zero:#2a303d; --mg-forward:#6fa8ff;
  --mg-backward:#ff9d5c; --mg-positive:#53d18d; --mg-negative:#cf8df0; --mg-shadow:#0006; --mg-room0:#191d26; --mg-room1:#14171f;
  --mg-shared0:#4cc9c0; --mg-shared1:#e08bd0; --mg-shared2:#f0b95b; --mg-shared3:#8fabff;
  --mg-shared4:#a9cf5f; --mg-shared5:#f28b8b;`;
const LAB = `
  --mg-paper:var(--jp-layout-color0); --mg-card:var(--jp-layout-color1);
  --mg-ink:var(--jp-content-font-color1); --mg-soft:var(--jp-content-font-color2);
  --mg-line:var(--jp-border-color1);`;

const STYLE = `
.minigraph-widget{${LIGHT} color-scheme:light; container-type:inline-size; font:14px/1.5 system-ui,
sans-serif; font-variant-numeric:tabular-nums; color:var(--mg-ink); margin:.5rem 0}
html[data-theme=dark] .minigraph-widget,body.vscode-dark .minigraph-widget,
body[data-jp-theme-light=false] .minigraph-widget{${DARK} color-scheme:dark}
@media (prefers-color-scheme:dark){html:not([data-theme]) body:not([data-jp-theme-light],.vscode-light)
.minigraph-widget{${DARK} color-scheme:dark}}
body[data-jp-theme-light] .minigraph-widget{${LAB}}
.minigraph-widget{
.mg-still img{max-width:100%; height:auto}
&[data-mounted] .mg-still{display:none}
.mg-still{background:var(--mg-paper); border-radius:14px}
&[data-table] .mg-still{display:block; overflow-x:auto; padding:8px}
&[data-table] .mg-still img{display:none}
.mg-still table{border-collapse:collapse; font-size:12.5px; color:var(--mg-ink); display:table; width:auto; margin:0}
.mg-still caption{text-align:left; color:var(--mg-ink); padding:2px 8px; caption-side:top}
.mg-still :is(th,td){padding:3px 8px; text-align:left; border-bottom:1px solid var(--mg-line); background:none; color:var(--mg-ink)}
.mg-frame,.mg-frame *{box-sizing:border-box}
.mg-frame{background:var(--mg-paper); border:1px solid var(--mg-line); border-radius:14px; overflow:hidden}
.mg-top{display:flex; flex-wrap:wrap; gap:6px 16px; align-items:center; padding:12px 18px 8px}
.mg-heading{font-weight:650; font-size:15px; overflow-wrap:anywhere}
.mg-facts{color:var(--mg-soft); font-size:13px; margin-right:auto}
.mg-tools{display:flex; flex-wrap:wrap; gap:6px; align-items:center}
.mg-found{font-size:12.5px; color:var(--mg-soft)}
button,.mg-search{font:inherit; font-size:13px; font-weight:600; color:var(--mg-ink); background:var(--mg-card);
border:1px solid var(--mg-line); border-radius:9px; padding:4px 12px; min-height:32px; margin:0; cursor:pointer}
.mg-search{font-weight:400; width:11.5em; cursor:text}
.mg-search::placeholder{color:var(--mg-soft); opacity:1}
button:hover:enabled{border-color:var(--mg-soft)}
button:is([aria-pressed=true],[aria-expanded=true]):not(.mg-open){background:var(--mg-tint); border-color:var(--mg-soft)}
:is(button,input,.mg-panel,.mg-still):focus-visible{outline:2px solid var(--mg-soft)!important;
outline-offset:2px; border-radius:9px; box-shadow:none!important}
.mg-panel:focus-visible{outline-offset:-3px}
button:disabled{opacity:.45; cursor:default}
.mg-player{display:grid; grid-template-columns:auto auto auto 1fr; gap:4px 8px;
align-items:center; padding:2px 18px 10px}
.mg-play{min-width:5.6em}
input[type=range]{appearance:none; width:100%; height:24px; margin:0; cursor:pointer; background:none}
.mg-rail{position:relative; margin-left:6px}
.mg-rail::before{content:""; position:absolute; inset:9px 0; border-radius:3px; opacity:.55;
background:linear-gradient(90deg,var(--mg-forward) var(--mg-split),var(--mg-backward) var(--mg-split))}
.mg-rail input{position:relative; display:block}
input[type=range]::-webkit-slider-thumb{appearance:none; width:18px; height:18px; border-radius:50%;
background:var(--mg-card); border:4px solid var(--mg-now); box-shadow:0 1px 4px var(--mg-shadow)}
input[type=range]::-moz-range-thumb{width:10px; height:10px; border-radius:50%; background:var(--mg-card);
border:4px solid var(--mg-now)}
:is([data-phase],[data-state]){--mg-now:var(--mg-backward)}
:is([data-phase=forward],[data-state=forward]){--mg-now:var(--mg-forward)}
[data-phase=start]{--mg-now:var(--mg-soft)}
.mg-words{grid-column:1/-1; min-height:3em; margin:0; font-size:14px; color:var(--mg-ink)}
.mg-words b{color:var(--mg-now,var(--mg-soft)); font-weight:650}
.mg-note{margin:0; padding:0 18px 10px; font-size:13px; color:var(--mg-soft)}
.mg-main{display:grid; grid-template-columns:minmax(0,1fr) var(--mg-panel,minmax(240px,310px));
height:clamp(470px,var(--mg-tall),660px); border-top:1px solid var(--mg-line)}
.mg-view{position:relative; min-height:0; overflow:hidden}
.mg-stage{position:absolute; inset:0; width:100%; height:100%; display:block; cursor:grab; user-select:none}
.mg-stage.mg-dragged{cursor:grabbing}
.mg-zoom{position:absolute; right:10px; bottom:10px; display:flex; gap:4px}
.mg-zoom button{padding:0; width:32px; font-size:16px; line-height:1}
.mg-legend{position:absolute; left:12px; bottom:10px; font-size:12px; color:var(--mg-ink); padding:3px 9px;
background:var(--mg-card); border:1px solid var(--mg-line); border-radius:9px; display:flex; gap:7px; align-items:center}
.mg-legend i{width:60px; height:8px; border-radius:3px; background:linear-gradient(90deg,var(--mg-card),var(--mg-backward))}
.mg-help{margin:0; padding:6px 18px 8px; font-size:12px; color:var(--mg-soft); border-top:1px solid var(--mg-line)}
.mg-panel{overflow:auto; padding:16px 18px 20px; background:var(--mg-card); border-left:1px solid var(--mg-line);
scrollbar-width:thin; position:relative}
.mg-panel h3{font-size:17px; line-height:1.3; font-weight:650; margin:0; padding:0; color:var(--mg-ink); overflow-wrap:anywhere}
.mg-kind{color:var(--mg-soft); font-size:13px; margin:1px 0 0}
.mg-call{display:inline-block; margin:7px 0 0; padding:1px 9px; border-radius:9px; font-size:12px; font-weight:600;
border:1px solid currentColor}
.mg-open{display:block; margin:9px 0 0}
.mg-formula{display:block; margin:8px 0 0; padding:7px 10px; border-radius:8px; font:12.5px/1.45 var(--mg-type);
color:var(--mg-ink); background:var(--mg-zero); overflow-wrap:anywhere; border:0}
dl{display:grid; grid-template-columns:auto 1fr; gap:3px 14px; margin:8px 0 0; font-size:13px}
dl :is(dt,dd){margin:0; padding:0; float:none; width:auto; overflow-wrap:anywhere}
dl dt{color:var(--mg-soft); font-weight:400}
--mg-type:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
.mg-mono{font-family:var(--mg-type); font-size:12.5px}
.mg-record{margin:16px 0 0; padding:12px 0 0; border-top:1px solid var(--mg-line)}
.mg-record h4{margin:0; font-size:13px; font-weight:650; color:var(--mg-now,var(--mg-ink))}
.mg-record h5{margin:12px 0 0; font-size:13px; font-weight:600; color:var(--mg-ink)}
.mg-record p{margin:4px 0 0; font-size:13px; color:var(--mg-soft)}
.mg-sum{list-style:none; margin:8px 0 0; padding:0}
.mg-sum li{margin:0; padding:5px 0 7px 22px; position:relative; font-size:13px; overflow-wrap:anywhere}
.mg-sum li::before{content:attr(data-sign); position:absolute; left:4px; font-weight:650; color:var(--mg-now)}
.mg-sum li:last-child{border-top:1.5px solid var(--mg-now)}
.mg-sum b{float:right; color:var(--mg-now); margin-left:8px}
.mg-picture{display:block; width:100%; max-width:272px; height:auto; margin:8px 0 0}
.mg-sum .mg-picture{max-width:220px; margin-top:5px; clear:both}
.mg-scale{display:flex; justify-content:space-between; max-width:272px; font-size:11.5px; color:var(--mg-soft)}
.mg-scale i{flex:1; height:5px; margin:6px 8px 0; border-radius:3px;
background:linear-gradient(90deg,var(--mg-negative),var(--mg-zero),var(--mg-positive))}
.mg-cell{fill:color-mix(in oklab,var(--mg-side) calc(var(--mg-level)*1%),var(--mg-zero))}
.mg-cell.mg-none{fill:var(--mg-ink)}
.mg-frame{--mg-side:var(--mg-positive)}
.mg-minus{--mg-side:var(--mg-negative)}
.mg-solid{fill:var(--mg-side)}
.mg-track{fill:var(--mg-line)}
.mg-axis{stroke:var(--mg-line)}
.mg-edge{fill:none; stroke:var(--mg-edge); stroke-width:1.5}
.mg-head{fill:var(--mg-edge)}
.mg-tail,[data-state=backward] .mg-head{display:none}
[data-state=backward] .mg-tail{display:inline; fill:var(--mg-now)}
.mg-node{cursor:pointer; outline:none}
.mg-card{fill:var(--mg-card); stroke:var(--mg-line)}
.mg-room{stroke:var(--mg-line); stroke-dasharray:none}
:is(.mg-input,.mg-opened) .mg-card{fill:var(--mg-tint)}
.mg-node:hover .mg-card{stroke:var(--mg-soft)}
.mg-ring{fill:none; stroke:none; stroke-width:2}
.mg-node text{text-anchor:middle; fill:var(--mg-soft); pointer-events:none}
.mg-node.mg-opened text{text-anchor:start}
.mg-node .mg-title{fill:var(--mg-ink); font-weight:600}
.mg-node .mg-mono{font-family:var(--mg-type)}
.mg-bar{fill:var(--mg-mark,var(--mg-edge))}
.mg-node .mg-number{fill:var(--mg-paper); font-size:10.5px; font-weight:700; text-anchor:middle}
.mg-toggle circle{fill:var(--mg-card); stroke:var(--mg-soft); stroke-width:1.5}
.mg-toggle:hover circle{fill:var(--mg-tint)}
.mg-toggle path{stroke:var(--mg-ink); stroke-width:1.8; fill:none}
.mg-node[data-state] .mg-card{stroke:var(--mg-now); fill:color-mix(in oklab,var(--mg-now) 9%,var(--mg-card))}
.mg-link[data-state] .mg-edge{stroke:var(--mg-now)}
.mg-link[data-state] .mg-head{fill:var(--mg-now)}
.mg-coloured .mg-node[style*=mg-heat] .mg-card{stroke:var(--mg-backward); stroke-width:calc(1px + var(--mg-heat)*.03px);
fill:color-mix(in oklab,var(--mg-backward) calc(4% + var(--mg-heat)*.42%),var(--mg-card))}
.mg-coloured .mg-node[style*=mg-heat] text{fill:var(--mg-ink)}
.mg-coloured .mg-link[style*=mg-heat] .mg-edge{stroke:var(--mg-backward); stroke-width:calc(1px + var(--mg-heat)*.04px)}
.mg-same .mg-ring{stroke:var(--mg-mark); stroke-dasharray:4 4}
.mg-match .mg-ring{stroke:var(--mg-forward); stroke-dasharray:2 3; stroke-width:3}
.mg-node[aria-pressed=true] .mg-ring{stroke:var(--mg-now,var(--mg-ink)); stroke-dasharray:none}
.mg-node:focus-visible .mg-ring{stroke:var(--mg-ink); stroke-width:3; stroke-dasharray:none}
.mg-node.mg-current .mg-card{stroke-width:2; filter:drop-shadow(0 3px 9px
color-mix(in oklab,var(--mg-now) 38%,transparent))}
.mg-link.mg-current .mg-edge{stroke-width:2.5; stroke-dasharray:7 5; animation:mg-flow .7s linear infinite}
.mg-link.mg-current[data-state=backward] .mg-edge{animation-direction:reverse}
.mg-amount{font-size:11px; font-weight:600; fill:var(--mg-now); stroke:var(--mg-paper); stroke-width:4px;
paint-order:stroke}
.mg-unseen{visibility:hidden}
.mg-main:has(.mg-code){--mg-panel:50%}
.mg-code{margin:0 0 14px; padding:8px 4px 8px 2.4em; background:var(--mg-zero); border-radius:8px; font:12.5px/1.6 var(--mg-type)}
.mg-code li{white-space:pre-wrap; overflow-wrap:anywhere}
.mg-code mark{color:var(--mg-paper); background:var(--mg-now,var(--mg-soft)); border-radius:4px; padding:1px 0}
.mg-broken .mg-card{stroke-dasharray:5 4}
}
@container (max-width:590px){.minigraph-widget{
.mg-main{grid-template-columns:minmax(0,1fr); height:auto}
.mg-view{height:clamp(300px,var(--mg-tall),460px)}
.mg-panel{border-left:0; border-top:1px solid var(--mg-line); min-height:360px}
.mg-player{grid-template-columns:1fr auto 1fr; padding-inline:12px}
.mg-rail{grid-column:1/-1; margin:0}
.mg-words{min-height:6em}
.mg-top{padding-inline:12px}}}
@keyframes mg-flow{to{stroke-dashoffset:-12}}
@media (prefers-reduced-motion:reduce){.minigraph-widget *{animation:none!important;
transition:none!important}}
@media print{.minigraph-widget{.mg-still{display:block!important}
.mg-still img{display:block!important}
&:has(.mg-still img) .mg-frame{display:none}}}
`;

function addStyle() {
  if (document.getElementById("minigraph-style")) return;
  document.head.append(make("style", { id: "minigraph-style" }, STYLE));
}

// ---------- Small tools

function make(tag, attributes, text) {
  return fill(document.createElement(tag), attributes, text);
}

function draw(tag, attributes, text) {
  return fill(document.createElementNS(SVG, tag), attributes, text);
}

function fill(element, attributes = {}, text) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

function button(text, label, action, attributes = {}) {
  const element = make("button", { type: "button", ...attributes }, text);
  if (label !== text) fill(element, { "aria-label": label, title: label });
  element.addEventListener("click", action);
  return element;
}

function within(value, least, most) {
  return Math.max(least, Math.min(most, value));
}

function count(n, thing) {
  return `${n.toLocaleString("en-US")} ${thing}${n === 1 ? "" : "s"}`;
}

// a; a and b; a, b and c
function listed(words) {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function row(list, title, text, field, mono) {
  list.append(make("dt", {}, title));
  list.append(make("dd", { "data-field": field, class: mono ? "mg-mono" : "" }, text));
}

// ---------- Pictures of arrays, which Python has reduced to a few cells with a letter each

// An array as a picture, with its scale and words that say what it shows. With a `scale` from
// outside it stands in a row of pictures that share it, and needs no words of its own.
function picture(data, name, scale) {
  const svg = draw("svg", { class: "mg-picture", role: "img" });
  const range = `between minus ${data.scale} and ${data.scale}`;
  fill(svg, { "aria-label": `${name}: ${data.form.caption} All numbers lie ${range}.` });
  const share = scale ? Number(data.scale) / scale : 1;
  let height = 0;
  if (data.form.kind === "bars" || data.form.kind === "rows") height += bars(svg, data, share) + 5;
  if (data.form.kind !== "bars") height += maps(svg, data, height, share);
  fill(svg, { viewBox: `0 0 272 ${height}` });
  return scale ? [svg] : [svg, scaleBar(data.scale), make("p", {}, data.form.caption)];
}

function scaleBar(scale) {
  const bar = make("div", { class: "mg-scale", "aria-hidden": "true" });
  bar.append(make("span", {}, `−${scale}`), make("i"), make("span", {}, scale));
  return bar;
}

// The numbers of the first row as bars, up and down from a line.
function bars(svg, data, share) {
  const wide = Math.min(272 / data.form.columns, 24);
  svg.append(draw("line", { class: "mg-axis", x1: 0, x2: 272, y1: 32, y2: 32 }));
  for (let i = 0; i < data.form.columns; i++) {
    const level = LEVELS.indexOf(data.cells[i]) - MIDDLE;
    const high = Math.abs(level) * share;
    svg.append(draw("rect", {
      class: level < 0 ? "mg-solid mg-minus" : "mg-solid", x: i * wide + 1, width: Math.max(wide - 2, 1),
      y: level < 0 ? 32 : 32 - high, height: Math.max(high, 0.5),
    }));
  }
  return 64;
}

// All maps side by side, each a grid of coloured cells.
function maps(svg, data, top, share) {
  const across = data.form.maps > 1 ? Math.min(data.form.maps, 3) : 1;
  const wide = (272 - 6 * (across - 1)) / across;
  const cell = Math.min(wide / data.form.columns, data.form.kind === "maps" ? 12 : 16);
  const high = data.form.kind === "maps" || data.form.kind === "grid" ? cell : 13;
  for (let m = 0; m < data.form.maps; m++) {
    const x = (m % across) * (wide + 6), y = top + Math.floor(m / across) * (high * data.form.rows + 6);
    svg.append(...cellPaths(data, m * data.form.rows, data.form.rows, x, y, cell, high, share));
  }
  return Math.ceil(data.form.maps / across) * (high * data.form.rows + 6) - 6;
}

// Some rows of cells. All cells of one colour are one path, so that a large picture is drawn fast.
function cellPaths(data, first, rows, left, top, wide, high, share = 1) {
  const paths = new Map();
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < data.form.columns; c++) {
      const letter = data.cells[(first + r) * data.form.columns + c];
      const at = `M${(left + c * wide).toFixed(1)} ${(top + r * high).toFixed(1)}`;
      paths.set(letter, `${paths.get(letter) || ""}${at}h${wide.toFixed(2)}v${high.toFixed(2)}h${(-wide).toFixed(2)}z`);
    }
  }
  return [...paths].map(([letter, d]) => {
    const level = LEVELS.indexOf(letter) - MIDDLE;
    const none = level < -MIDDLE;
    const path = draw("path", { class: `mg-cell${none ? " mg-none" : level < 0 ? " mg-minus" : ""}`, d });
    path.style.setProperty("--mg-level", Math.round(100 * share * Math.abs(level) / MIDDLE));
    return path;
  });
}

// How often the numbers of a weight fall into each bin.
function histogram(data, name) {
  const words = `between ${data.least} and ${data.most}, mean ${data.mean}, standard deviation ${data.std}`;
  const svg = draw("svg", {
    class: "mg-picture mg-histogram", role: "img", viewBox: "0 0 272 52", "aria-label": `Histogram of ${name}: ${words}`,
  });
  const wide = 272 / data.bars.length;
  [...data.bars].forEach((letter, i) => {
    const high = 50 * LEVELS.indexOf(letter) / (LEVELS.length - 1);
    svg.append(draw("rect", { class: "mg-bar", x: i * wide + 1, y: 50 - high, width: wide - 2, height: high }));
  });
  svg.append(draw("line", { class: "mg-axis", x1: 0, x2: 272, y1: 50.5, y2: 50.5 }));
  return [svg, make("p", {}, `Its numbers lie ${words}.`)];
}

// ---------- A stage to pan and zoom: wheel, pinch, drag, buttons

function makeStage(label) {
  const pane = make("div", { class: "mg-view" });
  const svg = draw("svg", { class: "mg-stage", role: "group", "aria-label": label });
  const zoom = make("div", { class: "mg-zoom", role: "group", "aria-label": "Zoom" });
  const camera = { x: 0, y: 0, scale: 0, width: 0, height: 0 };
  let content = { width: 1, height: 1 };
  pane.append(svg, zoom);
  zoom.append(
    button("−", "Zoom out", () => zoomBy(0.8)), button("+", "Zoom in", () => zoomBy(1.25)),
    button("⤢", "Show all", showAll),
  );

  function look() {
    const wide = camera.width / camera.scale, high = camera.height / camera.scale;
    const held = (at, seen, all) => within(at, -0.6 * seen, all - 0.4 * seen);
    camera.x = held(camera.x, wide, content.width);
    camera.y = held(camera.y, high, content.height);
    fill(svg, { viewBox: [camera.x, camera.y, wide, high].map((n) => n.toFixed(2)).join(" ") });
    // One finger scrolls the page as long as nothing is hidden; then it moves the drawing.
    svg.style.touchAction = wide >= content.width - 1 && high >= content.height - 1 ? "pan-y" : "none";
  }

  // As large as its text was meant to be, smaller to show all of it, but never unreadable.
  function begin() {
    const wide = camera.width / content.width, least = Math.min(0.72, Math.max(wide, 0.5));
    camera.scale = within(Math.min(wide, camera.height / content.height), least, 1);
    centre();
  }

  function showAll() {
    camera.scale = Math.min(camera.width / content.width, camera.height / content.height, 1.5);
    centre();
  }

  function centre() {
    camera.x = (content.width - camera.width / camera.scale) / 2;
    camera.y = Math.min(0, (content.height - camera.height / camera.scale) / 2);
    look();
  }

  function zoomBy(factor, x = camera.width / 2, y = camera.height / 2) {
    const all = Math.min(camera.width / content.width, camera.height / content.height);
    const scale = within(camera.scale * factor, Math.min(all, 0.5), 4);
    camera.x += x / camera.scale - x / scale;
    camera.y += y / camera.scale - y / scale;
    camera.scale = scale;
    look();
  }

  function pan(dx, dy) {
    camera.x -= dx / camera.scale;
    camera.y -= dy / camera.scale;
    look();
  }

  // Move as little as is needed to see a box.
  function reveal([x, y, width, height]) {
    if (!camera.scale) return;
    const away = (low, high, from, seen) => (
      low < from ? low - from : high > from + seen ? Math.min(high - from - seen, low - from) : 0);
    camera.x += away(x - 20, x + width + 20, camera.x, camera.width / camera.scale);
    camera.y += away(y - 50, y + height + 50, camera.y, camera.height / camera.scale);
    look();
  }

  // The size of what is drawn; a point that was at `before` and is at `after` stays where it is.
  function resize(size, before, after) {
    content = size;
    if (!camera.scale) return;
    if (before) {
      camera.x += after[0] - before[0];
      camera.y += after[1] - before[1];
    }
    look();
  }

  svg.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !pane.contains(document.activeElement)) return;
    event.preventDefault();
    const box = svg.getBoundingClientRect();
    const speed = event.ctrlKey ? 0.01 : 0.0015;
    zoomBy(Math.exp(-event.deltaY * speed), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });

  const fingers = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    moved = 0;
  });
  svg.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    fingers.set(event.pointerId, event);
    const dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
    moved += Math.abs(dx) + Math.abs(dy);
    if (fingers.size === 2) {
      const other = [...fingers.values()].find((one) => one.pointerId !== event.pointerId);
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      const box = svg.getBoundingClientRect();
      zoomBy(apart(event) / (apart(last) || 1), (event.clientX + other.clientX) / 2 - box.left,
        (event.clientY + other.clientY) / 2 - box.top);
    } else if (moved > 4) {
      if (!svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
      svg.classList.add("mg-dragged");
      pan(dx, dy);
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    svg.addEventListener(end, (event) => {
      fingers.delete(event.pointerId);
      svg.classList.remove("mg-dragged");
    });
  }
  const sizes = new ResizeObserver(() => {
    const before = camera.width;
    Object.assign(camera, { width: pane.clientWidth, height: pane.clientHeight });
    if (!camera.width) return;
    if (!camera.scale) return begin();
    camera.x += (before - camera.width) / 2 / camera.scale; // what was in the middle stays there
    look();
  });
  sizes.observe(pane);

  const KEYS = { "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), 0: showAll };
  const SHIFTED = { ArrowUp: [0, 60], ArrowDown: [0, -60], ArrowLeft: [60, 0], ArrowRight: [-60, 0] };
  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.shiftKey && SHIFTED[event.key]) pan(...SHIFTED[event.key]);
    else if (KEYS[event.key]) KEYS[event.key]();
    else return false;
    return true;
  }
  return { pane, svg, camera, reveal, resize, key, remove: () => sizes.disconnect() };
}

// ---------- The frame that all widgets share

// Draw `data` into `host`. Options: `selected` (an id), `step` (a number), and
// `onChange({selected, step})`, called when the reader changed either.
// Returns {select(id), go(step), remove()} for those who drive it from outside.
function mount(host, data, options = {}) {
  addStyle();
  const state = { selected: options.selected || "", step: options.step || 0 };
  const widget = { data, state, change: (next) => change(next, true), refresh: show };
  const view = views[data.view](widget);
  const stops = view.stops || (() => [0]);
  const player = stops().length > 1 ? makePlayer(view, stops, state, go) : null;
  const panel = make("div", {
    class: "mg-panel", role: "region", tabindex: "0", "aria-label": `Details of what is chosen in ${data.title}`,
  });
  let scrolled = false; // to ask the panel itself would lay out the whole page at each step
  panel.addEventListener("scroll", () => { scrolled = true; });
  const main = make("div", { class: "mg-main" });
  if (view.height) main.style.setProperty("--mg-tall", `${Math.round(view.height)}px`);
  main.append(view.stage, panel);
  const frame = make("div", { class: "mg-frame", role: "group", "aria-label": data.title });
  frame.append(makeTop(host, data, view, widget));
  frame.append(player ? player.element : make("p", { class: "mg-note" }, data.note));
  frame.append(main);
  if (view.help) frame.append(make("p", { class: "mg-help" }, view.help));
  const still = host.querySelector(".mg-still") || stillOf(data);
  host.replaceChildren(frame, still);
  host.setAttribute("data-mounted", "true");

  // Everything follows from the state alone, whoever changed it.
  function show() {
    view.show(state);
    if (player) player.show();
    panel.replaceChildren(...view.inspect(state));
  }

  function change(next, told) {
    const step = within(next.step ?? state.step, 0, Math.max(...stops()));
    const selected = next.selected ?? state.selected;
    if (step === state.step && selected === state.selected) return;
    if (scrolled) panel.scrollTop = 0;
    scrolled = false;
    Object.assign(state, { step, selected });
    show();
    if (view.reveal) view.reveal(selected);
    if (told && options.onChange) options.onChange({ selected, step });
  }

  // A step takes the selection along to where it happens.
  function go(step, told = true) {
    const selected = step > 0 && view.at ? view.at(step) : null;
    change({ step, selected: selected ?? state.selected }, told);
  }

  show();
  return {
    select: (id) => change({ selected: id }, false),
    go(step) { if (step !== state.step) go(step, false); },
    remove() {
      if (player) player.stop();
      if (view.remove) view.remove();
      host.replaceChildren();
      host.removeAttribute("data-mounted");
    },
  };
}

// The title, a few facts, the search, the view's own tools, and the table on demand.
function makeTop(host, data, view, widget) {
  const top = make("div", { class: "mg-top" });
  const tools = make("div", { class: "mg-tools" });
  top.append(make("span", { class: "mg-heading" }, data.title));
  top.append(make("span", { class: "mg-facts" }, (view.facts || []).join(" · ")), tools);
  if (view.search) tools.append(...makeSearch(data, view, widget));
  tools.append(...(view.tools || []));
  tools.append(button("Table", "Table", (event) => {
    const open = host.toggleAttribute("data-table"), still = host.querySelector(".mg-still");
    fill(still, { tabindex: open ? 0 : -1, role: "region", "aria-label": `Table of ${data.title}` });
    fill(event.currentTarget, { "aria-expanded": open });
  }, { "aria-expanded": "false", "data-action": "table" }));
  return top;
}

function makeSearch(data, view, widget) {
  const label = `Search in ${data.title}`;
  const field = make("input", { class: "mg-search", type: "search", placeholder: "Search a layer", "aria-label": label });
  const found = make("span", { class: "mg-found", role: "status" });
  let ids = [];
  field.addEventListener("input", () => {
    ids = view.search(field.value.trim().toLowerCase());
    found.textContent = field.value.trim() ? `${ids.length} found` : "";
  });
  field.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || !ids.length) return;
    const next = (ids.indexOf(widget.state.selected) + 1) % ids.length;
    widget.change({ selected: ids[next] });
    found.textContent = `${next + 1} of ${ids.length}: ${ids[next]}`;
  });
  return [field, found];
}

// Buttons and a slider for the steps, and the sentence that says what happens.
function makePlayer(view, stops, state, go) {
  const element = make("div", { class: "mg-player", role: "group", "aria-label": "Recorded pass" });
  const back = button("‹ Previous", "Previous step", () => move(-1), { "data-action": "back" });
  const play = button("▶ Play", "Play", toggle, { class: "mg-play", "data-action": "play" });
  const next = button("Next ›", "Next step", () => move(1), { "data-action": "forward" });
  const slider = make("input", { type: "range", min: 0, step: 1, value: 0, "aria-label": "Step of the recorded pass" });
  const rail = make("div", { class: "mg-rail" });
  const words = make("p", { class: "mg-words", "aria-live": "polite" });
  let timer = null;
  rail.append(slider);
  element.append(back, play, next, rail, words);
  slider.addEventListener("input", () => {
    stop();
    go(stops()[Number(slider.value)]);
  });

  // The place of the current step among those at which to stop, or of the last one before it.
  function place() {
    return stops().findLastIndex((stop) => stop <= state.step);
  }

  function move(by) {
    if (timer) stop();
    const all = stops();
    go(all[within(place() + by, 0, all.length - 1)]);
  }

  function toggle() {
    if (timer) return stop();
    const all = stops();
    if (place() === all.length - 1) go(0);
    timer = setInterval(() => {
      if (!element.isConnected || place() >= stops().length - 1) return stop();
      go(stops()[place() + 1]);
    }, PAUSE);
    label("❚❚ Pause", "Pause");
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    label("▶ Play", "Play");
  }

  function label(text, name) {
    play.textContent = text;
    fill(play, { "aria-label": name, title: name });
  }

  function show() {
    const all = stops(), at = place(), last = all.length - 1;
    const { title, text, phase } = view.words(all[at]);
    slider.max = last;
    slider.value = at;
    slider.setAttribute("aria-valuetext", `Step ${at} of ${last}. ${text}`);
    element.setAttribute("data-phase", phase);
    const turn = view.turn ? all.indexOf(view.turn) : -1;
    rail.style.setProperty("--mg-split", `${turn < 0 ? 100 : 100 * (turn - 0.5) / last}%`);
    back.disabled = at === 0;
    next.disabled = at === last;
    const opening = make("b", {}, at ? `Step ${at} of ${last}, ${title}. ` : "Ready. ");
    words.replaceChildren(opening, document.createTextNode(text));
  }
  return { element, show, stop };
}

// In a notebook no page has brought a table along.
function stillOf(data) {
  const still = make("div", { class: "mg-still" });
  const table = make("table");
  table.append(make("caption", {}, data.caption));
  (data.rows || []).forEach((texts, r) => {
    const line = make("tr");
    line.append(...texts.map((text, c) => make(r && c ? "td" : "th", r && c ? {} : { scope: r ? "row" : "col" }, text)));
    table.append(line);
  });
  still.append(table);
  return still;
}

// ---------- The graph

const ABOUT = { broken: "About this call", input: "About this input", layer: "About this layer", op: "About this operation", model: "About this model" };
const HELP = "Drag to move, click once and turn the wheel to zoom. Keys: arrows follow the drawing, + and − zoom, 0 shows all, "
  + "Shift and arrows move.";
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

views.graph = function (widget) {
  const { data, state } = widget;
  const boxes = data.boxes.map((box) => ({ ...data.usual, ...box }));
  const places = new Map(boxes.map((box, i) => [box.path, i]));
  const stage = makeStage(data.sentence);
  const norms = heats();
  let opened = new Set(), drawing = data.drawings[""], nodes = new Map(), links = new Map();
  let layers = {}, matches = new Set();
  if (!places.has(state.selected)) state.selected = boxes[0].path;
  draws();

  // The numbers of the steps: forward through all boxes, the loss, backward through all boxes.
  const steps = { forward: (i) => i + 1, loss: boxes.length + 1, backward: (i) => 2 * boxes.length + 1 - i };
  const recorded = (i) => data.passes > 0 && boxes[i].value.length > 0;

  function boxAt(step) {
    if (step <= 0 || step === steps.loss) return null;
    return step < steps.loss ? step - 1 : 2 * boxes.length + 1 - step;
  }

  function stops() {
    const shown = drawing.boxes.map(([i]) => i).filter((i) => !opened.has(i) && recorded(i));
    if (!shown.length) return [0];
    const forward = [0, ...shown.map(steps.forward)];
    return data.passes < 2 ? forward : [...forward, steps.loss, ...shown.toReversed().map(steps.backward)];
  }

  function phaseOf(i, step, from = "forward") {
    if (!recorded(i)) return null;
    if (data.passes > 1 && steps.backward(i) <= step) return "backward";
    return steps[from](i) <= step ? "forward" : null;
  }

  // ---- drawing

  function draws() {
    const { svg } = stage;
    nodes = new Map();
    links = new Map();
    const rooms = draw("g");
    layers = { edges: draw("g"), boxes: draw("g"), amounts: draw("g", { "aria-hidden": "true" }) };
    for (const [i, ...place] of drawing.boxes) {
      if (opened.has(i)) rooms.append(room(i, place));
      const node = drawNode(i, place);
      nodes.set(i, { element: node, place, layer: place[4], phase: null });
      layers.boxes.append(node);
    }
    for (const [k, path] of drawing.edges) {
      const link = draw("g", { class: "mg-link", "data-edge": k });
      const [head, tail] = arrowHeads(path);
      link.append(draw("path", { class: "mg-edge", d: path }), draw("path", { class: "mg-head", d: head }));
      link.append(draw("path", { class: "mg-tail", d: tail }));
      if (norms.edge(k) !== null) link.style.setProperty("--mg-heat", norms.edge(k));
      links.set(k, link);
      layers.edges.append(link);
    }
    svg.replaceChildren(rooms, layers.edges, layers.boxes, layers.amounts);
  }

  // The triangle at the end of a path, which stops short of it, and the one at its start for the way back.
  function arrowHeads(path) {
    const at = path.match(/-?[\d.]+/g).map(Number);
    const [x, y] = at, [endX, endY] = at.slice(-2);
    return data.rankdir === "TB"
      ? [`M${endX} ${endY + 7}l-4 -8h8z`, `M${x} ${y}l-4 8h8zM${endX - 0.75} ${endY}v7h1.5v-7z`]
      : [`M${endX + 7} ${endY}l-8 -4v8z`, `M${x} ${y}l8 -4v8zM${endX} ${endY - 0.75}h7v1.5h-7z`];
  }

  function room(i, [x, y, width, height]) {
    let depth = 0;
    for (let at = boxes[i].parent; at !== null; at = boxes[at].parent) depth++;
    const rect = draw("rect", { class: "mg-room", x, y, width, height, rx: 10 });
    rect.style.fill = `var(--mg-room${depth % 2})`;
    return rect;
  }

  function drawNode(i, [x, y, width, whole]) {
    const box = boxes[i], open = opened.has(i), model = box.kind === "model";
    const height = open ? HEADING : whole;
    const round = box.kind === "input" || box.kind === "op" ? 22 : 10;
    const call = box.calls > 1 ? `, call ${box.call + 1} of ${box.calls}` : "";
    const same = box.shared === null ? "" : `, shared layer ${box.shared + 1}`;
    const node = draw("g", {
      class: `mg-node mg-${box.kind}${open ? " mg-opened" : ""}`, tabindex: "-1", role: "button", "data-node": i,
      "aria-label": `${box.name}, ${box.type}${call}${same}, output shape ${box.outputs.join(", ")}`,
    });
    if (model) node.setAttribute("aria-expanded", open);
    if (norms.box(i) !== null && !open) node.style.setProperty("--mg-heat", norms.box(i));
    if (box.shared !== null) node.style.setProperty("--mg-mark", `var(--mg-shared${box.shared % 6})`);
    const card = (dx) => draw("rect", { class: "mg-card", x: x + dx, y: y + dx, width, height, rx: round });
    if (model && !open) node.append(card(5));
    node.append(card(0), draw("rect", {
      class: "mg-ring", x: x - 4, y: y - 4, width: width + 8, height: whole + 8, rx: round + 4,
    }));
    if (box.parameters || box.shared !== null) {
      node.append(draw("rect", { class: "mg-bar", x: x + 6, y: y + 9, width: 4, height: height - 18, rx: 2 }));
    }
    node.append(...(open ? heading(box, x, y) : captions(box, x + width / 2, y)));
    if (box.shared !== null) {
      node.append(draw("circle", { class: "mg-bar", cx: x + width - 3.5, cy: y + 3.5, r: 8.5 }));
      node.append(draw("text", { class: "mg-number", x: x + width - 3.5, y: y + 7 }, box.shared + 1));
    }
    if (model) node.append(toggle(i, x, y, open));
    node.append(draw("title", {}, model ? `${box.path}: ${open ? "close" : "open"} it with a double click` : box.path));
    node.addEventListener("click", () => choose(i, node));
    node.addEventListener("dblclick", () => model && setOpen(i, !opened.has(i)));
    node.addEventListener("keydown", (event) => onKey(event, i));
    return node;
  }

  function captions(box, middle, y) {
    let baseline = y + PADDING;
    return box.lines.map((text, k) => {
      const [style, size, line] = LINES[k];
      baseline += line;
      return draw("text", { class: `mg-${style}`, x: middle, y: baseline - 5, "font-size": size }, text);
    });
  }

  function heading(box, x, y) {
    const text = draw("text", { x: x + 16, y: y + HEADING / 2 + 5 });
    box.lines.slice(0, 2).forEach((words, k) => {
      const [style, size] = LINES[k];
      text.append(draw("tspan", { class: `mg-${style}`, "font-size": size, dx: k ? 10 : 0 }, words));
    });
    return [text];
  }

  // The round mark that opens and closes a model with the mouse; the keyboard has Enter.
  function toggle(i, x, y, open) {
    const mark = draw("g", { class: "mg-toggle", "data-toggle": i });
    mark.append(draw("circle", { cx: x, cy: y, r: 9 }));
    mark.append(draw("path", { d: `M${x - 4} ${y}h8${open ? "" : `M${x} ${y - 4}v8`}` }));
    mark.addEventListener("click", (event) => {
      event.stopPropagation();
      setOpen(i, !opened.has(i));
    });
    mark.addEventListener("dblclick", (event) => event.stopPropagation());
    return mark;
  }

  // Open or close a model in place: its corner stays where it is.
  function setOpen(i, wanted, focus = true) {
    const next = new Set(opened);
    if (wanted) for (let at = i; at !== null; at = boxes[at].parent) next.add(at);
    else for (const k of opened) if (k === i || inside(k, i)) next.delete(k);
    const before = nodes.get(i);
    opened = choiceFor(next, i, wanted);
    drawing = data.drawings[keyOf(opened)];
    draws();
    if (!nodes.has(places.get(state.selected))) state.selected = boxes[i].path;
    const after = nodes.get(i);
    stage.resize(drawing, before && before.place, after.place);
    widget.refresh();
    stage.reveal(opened.has(i) ? [...after.place.slice(0, 3), HEADING] : after.place);
    if (focus) after.element.focus({ preventScroll: true });
  }

  // Where there is no drawing of all that is wanted, only this model and those around it are open.
  function choiceFor(wanted, i, open) {
    if (data.drawings[keyOf(wanted)]) return wanted;
    const chain = new Set();
    for (let at = open ? i : boxes[i].parent; at !== null; at = boxes[at].parent) chain.add(at);
    return data.drawings[keyOf(chain)] ? chain : new Set();
  }

  function keyOf(set) {
    return [...set].sort((a, b) => a - b).join(",");
  }

  function inside(i, holder) {
    for (let at = boxes[i].parent; at !== null; at = boxes[at].parent) if (at === holder) return true;
    return false;
  }

  // ---- moving about

  function choose(i, node) {
    widget.change({ selected: boxes[i].path });
    node.focus({ preventScroll: true });
  }

  function onKey(event, i) {
    const model = boxes[i].kind === "model";
    const arrow = !event.shiftKey && ARROWS[event.key];
    let next = null;
    if (event.key === "Enter" || event.key === " ") {
      widget.change({ selected: boxes[i].path });
      if (model) setOpen(i, !opened.has(i));
    } else if (event.key === "Escape" && boxes[i].parent !== null) next = boxes[i].parent;
    else if (arrow) next = neighbour(i, arrow);
    else if (!stage.key(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (next === null) return;
    widget.change({ selected: boxes[next].path });
    nodes.get(next).element.focus({ preventScroll: true });
  }

  // The node to which an arrow key leads: along an edge, or to the nearest in the same layer.
  function neighbour(from, [dx, dy]) {
    const down = data.rankdir === "TB";
    const along = down ? dy : dx, side = down ? dx : dy;
    const centre = (i) => {
      const [x, y, width, height] = nodes.get(i).place;
      return down ? x + width / 2 : y + height / 2;
    };
    let found;
    if (along && opened.has(from)) found = along > 0 ? [...nodes.keys()].filter((i) => boxes[i].parent === from).slice(0, 1) : [];
    else if (along) {
      const [here, there] = along > 0 ? ["source", "target"] : ["target", "source"];
      found = [...links.keys()].map((k) => data.edges[k]).filter((edge) => edge[here] === from).map((edge) => edge[there]);
    } else {
      found = [...nodes.keys()].filter((i) => (
        boxes[i].parent === boxes[from].parent && nodes.get(i).layer === nodes.get(from).layer
        && side * (centre(i) - centre(from)) > 0));
    }
    found = found.filter((i) => !nodes.get(i).element.matches(".mg-unseen"));
    const distance = (i) => Math.abs(centre(i) - centre(from));
    return found.sort((a, b) => distance(a) - distance(b))[0] ?? from;
  }

  // Open what hides a box, and bring it into sight.
  function reveal(path) {
    const i = places.get(path);
    if (i === undefined) return;
    if (!nodes.has(i)) setOpen(boxes[i].parent, true, false);
    const { place } = nodes.get(i);
    stage.reveal(opened.has(i) ? [...place.slice(0, 3), HEADING] : place);
  }

  function search(text) {
    const fits = (box) => `${box.path} ${box.type}`.toLowerCase().includes(text);
    matches = new Set(text ? boxes.filter(fits).map((box) => box.path) : []);
    widget.refresh();
    return [...matches];
  }

  // ---- showing a state

  function show({ selected, step }) {
    const chosen = places.get(selected);
    const box = boxes[chosen];
    const stop = stops().findLast((one) => one <= step);
    const current = boxAt(stop);
    for (const [i, node] of nodes) {
      const { element } = node;
      const same = i !== chosen && box.shared !== null && box.shared === boxes[i].shared;
      const look = [i === chosen, i === current, same, matches.has(boxes[i].path)];
      if (String(look) !== node.look) {
        node.look = String(look);
        fill(element, { "aria-pressed": look[0], tabindex: look[0] ? 0 : -1 });
        ["mg-current", "mg-same", "mg-match"].forEach((name, k) => element.classList.toggle(name, look[k + 1]));
      }
      const phase = opened.has(i) ? null : phaseOf(i, step);
      if (phase === node.phase) continue;
      node.phase = phase;
      paint(element, phase);
      strip(element, node.place, phase && boxes[i][phase === "forward" ? "value" : "gradient"][0]);
    }
    const back = stop > steps.loss;
    layers.amounts.replaceChildren();
    for (const [k, link] of links) {
      const { source, target, output, term } = data.edges[k];
      const now = current !== null && (back ? source : target) === current;
      if (now !== link.classList.contains("mg-current")) link.classList.toggle("mg-current", now);
      const reached = phaseOf(source, step) === "backward" ? "backward" : phaseOf(target, step) && "forward";
      if (reached !== link.getAttribute("data-state")) paint(link, reached);
      const carried = back ? term : boxes[source].value && boxes[source].value[output];
      if (now) layers.amounts.append(amount(link, carried ? carried.norm : "none", back));
    }
  }

  function paint(element, phase) {
    if (phase) element.setAttribute("data-state", phase);
    else element.removeAttribute("data-state");
  }

  // A row of a node's value or gradient, as a strip of colours inside its box.
  function strip(node, [x, y, width, height], array) {
    const old = node.querySelector(".mg-strip");
    if (old) old.remove();
    const seen = array && array.picture;
    if (!seen) return;
    const row = seen.form.kind === "maps" ? Math.floor(seen.form.rows / 2) : 0;
    const group = draw("g", { class: "mg-strip", "aria-hidden": "true" });
    group.append(draw("rect", { class: "mg-track", x: x + 17, y: y + height - 9, width: width - 34, height: 6, rx: 2 }));
    group.append(...cellPaths(seen, row, 1, x + 18, y + height - 8, (width - 36) / seen.form.columns, 4));
    node.append(group);
  }

  // The norm of what a current edge carries: beside the arrow, or where one that runs level has no head.
  function amount(link, norm, back) {
    // A path outside the page is measured without laying out the page first.
    const path = draw("path", { d: link.querySelector(".mg-edge").getAttribute("d") });
    const half = path.getTotalLength() / 2;
    const [before, middle, after] = [half - 2, half, half + 2].map((at) => path.getPointAtLength(at));
    const level = Math.abs(after.x - before.x) > Math.abs(after.y - before.y);
    return draw("text", {
      class: "mg-amount", "data-state": back ? "backward" : "forward", "text-anchor": level ? "middle" : "start",
      x: level ? middle.x : middle.x + 8, y: !level ? middle.y + 4 : back ? middle.y + 14 : middle.y - 6,
    }, norm);
  }

  // How strong a gradient is among all, from 0 to 100 on a logarithmic scale; null where there is none.
  function heats() {
    const number = (array) => (array ? Number(array.norm) : 0);
    const size = (i) => (boxes[i].gradient ? Math.max(0, ...boxes[i].gradient.map(number)) : 0);
    const all = boxes.map((_, i) => size(i)).filter((norm) => norm > 0);
    const least = Math.min(...all), most = Math.max(...all);
    const share = (norm) => Math.round(100 * (Math.log(norm / least) / (Math.log(most / least) || 1)));
    const heat = (norm) => (norm > 0 ? within(share(norm), 0, 100) : null);
    return { least, most, any: all.length > 0, box: (i) => heat(size(i)), edge: (k) => heat(number(data.edges[k].term)) };
  }

  const tools = [];
  if (norms.any) {
    const legend = make("div", { class: "mg-legend" });
    legend.append("gradient norm ", String(norms.least), make("i"), String(norms.most));
    tools.push(button("Gradient colours", "Gradient colours", (event) => {
      const on = stage.pane.classList.toggle("mg-coloured");
      fill(event.currentTarget, { "aria-pressed": on });
      if (on) stage.pane.append(legend);
      else legend.remove();
    }, { "aria-pressed": "false", "data-action": "colour" }));
  }

  // ---- words

  function nameOf(i) {
    const { name, call, calls, parent } = boxes[i];
    const number = calls > 1 ? ` (call ${call + 1})` : "";
    return `‘${name}’${number}${parent === null ? "" : ` in ${nameOf(parent)}`}`;
  }

  // The gradients that meet at a box in this drawing: what each use of its value sends back.
  function termsOf(i) {
    const found = drawing.ends.flatMap((end, k) => (end === i ? [{ name: "the loss", term: data.ends[k] }] : []));
    for (const k of links.keys()) {
      const { source, target, term } = data.edges[k];
      if (source === i) found.push({ name: nameOf(target), term });
    }
    return found;
  }

  function words(step) {
    const i = boxAt(step);
    if (step === 0) return { title: "", text: data.opening, phase: "start" };
    if (i === null) {
      const text = `The loss is ${data.loss}, one number. Now its gradient walks back: each arrow carries the gradient of `
        + "the loss with respect to the value that went along it.";
      return { title: "loss", text, phase: "loss" };
    }
    return step < steps.loss
      ? { title: "forward", text: forwardWords(i), phase: "forward" }
      : { title: "backward", text: backwardWords(i), phase: "backward" };
  }

  function forwardWords(i) {
    const what = listed(boxes[i].value.map((array) => `shape ${array.shape}, norm ${array.norm}`));
    const sources = [...links.keys()].map((k) => data.edges[k]).filter((edge) => edge.target === i);
    if (!sources.length) return `The data enters at ${nameOf(i)}: ${what}.`;
    const names = listed([...new Set(sources.map((edge) => nameOf(edge.source)))]);
    if (boxes[i].kind === "input") return `At ${nameOf(i)} the value of ${names} enters: ${what}.`;
    return `${nameOf(i)} computes its value from ${names}: ${what}.`;
  }

  function backwardWords(i) {
    const box = boxes[i], arrived = box.gradient.filter((array) => array);
    if (!arrived.length) return `No gradient arrives at ${nameOf(i)}: the loss does not depend smoothly on its value.`;
    const terms = termsOf(i), names = listed(terms.map((part) => part.name));
    const norm = listed(arrived.map((array) => array.norm));
    let text = terms.length > 1
      ? `At ${nameOf(i)} the gradients from ${names} meet and are added: norm ${norm}.`
      : `At ${nameOf(i)} the gradient from ${names} arrives: norm ${norm}.`;
    const weights = box.weights.filter((weight) => weight.gradient).map((weight) => weight.name);
    if (!weights.length) return text;
    text += box.shared === null ? " From it" : " From this and its other calls";
    return `${text} follows the gradient of ${listed(weights)}.`;
  }

  // ---- the inspector

  function inspect({ selected, step }) {
    const i = places.get(selected), box = boxes[i];
    const parts = [make("h3", { "data-field": "name" }, box.name)];
    const kind = box.activation ? `${box.type} · ${box.activation}` : box.type;
    parts.push(make("p", { class: "mg-kind", "data-field": "type" }, kind));
    if (box.parent !== null) parts.push(make("p", { class: "mg-kind", "data-field": "path" }, `path ${box.path}`));
    if (box.shared !== null) {
      const same = boxes.filter((other) => other.shared === box.shared && boxes[i].type === other.type).length;
      const text = box.calls > 1 ? `call ${box.call + 1} of ${box.calls}, one set of weights` : `one of ${same} calls, one set of weights`;
      const chip = make("span", { class: "mg-call" }, text);
      chip.style.color = `var(--mg-shared${box.shared % 6})`;
      parts.push(chip);
    }
    if (box.kind === "model") {
      const open = opened.has(i);
      parts.push(button(open ? "Close this model" : "Open this model", open ? "Close this model" : "Open this model",
        () => setOpen(i, !open), { class: "mg-open", "data-action": "open", "aria-expanded": open }));
    }
    if (box.formula) parts.push(make("code", { class: "mg-formula", "data-field": "formula" }, box.formula));
    if (recorded(i) && phaseOf(i, step) === "backward") parts.push(gradientRecord(i));
    if (recorded(i) && steps.forward(i) <= step) parts.push(record("forward", "Value", box.value));
    parts.push(about(box));
    const first = boxes.findIndex((other) => other.shared !== null && other.shared === box.shared);
    const weights = first < 0 ? box.weights : boxes[first].weights;
    const reached = phaseOf(first < 0 ? i : first, step) === "backward";
    if (weights.length) parts.push(weightRecord(weights, reached));
    return parts;
  }

  function record(phase, title, arrays) {
    const block = make("section", { class: "mg-record", "data-phase": phase });
    block.append(make("h4", {}, title));
    arrays.forEach((array, k) => {
      const list = make("dl");
      const number = arrays.length > 1 ? ` of output ${k}` : "";
      if (!array) return block.append(make("p", {}, `No gradient arrives${number}.`));
      row(list, `Shape${number}`, array.shape, `${phase}-shape`, true);
      row(list, "Norm", array.norm, `${phase}-norm`);
      block.append(list);
      if (array.picture) block.append(...picture(array.picture, title));
    });
    return block;
  }

  // The gradient, and where several meet, the sum term by term.
  function gradientRecord(i) {
    const terms = termsOf(i);
    const block = record("backward", "Gradient that arrives", boxes[i].gradient);
    if (terms.length < 2) return block;
    const list = make("ol", { class: "mg-sum", "aria-label": "The sum, term by term" });
    const sum = boxes[i].gradient.find((array) => array && array.picture);
    const scales = [...terms.map((part) => part.term), sum].map((array) => (array && array.picture ? Number(array.picture.scale) : 0));
    const scale = Math.max(...scales);
    const item = (sign, field, words, array, norm) => {
      const line = make("li", { "data-sign": sign });
      line.append(make("b", { "data-field": field }, norm), words);
      if (array && array.picture && scale) line.append(...picture(array.picture, words, scale));
      list.append(line);
    };
    terms.forEach(({ name, term }, k) => item(k ? "+" : "", "term", `from ${name}`, term, term ? term.norm : "none"));
    item("=", "sum", "their sum, which arrives", sum, listed(boxes[i].gradient.map((array) => (array ? array.norm : "none"))));
    block.append(make("h5", {}, "A sum of arrays, one for each use"), list);
    if (scale) block.append(scaleBar(String(scale)));
    block.append(make("p", {}, "Beside each array stands its norm. Norms do not add up as the arrays do."));
    return block;
  }

  function about(box) {
    const block = make("section", { class: "mg-record" });
    const list = make("dl");
    block.append(make("h4", {}, ABOUT[box.kind]));
    if (box.sentence) block.append(make("p", { class: "mg-doc" }, box.sentence));
    row(list, "Output shape", box.outputs.join(", "), "output-shape", true);
    if (box.inputs.length) row(list, "Input shape", box.inputs.join(", "), "input-shape", true);
    row(list, "Numbers", box.dtype, "dtype");
    row(list, "Parameters", box.parameters.toLocaleString("en-US"), "parameters");
    if (box.trainable !== null) row(list, "Trainable", box.trainable ? "yes" : "no, frozen", "trainable");
    block.append(list);
    return block;
  }

  function weightRecord(weights, reached) {
    const block = make("section", { class: "mg-record mg-weights" });
    block.append(make("h4", {}, "Weights"));
    for (const weight of weights) {
      const list = make("dl");
      block.append(make("h5", { "data-field": "weight-name" }, weight.name), list);
      row(list, "Shape", weight.shape, "weight", true);
      if (reached && weight.gradient) row(list, "Norm of its gradient", weight.gradient, "weight-norm");
      if (weight.picture) block.append(...picture(weight.picture, weight.name));
      if (weight.histogram) block.append(...histogram(weight.histogram, weight.name));
      if (weight.note) block.append(make("p", {}, weight.note));
    }
    return block;
  }

  stage.resize(drawing);
  const top = boxes.filter((box) => box.parent === null).length;
  const facts = [count(top, "node"), count(data.parameters, "parameter")];
  if (top < boxes.length) facts[0] += ` (${boxes.length} with all models open)`;
  if (data.samples) facts.push(`recorded on ${count(data.samples, "sample")}`);
  return {
    stage: stage.pane, tools, facts, stops, words, show, inspect, reveal, search, remove: stage.remove,
    height: drawing.height + 14, turn: data.passes > 1 ? steps.loss : 0,
    at: (step) => (boxAt(step) === null ? null : boxes[boxAt(step)].path),
    help: `${HELP} Enter opens and closes a model, Escape leads out of it.`,
  };
};

// ---------- A graph that grows call by call beside its code

views.calls = function (widget) {
  const { data } = widget, graph = views.graph(widget);
  const paths = data.boxes.map((box) => ({ ...data.usual, ...box }).path);
  const callOf = (i) => data.calls[i - data.first];
  const phaseOf = (i) => (data.broken && i === paths.length - 1 ? "broken" : "forward");

  function show(state) {
    graph.show(state);
    const last = data.first + state.step - 1;
    const look = (name, number, i) => {
      const element = graph.stage.querySelector(`[data-${name}="${number}"]`);
      element.classList.toggle("mg-unseen", i > last);
      element.classList.toggle("mg-current", state.step > 0 && i === last);
      element.setAttribute("data-state", phaseOf(i));
    };
    paths.forEach((_, i) => look("node", i, i));
    data.edges.forEach((edge, k) => look("edge", k, edge.target));
  }

  // The code, in which the call that draws what is chosen is marked.
  function inspect(state) {
    const i = paths.indexOf(state.selected), seen = i < data.first + state.step;
    const spans = (seen && callOf(i)?.spans) || [];
    const list = make("ol", { class: "mg-code", "data-state": phaseOf(i) });
    list.append(...data.code.map((text, k) => {
      const line = make("li"), [, from, to] = spans.find(([at]) => at === k) || [];
      line.append(text.slice(0, from), ...(to ? [make("mark", {}, text.slice(from, to)), text.slice(to)] : []));
      return line;
    }));
    const code = data.code.length ? [list] : [];
    return seen ? [...code, ...graph.inspect(state)] : code;
  }

  function words(step) {
    const i = data.first + step - 1, phase = step ? phaseOf(i) : "start";
    return { phase, title: phase === "broken" ? "it breaks" : "a call", text: step ? callOf(i).text : data.opening };
  }
  return {
    ...graph, show, inspect, words, help: HELP, search: null,
    stops: () => [0, ...data.calls.map((_, k) => k + 1)], at: (step) => paths[data.first + step - 1],
  };
};

// ---------- The page

// Bring every host of the page to life, each once. The still picture stays where that fails.
function mountAll() {
  for (const host of document.querySelectorAll(".minigraph-widget:not([data-mounted])")) {
    const source = host.querySelector('script[type="application/json"]');
    if (source) mount(host, unpacked(JSON.parse(source.textContent)));
  }
}

// Data in which what is repeated stands once; "~7" stands for part number 7.
function unpacked({ parts, body }) {
  const unpack = (value) => {
    if (typeof value === "string" && value[0] === "~") return value[1] === "~" ? value.slice(1) : unpack(parts[value.slice(1)]);
    if (Array.isArray(value)) return value.map(unpack);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unpack(child)]));
  };
  return unpack(body);
}

page.minigraph = Object.assign(page.minigraph || {}, { mount, mountAll, views });
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mountAll);
else mountAll();
})(globalThis);
