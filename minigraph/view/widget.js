// The widgets of minigraph: pictures that are alive. mount(host, data, options) draws one.
//
// A page of the book loads this file once, as a classic script that brings all elements of class
// "minigraph-widget" to life; in Jupyter the same text is a module and drives an anywidget. All numbers
// come from Python. Text enters a page as text nodes and attributes only, so no name can become markup.
//
// First comes what all share, then each widget: a function in `views`. What it gives is told in widget.py.
(function (page) {
"use strict";

const LEVELS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-";
const MIDDLE = 31; // a letter stands for -31 ... 0 ... 31
const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const views = {};

// ---------- Style: every colour is a variable with one value for light pages and one for dark ones.

const STYLE = `
.minigraph-widget{
--paper:light-dark(#fbfbfd,#14171f); --card:light-dark(#fff,#1f242f); --tint:light-dark(#eef2fb,#232c3f);
--zero:light-dark(#f1f2f6,#2a303d); --line:light-dark(#c9cfdb,#414a5c); --edge:light-dark(#8993a8,#8490a6);
--ink:light-dark(#1d2433,#eef1f7); --soft:light-dark(#5b6478,#a9b2c3); --forward:light-dark(#1c63c4,#6fa8ff);
--backward:light-dark(#bd4a0b,#ff9d5c); --positive:light-dark(#0b7a43,#53d18d); --negative:light-dark(#7b2f9b,#cf8df0);
--shared0:light-dark(#0f7d7f,#4cc9c0); --shared1:light-dark(#a23e8c,#e08bd0); --shared2:light-dark(#96620f,#f0b95b);
--shared3:light-dark(#4c6fd1,#8fabff); --shared4:light-dark(#5d7a1f,#a9cf5f); --shared5:light-dark(#b4464b,#f28b8b);
--type:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace; color-scheme:light; container-type:inline-size;
margin:.5rem 0; color:var(--ink); font:13px/1.5 system-ui,sans-serif; font-variant-numeric:tabular-nums}
:is(html[data-theme=dark],body.vscode-dark,body[data-jp-theme-light=false]) .minigraph-widget{color-scheme:dark}
@media (prefers-color-scheme:dark){
html:not([data-theme]) body:not([data-jp-theme-light],.vscode-light) .minigraph-widget{color-scheme:dark}}
.minigraph-widget{
.mg-still{background:var(--paper); border-radius:14px;
  img{max-width:100%; height:auto}
  table{border-collapse:collapse; font-size:12.5px; display:table; width:auto; margin:0}
  :is(caption,th,td){padding:3px 8px; text-align:left; color:var(--ink); background:none; caption-side:top}
  :is(th,td){border-bottom:1px solid var(--line)}}
&[data-mounted] .mg-still,&[data-table] .mg-still img{display:none}
&[data-table] .mg-still{display:block; overflow-x:auto; padding:8px}
.mg-frame{background:var(--paper); border:1px solid var(--line); border-radius:14px; overflow:hidden; --side:var(--positive);
  &,*{box-sizing:border-box}
  :where(p,h3,h4,h5,dl,dt,dd,ol){margin:0; padding:0}
  :where(h3,h4,h5,b){font-size:inherit; font-weight:650; line-height:1.5; color:var(--ink); overflow-wrap:anywhere}}
:is(.mg-facts,.mg-found,.mg-note,.mg-help,.mg-kind,.mg-record p,dt,.mg-scale,.mg-under,.mg-chart){
color:var(--soft); font-size:12.5px; font-weight:400}
.mg-top,.mg-tools{display:flex; flex-wrap:wrap; gap:6px; align-items:center}
.mg-top{padding:12px 18px 8px; column-gap:16px}
.mg-heading{font-size:15px}
.mg-facts{margin-right:auto}
button,.mg-search{font:inherit; font-weight:600; color:var(--ink); background:var(--card); cursor:pointer;
border:1px solid var(--line); border-radius:9px; padding:4px 12px; min-height:32px; margin:0}
.mg-search{font-weight:400; width:11.5em; cursor:text; &::placeholder{color:var(--soft); opacity:1}}
button:hover:enabled{border-color:var(--soft)}
:is(button:is([aria-pressed=true],[aria-expanded=true]):not(.mg-open),.mg-layer:has(:checked)){
background:var(--tint); border-color:var(--soft)}
button:disabled{opacity:.45; cursor:default}
:is(button,input,[tabindex]:not(.mg-node)):focus-visible,.mg-layer:has(:focus-visible){
outline:2px solid var(--soft)!important; outline-offset:-2px; border-radius:9px; box-shadow:none!important}
:is([data-phase],[data-state]){--now:var(--backward)}
:is([data-phase=forward],[data-state=forward]){--now:var(--forward)}
[data-phase=start]{--now:var(--soft)}
.mg-player{display:grid; grid-template-columns:auto auto auto 1fr; gap:4px 8px; align-items:center; padding:2px 18px 10px;
  p{grid-column:1/-1; min-height:3em; font-size:14px}
  b{color:var(--now)}}
.mg-play{min-width:5.6em}
input[type=range]{width:100%; height:24px; margin:0; cursor:pointer; accent-color:var(--now)}
.mg-note{padding:0 18px 10px}
.mg-help{padding:6px 18px 8px; border-top:1px solid var(--line)}
.mg-main{display:grid; grid-template-columns:minmax(0,1fr) minmax(240px,310px); height:clamp(470px,var(--tall),660px);
border-top:1px solid var(--line);
  &:has(.mg-code){grid-template-columns:minmax(0,1fr) 50%}
  &:has(.mg-charts):not(:has(.mg-chart)){display:none}}
.mg-view{display:flex; flex-direction:column; min-height:0; overflow:hidden}
.mg-stage{flex:1; min-height:0; width:100%; cursor:grab; user-select:none; &:active{cursor:grabbing}}
.mg-under{display:flex; gap:4px 7px; align-items:center; justify-content:end; padding:4px 10px 8px;
  button{padding:0; width:32px; font-size:16px; line-height:1}}
.mg-legend{margin-right:auto;
  i{display:inline-block; width:60px; height:8px; margin:0 6px; border-radius:3px;
  background:linear-gradient(90deg,var(--card),var(--backward))}}
.mg-view:not(.mg-coloured) .mg-legend{display:none}
.mg-panel{overflow:auto; padding:16px 18px 20px; background:var(--card); border-left:1px solid var(--line); scrollbar-width:thin;
  h3{font-size:17px; line-height:1.3}}
.mg-call{padding:1px 9px; border-radius:9px; font-weight:600; border:1px solid}
:is(.mg-call,.mg-open,.mg-formula){display:block; width:fit-content; margin:8px 0 0}
.mg-formula{padding:7px 10px; border:0; border-radius:8px; font:12.5px/1.45 var(--type); color:var(--ink);
background:var(--zero); overflow-wrap:anywhere}
dl{display:grid; grid-template-columns:auto 1fr; gap:3px 14px}
dl :is(dt,dd){float:none; width:auto; overflow-wrap:anywhere}
.mg-mono{font-family:var(--type); font-size:12.5px}
.mg-record{margin:16px 0 0; padding:12px 0 0; border-top:1px solid var(--line);
  h4{color:var(--now,var(--ink))}
  :is(h5,dl,p,ol,svg){margin-top:8px}}
.mg-sum{list-style:none;
  li{padding:5px 0 7px 22px; position:relative; overflow-wrap:anywhere}
  li::before{content:attr(data-sign); position:absolute; left:4px; font-weight:650; color:var(--now)}
  li:last-child{border-top:1.5px solid var(--now)}
  b{float:right; color:var(--now); margin-left:8px}
  .mg-picture{max-width:220px; clear:both}}
.mg-picture{display:block; width:100%; max-width:272px; height:auto}
.mg-scale{display:flex; justify-content:space-between; max-width:272px;
  i{flex:1; height:5px; margin:6px 8px 0; border-radius:3px;
  background:linear-gradient(90deg,var(--negative),var(--zero),var(--positive))}}
.mg-cell{fill:color-mix(in oklab,var(--side) calc(var(--level)*1%),var(--zero))}
.mg-none{fill:var(--ink)}
.mg-minus{--side:var(--negative)}
.mg-solid{fill:var(--side)}
.mg-bar{fill:var(--mark,var(--edge))}
.mg-track{fill:var(--line)}
.mg-axis{stroke:var(--line); vector-effect:non-scaling-stroke}
.mg-card,.mg-room{fill:var(--card); stroke:var(--line)}
.mg-ring{fill:none; stroke:none; stroke-width:2}
.mg-node{cursor:pointer; outline:none;
  text{text-anchor:middle; fill:var(--soft); pointer-events:none}
  .mg-title{fill:var(--ink); font-weight:600}
  .mg-lead{text-anchor:start}
  .mg-number{fill:var(--paper); font-size:10.5px; font-weight:700}
  &:is(.mg-input,.mg-opened) .mg-card{fill:var(--tint)}
  &.mg-broken .mg-card{stroke-dasharray:5 4}
  &:hover .mg-card{stroke:var(--soft)}
  &[data-state] .mg-card{stroke:var(--now); fill:color-mix(in oklab,var(--now) 9%,var(--card))}
  &.mg-current .mg-card{stroke-width:2; filter:drop-shadow(0 3px 9px color-mix(in oklab,var(--now) 38%,transparent))}
  &.mg-same .mg-ring{stroke:var(--mark); stroke-dasharray:4 4}
  &.mg-match .mg-ring{stroke:var(--forward); stroke-dasharray:2 3; stroke-width:3}
  &[aria-pressed=true] .mg-ring{stroke:var(--now,var(--ink)); stroke-dasharray:none}
  &:focus-visible .mg-ring{stroke:var(--ink); stroke-width:3; stroke-dasharray:none}}
.mg-toggle{fill:var(--card); stroke:var(--soft); stroke-width:1.6; &:hover{fill:var(--tint)}}
.mg-link{
  .mg-edge{fill:none; stroke:var(--now,var(--edge)); stroke-width:1.5}
  .mg-head,.mg-tail{fill:var(--now,var(--edge))}
  &:not([data-state=backward]) .mg-tail,&[data-state=backward] .mg-head{display:none}
  &.mg-current .mg-edge{stroke-width:2.5; stroke-dasharray:7 5}}
.mg-coloured [style*=--heat]{
  .mg-card{stroke:var(--backward); fill:color-mix(in oklab,var(--backward) calc(4% + var(--heat)*.42%),var(--card))}
  .mg-edge{stroke:var(--backward); stroke-width:calc(1px + var(--heat)*.04px)}
  text{fill:var(--ink)}}
.mg-amount{font-size:11px; font-weight:600; fill:var(--now); stroke:var(--paper); stroke-width:4px; paint-order:stroke}
.mg-unseen{visibility:hidden}
.mg-code{margin:0 0 14px; padding:8px 8px 8px 2.4em; background:var(--zero); border-radius:8px; overflow-x:auto;
position:relative; white-space:pre; font:12.5px/1.6 var(--type);
  mark{color:var(--paper); background:var(--now,var(--soft)); border-radius:4px; padding:1px 0}}
.mg-charts{display:block; overflow-y:auto; scrollbar-width:thin; padding:10px 18px}
.mg-chart{margin-top:10px;
  .mg-keys,.mg-keys span{display:flex; flex-wrap:wrap; gap:2px 12px; align-items:center; margin:0}
  .mg-keys span{gap:5px}
  .mg-keys svg{width:22px; height:8px; margin:0}}
.mg-plot{position:relative; height:104px; margin:8px 6px 32px 46px; cursor:crosshair; touch-action:pan-y;
  svg{position:absolute; width:100%; height:100%; margin:0; overflow:visible}
  span{left:-7px; transform:translate(-100%,50%)}
  .mg-end{bottom:-15px; transform:translate(-50%,50%)}
  i{position:absolute; top:-4px; bottom:0; margin-left:-1px; border-left:2px solid var(--ink)}}
.mg-plot span,.mg-axes span{position:absolute; white-space:nowrap; line-height:1}
.mg-curve{fill:none; vector-effect:non-scaling-stroke; stroke:var(--now,var(--forward)); stroke-width:2;
  &:is(.mg-batch,.mg-running){stroke-width:1; opacity:.75}
  &.mg-validation{stroke:var(--backward); stroke-dasharray:5 3}
  &.mg-dots{stroke-width:6; stroke-linecap:round; stroke-dasharray:none}}
.mg-layer,.mg-axes{display:grid; grid-template-columns:minmax(5em,26%) 1fr 4.6em; gap:10px; align-items:center; padding:1px 8px;
min-height:26px}
.mg-layer{border:1px solid transparent; border-radius:9px; color:var(--ink); font-size:13px; cursor:pointer; margin:0;
  input{position:absolute; opacity:0}
  span{overflow:hidden; text-overflow:ellipsis; white-space:nowrap}
  i{height:12px; border-radius:3px; background:var(--zero)}
  i i{display:block; background:var(--backward)}}
.mg-axes{min-height:18px; div{position:relative; height:16px; grid-column:2}
  span{transform:translate(-50%,25%)}}
}
@container (max-width:590px){.minigraph-widget{
.mg-main{grid-template-columns:minmax(0,1fr)!important; height:auto}
.mg-view{height:clamp(300px,var(--tall),460px)}
.mg-charts{height:auto}
.mg-panel{border-left:0; border-top:1px solid var(--line); min-height:360px}
.mg-player{grid-template-columns:1fr auto 1fr; p{min-height:6em}}
input[type=range]{grid-column:1/-1}
:is(.mg-top,.mg-player){padding-inline:12px}}}
@media print{.minigraph-widget{
.mg-still,.mg-still img{display:block!important}
&:has(.mg-still img) .mg-frame{display:none}}}
`;

// ---------- Small tools

// An element: make("p.note", { id: "a" }, "text") is <p class="mg-note" id="a">text</p>.
function make(kind, ...content) {
  return build((tag) => document.createElement(tag), kind, content);
}

function draw(kind, ...content) {
  return build((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag), kind, content);
}

function build(create, kind, content) {
  const [tag, ...styles] = kind.split(".");
  return fill(create(tag), styles.length > 0 && { class: styles.map((style) => `mg-${style}`).join(" ") }, content);
}

// Give an element attributes (null takes one away) and children: elements, texts, and lists of all that.
// What is false, null or empty is left out.
function fill(element, ...content) {
  for (const part of content.flat(Infinity).filter(Boolean)) {
    if (typeof part !== "object" || part instanceof Node) element.append(part);
    else for (const [name, value] of Object.entries(part)) {
      if (value === null) element.removeAttribute(name);
      else element.setAttribute(name, value);
    }
  }
  return element;
}

function listen(element, events, listener, options) {
  for (const event of events.split(" ")) element.addEventListener(event, listener, options);
  return element;
}

function button(text, label, action, attributes) {
  const name = label !== text && { "aria-label": label, title: label };
  return listen(make("button", { type: "button" }, name, attributes, text), "click", action);
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

// A list of facts, each [title, text, field] and maybe a style.
function facts(...rows) {
  return make("dl", rows.filter(Boolean).map(([title, text, field, style = "dd"]) => (
    [make("dt", title), make(style, { "data-field": field }, text)])));
}

// A section of the inspector.
function section(title, ...content) {
  return make("section.record", make("h4", title), content);
}

// Where a number lies on a scale, from 0 to 1; NaN for one that has no place there.
function shareOf({ least, most, log }, value) {
  const at = log ? Math.log : Number;
  return within((at(value) - at(least)) / (at(most) - at(least)), 0, 1);
}

// ---------- Pictures of arrays, which Python has reduced to a few cells with a letter each

// An array as a picture, with its scale and words that say what it shows; nothing for one that has none.
// With a `scale` from outside it stands in a row of pictures that share it, and needs no words of its own.
function picture(data, name, scale) {
  if (!data) return null;
  const share = scale ? Number(data.scale) / scale : 1, { kind, columns, caption } = data.form;
  const words = `${name}: ${caption} All numbers lie between minus ${data.scale} and ${data.scale}.`;
  // The first row as bars, up and down from a line.
  const levels = kind === "bars" || kind === "rows" ? [...data.cells.slice(0, columns)].map(levelOf) : [];
  const top = levels.length ? 69 : 0, [grid, height] = kind === "bars" ? [null, top] : maps(data, top, share);
  const svg = draw("svg.picture", { role: "img", "aria-label": words, viewBox: `0 0 272 ${height}` },
    levels.length > 0 && bars(levels, MIDDLE + 1, share, "rect.solid"), grid);
  return scale ? svg : [svg, scaleBar(data.scale), make("p", caption)];
}

function levelOf(letter) {
  return LEVELS.indexOf(letter) - MIDDLE;
}

function scaleBar(scale) {
  return make("div.scale", { "aria-hidden": "true" }, make("span", `−${scale}`), make("i"), make("span", scale));
}

// Bars of the given heights, times `share`, up from a base line or down from it.
function bars(heights, base, share, kind) {
  const wide = Math.min(272 / heights.length, 24);
  return [draw("path.axis", { d: `M0 ${base}h272` }), heights.map((height, i) => draw(height < 0 ? `${kind}.minus` : kind, {
    x: i * wide + 1, width: Math.max(wide - 2, 1), y: base - Math.max(height, 0) * share,
    height: Math.max(Math.abs(height) * share, 0.5),
  }))];
}

// All maps side by side, each a grid of coloured cells; and how far down they reach.
function maps(data, top, share) {
  const { kind, maps: number, rows, columns } = data.form, across = number > 1 ? Math.min(number, 3) : 1;
  const wide = (272 - 6 * (across - 1)) / across, cell = Math.min(wide / columns, kind === "maps" ? 12 : 16);
  const high = kind === "maps" || kind === "grid" ? cell : 13, step = high * rows + 6, grids = [];
  for (let m = 0; m < number; m++) {
    const x = (m % across) * (wide + 6), y = top + Math.floor(m / across) * step;
    grids.push(cellPaths(data, m * rows, rows, x, y, cell, high, share));
  }
  return [grids, top + Math.ceil(number / across) * step - 6];
}

// Some rows of cells. All cells of one colour are one path, so that a large picture is drawn fast.
function cellPaths(data, first, rows, left, top, wide, high, share = 1) {
  const paths = {}, { columns } = data.form;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const letter = data.cells[(first + r) * columns + c];
      const at = `M${(left + c * wide).toFixed(1)} ${(top + r * high).toFixed(1)}`;
      paths[letter] = `${paths[letter] || ""}${at}h${wide.toFixed(2)}v${high.toFixed(2)}h${(-wide).toFixed(2)}z`;
    }
  }
  return Object.entries(paths).map(([letter, d]) => {
    const level = levelOf(letter), kind = level < -MIDDLE ? ".none" : level < 0 ? ".minus" : "";
    return draw(`path.cell${kind}`, { d, style: `--level:${Math.round(100 * share * Math.abs(level) / MIDDLE)}` });
  });
}

// How often the numbers of a weight fall into each bin.
function histogram(data, name) {
  if (!data) return null;
  const words = `between ${data.least} and ${data.most}, mean ${data.mean}, standard deviation ${data.std}`;
  const heights = [...data.bars].map((letter) => levelOf(letter) + MIDDLE), label = `Histogram of ${name}: ${words}`;
  return [draw("svg.picture.histogram", { role: "img", viewBox: "0 0 272 52", "aria-label": label },
    bars(heights, 51, 25 / MIDDLE, "rect.bar")), make("p", `Its numbers lie ${words}.`)];
}

// ---------- Curves, on scales that Python chose

// `curves` maps their kinds to lists of numbers, and `places` to where these lie, from 0 to 1. `ends` are
// ticks along the bottom, [place, text]. Numbers without a place on the scale, such as NaN, are left out.
// The reader points at a place, onPlace(place), and mark(place) moves the marker.
function chart({ name, words, scale, curves, places, ends, onPlace }) {
  const percent = (share) => (100 * share).toFixed(2);
  const paths = Object.entries(curves).map(([kind, values]) => {
    const points = values.map((value, k) => [places[kind][k], 1 - shareOf(scale, value)]).filter(([, y]) => Number.isFinite(y));
    const texts = points.map((point) => point.map(percent).join(" "));
    const dots = texts.length === 1 || kind === "epoch" || kind === "validation";
    return [draw(`path.curve.${kind}`, { d: `M${texts.join("L")}` }),
      dots && draw(`path.curve.${kind}.dots`, { d: `M${texts.join("h0M")}h0` })];
  });
  const keys = Object.keys(curves).map((kind) => (
    make("span", draw("svg", { viewBox: "0 0 22 8" }, draw(`path.curve.${kind}`, { d: "M0 4h22" })), kind === "running" ? "epoch so far" : kind)));
  const grid = scale.ticks.map(([share]) => draw("path.axis", { d: `M0 ${percent(1 - share)}H100` })), marker = make("i");
  const plot = make("div.plot",
    draw("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", role: "img", "aria-label": words }, grid, paths), marker,
    scale.ticks.map(([share, text]) => make("span", { style: `bottom:${percent(share)}%` }, text)),
    ends.map(([place, text]) => make("span.end", { style: `left:${percent(place)}%` }, text)));
  listen(plot, "pointerdown pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    if (event.buttons) onPlace((event.clientX - box.left) / box.width);
  });
  return {
    element: make("div.chart", make("p.keys", make("b", name), scale.log && "log scale", keys), plot),
    mark(place) { marker.style.left = `${percent(place)}%`; },
  };
}

// ---------- A stage to pan and zoom: wheel, pinch, drag, buttons

function makeStage(label) {
  const svg = draw("svg.stage", { role: "group", "aria-label": label });
  const under = make("div.under", { role: "group", "aria-label": "Zoom" },
    button("−", "Zoom out", () => zoomBy(0.8)), button("+", "Zoom in", () => zoomBy(1.25)), button("⤢", "Show all", () => fit(0, 1.5)));
  const pane = make("div.view", svg, under);
  let content = { width: 1, height: 1 }, wide = 0, high = 0; // what is drawn, and the size of its place on the screen
  let left = 0, top = 0, scale = 0; // what is seen

  function look() {
    const held = (at, seen, all) => within(at, -0.6 * seen, all - 0.4 * seen);
    left = held(left, wide / scale, content.width);
    top = held(top, high / scale, content.height);
    // One finger scrolls the page as long as nothing is hidden; then it moves the drawing.
    const touch = wide / scale >= content.width - 1 && high / scale >= content.height - 1 ? "pan-y" : "none";
    const viewBox = [left, top, wide / scale, high / scale].map((n) => n.toFixed(2)).join(" ");
    fill(svg, { viewBox, style: `touch-action:${touch}` });
  }

  // The scale at which all is seen.
  function whole() {
    return Math.min(wide / content.width, high / content.height);
  }

  // Show all, or as much as can be seen at a scale between these.
  function fit(least, most) {
    scale = within(whole(), least, most);
    left = (content.width - wide / scale) / 2;
    top = Math.min(0, (content.height - high / scale) / 2);
    look();
  }

  function zoomBy(factor, x = wide / 2, y = high / 2) {
    const before = scale;
    scale = within(scale * factor, Math.min(whole(), 0.5), 4);
    move(x / before - x / scale, y / before - y / scale);
  }

  function zoomAt({ clientX, clientY }, factor) {
    const box = svg.getBoundingClientRect();
    zoomBy(factor, clientX - box.left, clientY - box.top);
  }

  function move(dx, dy) {
    left += dx;
    top += dy;
    if (scale) look();
  }

  // Move as little as is needed to see a box.
  function reveal([x, y, width, height]) {
    const away = (low, high, from, seen) => (
      low < from ? low - from : high > from + seen ? Math.min(high - from - seen, low - from) : 0);
    if (scale) move(away(x - 20, x + width + 20, left, wide / scale), away(y - 50, y + height + 50, top, high / scale));
  }

  // The size of what is drawn; a point that was at `before` and is at `after` stays where it is.
  function resize(size, before = [0, 0], after = before) {
    content = size;
    move(after[0] - before[0], after[1] - before[1]);
  }

  listen(svg, "wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !pane.contains(document.activeElement)) return;
    event.preventDefault();
    zoomAt(event, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)));
  }, { passive: false });

  const fingers = new Map();
  let moved = 0;
  listen(svg, "pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    moved = 0;
  });
  listen(svg, "pointerup pointercancel", (event) => fingers.delete(event.pointerId));
  listen(svg, "pointermove", (event) => {
    const { pointerId, clientX, clientY } = event, last = fingers.get(pointerId);
    if (!last) return;
    fingers.set(pointerId, event);
    const dx = clientX - last.clientX, dy = clientY - last.clientY;
    const other = [...fingers.values()].find((one) => one.pointerId !== pointerId);
    moved += Math.hypot(dx, dy);
    if (other) {
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      const middle = { clientX: (clientX + other.clientX) / 2, clientY: (clientY + other.clientY) / 2 };
      zoomAt(middle, apart(event) / apart(last));
    } else if (moved > 4) { // before, it may still become a click
      svg.setPointerCapture(pointerId);
      move(-dx / scale, -dy / scale);
    }
  });

  const sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => {
    const before = wide;
    [wide, high] = [width, height];
    if (!wide) return;
    // At first as large as its text was meant to be, smaller to show all of it, but never unreadable.
    if (!scale) fit(Math.min(0.72, Math.max(wide / content.width, 0.5)), 1);
    else move((before - wide) / 2 / scale, 0); // what was in the middle stays there
  });
  sizes.observe(svg);
  return { pane, svg, under, reveal, resize, remove: () => sizes.disconnect() };
}

// ---------- The frame that all widgets share

// Draw `data` into `host`. Options: `selected` (an id), `step` (a number), and
// `onChange({selected, step})`, called when the reader changed either.
// Returns {select(id), go(step), renew(data), remove()} for those who drive it from outside.
function mount(host, data, options = {}) {
  if (!document.getElementById("minigraph-style")) document.head.append(make("style", { id: "minigraph-style" }, STYLE));
  const state = { selected: options.selected || "", step: options.step || data.start || 0 };
  const widget = { data, state, change: (next) => change(next, true), refresh: show };
  const view = views[data.view](widget);
  const player = makePlayer(view, state, go), bar = make("div"), note = make("p.note", data.note);
  const panel = make("div.panel", { role: "region", tabindex: "0", "aria-label": `Details of what is chosen in ${data.title}` });
  let scrolled = false; // to ask the panel itself would lay out the whole page at each step
  listen(panel, "scroll", () => { scrolled = true; });
  const still = host.querySelector(".mg-still") || make("div.still", tableOf(data));
  host.replaceChildren(make("div.frame", { role: "group", "aria-label": data.title }, makeTop(host, view, widget, still), bar,
    make("div.main", { style: `--tall:${view.height}px` }, view.stage, panel), make("p.help", view.help)), still);
  fill(host, { "data-mounted": "true" });

  // Everything follows from the state alone, whoever changed it.
  function show() {
    const first = view.stops().length > 1 ? player.element : note;
    if (bar.firstChild !== first) bar.replaceChildren(first);
    view.show(state);
    player.show();
    panel.replaceChildren();
    fill(panel, view.inspect(state));
  }

  function change(next, told) {
    const { selected, step } = { ...state, ...next, step: within(next.step ?? state.step, 0, view.stops().at(-1)) };
    if (step === state.step && selected === state.selected) return;
    if (scrolled) panel.scrollTop = 0;
    scrolled = false;
    Object.assign(state, { step, selected });
    show();
    view.reveal?.(selected);
    if (told) options.onChange?.({ selected, step });
  }

  // A step takes the selection along to where it happens.
  function go(step, told = true) {
    change({ step, selected: (step > 0 && view.at?.(step)) || state.selected }, told);
  }

  show();
  if (state.step !== options.step) options.onChange?.(state);
  return {
    select: (id) => change({ selected: id }, false),
    go(step) { if (step !== state.step) go(step, false); },
    // A reader who looks at the last step is taken along to the new last one.
    renew(next) {
      const follows = state.step >= view.stops().at(-1);
      widget.data = next;
      view.renew();
      still.replaceChildren(tableOf(next));
      show();
      change({ step: follows ? view.stops().at(-1) : state.step }, true);
    },
    remove() {
      player.stop();
      view.remove?.();
      host.replaceChildren();
      fill(host, { "data-mounted": null });
    },
  };
}

// The title, a few facts, the search, the view's own tools, and the table on demand.
function makeTop(host, view, widget, still) {
  const table = button("Table", "Table", () => {
    const open = host.toggleAttribute("data-table");
    fill(still, { tabindex: open ? 0 : -1, role: "region", "aria-label": `Table of ${widget.data.title}` });
    fill(table, { "aria-expanded": open });
  }, { "aria-expanded": "false", "data-action": "table" });
  return make("div.top", make("b.heading", widget.data.title), make("span.facts", view.facts),
    make("div.tools", view.search && makeSearch(view, widget), view.tools, table));
}

function makeSearch(view, widget) {
  const label = `Search in ${widget.data.title}`;
  const field = make("input.search", { type: "search", placeholder: "Search a layer", "aria-label": label });
  const found = make("span.found", { role: "status" });
  let ids = [];
  listen(field, "input", () => {
    ids = view.search(field.value.trim().toLowerCase());
    found.textContent = field.value.trim() ? `${ids.length} found` : "";
  });
  listen(field, "keydown", (event) => {
    event.stopPropagation();
    if (event.key !== "Enter" || !ids.length) return;
    const next = (ids.indexOf(widget.state.selected) + 1) % ids.length;
    widget.change({ selected: ids[next] });
    found.textContent = `${next + 1} of ${ids.length}: ${ids[next]}`;
  });
  return [field, found];
}

// Buttons and a slider for the steps, and the sentence that says what happens.
function makePlayer(view, state, go) {
  const back = button("‹ Previous", "Previous step", () => move(-1), { "data-action": "back" });
  const play = button("▶ Play", "Play", toggle, { class: "mg-play", "data-action": "play" });
  const next = button("Next ›", "Next step", () => move(1), { "data-action": "forward" });
  const slider = make("input", { type: "range", "aria-label": "Step of the recorded pass" });
  const words = make("p.words", { "aria-live": "polite" });
  const element = make("div.player", { role: "group", "aria-label": "Recorded pass" }, back, play, next, slider, words);
  let timer = null;
  listen(slider, "input", () => {
    stop();
    go(view.stops()[Number(slider.value)]);
  });

  // The place of the current step among those at which to stop, or of the last one before it.
  function place() {
    return view.stops().findLastIndex((stop) => stop <= state.step);
  }

  function move(by) {
    stop();
    go(view.stops()[place() + by]);
  }

  function toggle() {
    if (timer) return stop();
    if (next.disabled) go(0);
    timer = setInterval(() => {
      if (!element.isConnected || next.disabled) return stop();
      go(view.stops()[place() + 1]);
    }, view.pause || 1300);
    label("❚❚ Pause", "Pause");
  }

  function stop() {
    if (!timer) return;
    clearInterval(timer);
    timer = null;
    label("▶ Play", "Play");
  }

  function label(text, name) {
    play.textContent = text;
    fill(play, { "aria-label": name, title: name });
    fill(words, { "aria-live": timer ? "off" : "polite" }); // nobody can listen that fast
  }

  function show() {
    const all = view.stops(), at = place(), last = all.length - 1;
    const { title, text, phase } = view.words(all[at]);
    slider.max = last;
    slider.value = at;
    fill(slider, { "aria-valuetext": `Step ${at} of ${last}. ${text}` });
    fill(element, { "data-phase": phase });
    back.disabled = at === 0;
    next.disabled = at === last;
    words.replaceChildren(make("b", at ? `Step ${at} of ${last}, ${title}. ` : "Ready. "), text);
  }
  return { element, show, stop };
}

// In a notebook no page has brought a table along.
function tableOf({ caption, rows = [] }) {
  const cell = (text, r, c) => (r && c ? make("td", text) : make("th", { scope: r ? "row" : "col" }, text));
  return make("table", make("caption", caption),
    rows.map((texts, r) => make("tr", texts.map((text, c) => cell(text, r, c)))));
}

// ---------- The graph

const ABOUT = { broken: "call", input: "input", layer: "layer", op: "operation", model: "model" };
const HELP = "Drag to move, click once and turn the wheel to zoom. The arrow keys follow the drawing.";
const LOSS = "Now its gradient walks back: each arrow carries the gradient with respect to what went along it.";
const LINES = [["title", 14, 25], ["detail", 12, 42], ["mono", 12, 59]]; // style, font size, where it stands in a box
const HEADING = 32; // the height of an open model's heading

views.graph = function (widget) {
  const { data, state } = widget;
  const boxes = data.boxes.map((box) => ({ ...data.usual, ...box }));
  const places = new Map(boxes.map((box, i) => [box.path, i]));
  const stage = makeStage(data.sentence), norms = heats();
  let opened = new Set(), drawing = data.drawings[""], matches = new Set(), nodes, links, amounts;
  if (!places.has(state.selected)) state.selected = boxes[0].path;
  drawAll();

  // The numbers of the steps: forward through all boxes, the loss, backward through all boxes.
  const steps = { forward: (i) => i + 1, loss: boxes.length + 1, backward: (i) => 2 * boxes.length + 1 - i };
  const recorded = (i) => data.passes > 0 && boxes[i].value.length > 0;

  function boxAt(step) {
    if (step <= 0 || step === steps.loss) return null;
    return step < steps.loss ? step - 1 : 2 * boxes.length + 1 - step;
  }

  function stops() {
    const shown = drawing.boxes.map(([i]) => i).filter((i) => !opened.has(i) && recorded(i));
    const back = data.passes > 1 ? [steps.loss, ...shown.toReversed().map(steps.backward)] : [];
    return [0, ...shown.map(steps.forward), ...back];
  }

  function phaseOf(i, step) {
    if (!recorded(i)) return null;
    if (data.passes > 1 && steps.backward(i) <= step) return "backward";
    return steps.forward(i) <= step ? "forward" : null;
  }

  // ---- drawing

  function drawAll() {
    amounts = draw("g", { "aria-hidden": "true" });
    nodes = new Map(drawing.boxes.map(([i, ...place]) => [i, { element: drawNode(i, place), place, layer: place[4] }]));
    links = new Map(drawing.edges.map(([k, path]) => [k, drawLink(k, path)]));
    const rooms = [...opened].sort((a, b) => a - b).map((i) => room(i, nodes.get(i).place));
    const elements = [...nodes.values()].map((node) => node.element);
    stage.svg.replaceChildren(...rooms, ...links.values(), ...elements, amounts);
  }

  // The edge, which stops short of the head, and the triangle at its start for the way back.
  function drawLink(k, path) {
    const at = path.match(/-?[\d.]+/g).map(Number), [x, y] = at, [endX, endY] = at.slice(-2);
    const [head, tail] = data.rankdir === "TB"
      ? [`M${endX} ${endY + 7}l-4 -8h8z`, `M${x} ${y}l-4 8h8zM${endX - 0.75} ${endY}v7h1.5v-7z`]
      : [`M${endX + 7} ${endY}l-8 -4v8z`, `M${x} ${y}l8 -4v8zM${endX} ${endY - 0.75}h7v1.5h-7z`];
    return draw("g.link", { "data-edge": k, style: norms.edge(k) },
      draw("path.edge", { d: path }), draw("path.head", { d: head }), draw("path.tail", { d: tail }));
  }

  function room(i, [x, y, width, height]) {
    return draw("rect.room", { x, y, width, height, rx: 10, style: `fill:var(--${around(i).length % 2 ? "paper" : "zero"})` });
  }

  // The models around a box, the innermost first.
  function around(i) {
    const { parent } = boxes[i];
    return parent === null ? [] : [parent, ...around(parent)];
  }

  function drawNode(i, [x, y, width, whole]) {
    const box = boxes[i], open = opened.has(i), model = box.kind === "model", shared = box.shared !== null;
    const height = open ? HEADING : whole, rx = box.kind === "input" || box.kind === "op" ? 22 : 10;
    const call = box.calls > 1 ? `, call ${box.call + 1} of ${box.calls}` : "";
    const same = shared ? `, shared layer ${box.shared + 1}` : "";
    const label = `${box.name}, ${box.type}${call}${same}, output shape ${box.outputs.join(", ")}`;
    const style = `${shared ? `--mark:${colourOf(box)};` : ""}${(!open && norms.box(i)) || ""}`;
    const card = (by) => draw("rect.card", { x: x + by, y: y + by, width, height, rx });
    const node = draw(`g.node.${box.kind}${open ? ".opened" : ""}`, { role: "button", "data-node": i, "aria-label": label, style },
      model && { "aria-expanded": open }, model && !open && card(5), card(0),
      draw("rect.ring", { x: x - 4, y: y - 4, width: width + 8, height: whole + 8, rx: rx + 4 }),
      (box.parameters > 0 || shared) && draw("rect.bar", { x: x + 6, y: y + 9, width: 4, height: height - 18, rx: 2 }),
      open ? heading(box, x, y) : captions(box, x + width / 2, y),
      shared && [draw("circle.bar", { cx: x + width - 3.5, cy: y + 3.5, r: 8.5 }),
        draw("text.number", { x: x + width - 3.5, y: y + 7 }, box.shared + 1)],
      model && toggle(i, x, y, open), draw("title", box.path));
    listen(node, "keydown", (event) => onKey(event, i));
    return listen(node, "click", () => choose(i));
  }

  function colourOf(box) {
    return `var(--shared${box.shared % 6})`;
  }

  function captions(box, x, y) {
    return box.lines.map((text, k) => draw(`text.${LINES[k][0]}`, { x, y: y + LINES[k][2], "font-size": LINES[k][1] }, text));
  }

  function heading(box, x, y) {
    return draw("text.lead", { x: x + 16, y: y + HEADING / 2 + 5 }, box.lines.slice(0, 2).map((text, k) => (
      draw(`tspan.${LINES[k][0]}`, { "font-size": LINES[k][1], dx: 10 * k }, text))));
  }

  // The round mark that opens and closes a model with the mouse; the keyboard has Enter.
  function toggle(i, x, y, open) {
    const plus = `M${x - 4} ${y}h8${open ? "" : `M${x} ${y - 4}v8`}`;
    const mark = draw("g.toggle", { "data-toggle": i }, draw("circle", { cx: x, cy: y, r: 9 }), draw("path", { d: plus }));
    return listen(mark, "click", (event) => {
      event.stopPropagation();
      setOpen(i, !open);
    });
  }

  // Open or close a model in place: its corner stays where it is.
  function setOpen(i, wanted, focus = true) {
    const before = nodes.get(i)?.place, chain = wanted ? [i, ...around(i)] : around(i);
    const all = wanted ? [...opened, ...chain] : [...opened].filter((k) => k !== i && !around(k).includes(i));
    // Where there is no drawing of all that is wanted, only this model and those around it are open.
    opened = new Set([all, chain, []].find((choice) => data.drawings[keyOf(choice)]));
    drawing = data.drawings[keyOf(opened)];
    drawAll();
    if (!nodes.has(places.get(state.selected))) state.selected = boxes[i].path;
    stage.resize(drawing, before, nodes.get(i).place);
    widget.refresh();
    revealNode(i);
    if (focus) nodes.get(i).element.focus({ preventScroll: true });
  }

  function keyOf(choice) {
    return [...new Set(choice)].sort((a, b) => a - b).join(",");
  }

  // The edges of this drawing.
  function edges() {
    return [...links.keys()].map((k) => data.edges[k]);
  }

  // ---- moving about

  function choose(i) {
    widget.change({ selected: boxes[i].path });
    nodes.get(i).element.focus({ preventScroll: true });
  }

  function onKey(event, i) {
    const { kind, parent } = boxes[i], arrow = ARROWS[event.key];
    if (event.key === "Enter" || event.key === " ") {
      choose(i);
      if (kind === "model") setOpen(i, !opened.has(i));
    } else if (event.key === "Escape" && parent !== null) choose(parent);
    else if (arrow) choose(neighbour(i, arrow));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // The node to which an arrow key leads: along an edge, or to the nearest in the same layer.
  function neighbour(from, [dx, dy]) {
    const down = data.rankdir === "TB";
    const along = down ? dy : dx, side = down ? dx : dy;
    const centre = (i) => {
      const [x, y, width, height] = nodes.get(i).place;
      return down ? x + width / 2 : y + height / 2;
    };
    const all = [...nodes.keys()], first = all.find((i) => boxes[i].parent === from);
    const [here, there] = along > 0 ? ["source", "target"] : ["target", "source"];
    const linked = edges().filter((edge) => edge[here] === from).map((edge) => edge[there]);
    const beside = all.filter((i) => boxes[i].parent === boxes[from].parent
      && nodes.get(i).layer === nodes.get(from).layer && side * (centre(i) - centre(from)) > 0);
    if (along > 0 && opened.has(from)) return first;
    const distance = (i) => Math.abs(centre(i) - centre(from));
    const found = (along ? linked : beside).filter((i) => !nodes.get(i).element.matches(".mg-unseen"));
    return found.sort((a, b) => distance(a) - distance(b))[0] ?? from;
  }

  // Open what hides a box, and bring it into sight.
  function reveal(path) {
    const i = places.get(path);
    if (i === undefined) return;
    if (!nodes.has(i)) setOpen(boxes[i].parent, true, false);
    revealNode(i);
  }

  function revealNode(i) {
    const [x, y, width, height] = nodes.get(i).place;
    stage.reveal([x, y, width, opened.has(i) ? HEADING : height]);
  }

  function search(text) {
    const fits = (box) => text && `${box.path} ${box.type}`.toLowerCase().includes(text);
    matches = new Set(boxes.filter(fits).map((box) => box.path));
    widget.refresh();
    return [...matches];
  }

  // ---- showing a state

  function show({ selected, step }) {
    const chosen = places.get(selected), { shared } = boxes[chosen];
    const stop = stops().findLast((one) => one <= step), current = boxAt(stop), back = stop > steps.loss;
    for (const [i, node] of nodes) {
      const same = i !== chosen && shared !== null && shared === boxes[i].shared;
      const phase = opened.has(i) ? null : phaseOf(i, step);
      const look = [i === chosen, i === current, same, matches.has(boxes[i].path), phase];
      if (String(look) === node.look) continue; // to touch a thousand elements at each step takes long
      if (phase !== node.phase) strip(node, boxes[i], phase);
      Object.assign(node, { look: String(look), phase });
      fill(node.element, { "aria-pressed": look[0], tabindex: look[0] ? 0 : -1, "data-state": phase });
      ["mg-current", "mg-same", "mg-match"].forEach((name, k) => node.element.classList.toggle(name, look[k + 1]));
    }
    amounts.replaceChildren();
    for (const [k, link] of links) {
      const { source, target, output, term } = data.edges[k];
      const now = current !== null && (back ? source : target) === current;
      const reached = phaseOf(source, step) === "backward" ? "backward" : phaseOf(target, step) && "forward";
      if (now !== link.classList.contains("mg-current")) link.classList.toggle("mg-current", now);
      if (reached !== link.getAttribute("data-state")) fill(link, { "data-state": reached });
      const carried = back ? term : boxes[source].value?.[output];
      if (now) amounts.append(amount(link, normOf(carried), back));
    }
  }

  // A row of a node's value or gradient, as a strip of colours inside its box.
  function strip({ element, place: [x, y, width, height] }, box, phase) {
    element.querySelector(".mg-strip")?.remove();
    const seen = phase && box[phase === "forward" ? "value" : "gradient"][0]?.picture;
    if (!seen) return;
    const row = seen.form.kind === "maps" ? Math.floor(seen.form.rows / 2) : 0;
    fill(element, draw("g.strip", { "aria-hidden": "true" },
      draw("rect.track", { x: x + 17, y: y + height - 9, width: width - 34, height: 6, rx: 2 }),
      cellPaths(seen, row, 1, x + 18, y + height - 8, (width - 36) / seen.form.columns, 4)));
  }

  // The norm of what a current edge carries: beside the middle of the arrow, or above one that runs level.
  function amount(link, norm, back) {
    // A path outside the page is measured without laying out the page first.
    const path = draw("path", { d: link.querySelector(".mg-edge").getAttribute("d") }), half = path.getTotalLength() / 2;
    const { x, y } = path.getPointAtLength(half), next = path.getPointAtLength(half + 2);
    const place = Math.abs(next.x - x) > Math.abs(next.y - y) ? { x, y: y - 6, "text-anchor": "middle" } : { x: x + 8, y: y + 4 };
    return draw("text.amount", place, { "data-state": back ? "backward" : "forward" }, norm);
  }

  // How strong a gradient is among all, from 0 to 100 on a logarithmic scale, as a style; null where there is none.
  function heats() {
    const size = (arrays = []) => Math.max(0, ...arrays.map((array) => (array ? Number(array.norm) : 0)));
    const all = boxes.map((box) => size(box.gradient)).filter((norm) => norm > 0);
    const scale = { least: Math.min(...all), most: Math.max(...all), log: true };
    const heat = (norm) => (norm > 0 ? `--heat:${Math.round(100 * shareOf(scale, norm)) || 0}` : null);
    return { ...scale, any: all.length > 0, box: (i) => heat(size(boxes[i].gradient)), edge: (k) => heat(size([data.edges[k].term])) };
  }

  stage.under.prepend(make("div.legend", "gradient norm ", norms.least, make("i"), norms.most));
  const colour = button("Gradient colours", "Gradient colours", () => {
    fill(colour, { "aria-pressed": stage.pane.classList.toggle("mg-coloured") });
  }, { "aria-pressed": "false", "data-action": "colour" });

  // ---- words

  function nameOf(i) {
    const { name, call, calls, parent } = boxes[i];
    const number = calls > 1 ? ` (call ${call + 1})` : "";
    return `‘${name}’${number}${parent === null ? "" : ` in ${nameOf(parent)}`}`;
  }

  // The gradients that meet at a box in this drawing: what each use of its value sends back.
  function termsOf(i) {
    const ends = drawing.ends.map((source, k) => ({ source, name: "the loss", term: data.ends[k] }));
    const uses = edges().map(({ source, target, term }) => ({ source, name: nameOf(target), term }));
    return [...ends, ...uses].filter((part) => part.source === i);
  }

  function words(step) {
    const i = boxAt(step);
    if (step === 0) return { title: "", text: data.opening, phase: "start" };
    const [phase, text] = i === null ? ["loss", `The loss is ${data.loss}, one number. ${LOSS}`]
      : step < steps.loss ? ["forward", forwardWords(i)] : ["backward", backwardWords(i)];
    return { title: phase, text, phase };
  }

  function forwardWords(i) {
    const what = listed(boxes[i].value.map((array) => `shape ${array.shape}, norm ${array.norm}`));
    const sources = edges().filter((edge) => edge.target === i).map((edge) => nameOf(edge.source));
    if (!sources.length) return `The data enters at ${nameOf(i)}: ${what}.`;
    const names = listed([...new Set(sources)]);
    if (boxes[i].kind === "input") return `At ${nameOf(i)} the value of ${names} enters: ${what}.`;
    return `${nameOf(i)} computes its value from ${names}: ${what}.`;
  }

  function backwardWords(i) {
    const box = boxes[i], arrived = box.gradient.filter((array) => array);
    if (!arrived.length) return `No gradient arrives at ${nameOf(i)}: the loss does not depend smoothly on its value.`;
    const terms = termsOf(i), names = listed(terms.map((part) => part.name));
    const norm = listed(arrived.map((array) => array.norm));
    const meets = terms.length > 1 ? `the gradients from ${names} meet and are added` : `the gradient from ${names} arrives`;
    const weights = box.weights.filter((weight) => weight.gradient).map((weight) => weight.name);
    const source = box.shared === null ? "it" : "this and its other calls";
    const follows = weights.length ? ` From ${source} follows the gradient of ${listed(weights)}.` : "";
    return `At ${nameOf(i)} ${meets}: norm ${norm}.${follows}`;
  }

  // ---- the inspector

  function inspect({ selected, step }) {
    const i = places.get(selected), box = boxes[i], phase = phaseOf(i, step), open = opened.has(i);
    const text = open ? "Close this model" : "Open this model";
    const call = box.calls > 1 ? `call ${box.call + 1} of ${box.calls}` : "called elsewhere too";
    const first = boxes.findIndex((other) => other.shared !== null && other.shared === box.shared);
    const holder = first < 0 ? i : first;
    return [
      make("h3", { "data-field": "name" }, box.name),
      make("p.kind", { "data-field": "type" }, box.type, box.activation && ` · ${box.activation}`),
      box.parent !== null && make("p.kind", { "data-field": "path" }, `path ${box.path}`),
      box.shared !== null && make("span.call", { style: `color:${colourOf(box)}` }, `${call}, one set of weights`),
      box.kind === "model"
        && button(text, text, () => setOpen(i, !open), { class: "mg-open", "data-action": "open", "aria-expanded": open }),
      box.formula && make("code.formula", { "data-field": "formula" }, box.formula),
      phase === "backward" && gradientRecord(i), phase && record("forward", "Value", box.value), about(box),
      boxes[holder].weights.length > 0 && weightRecord(boxes[holder].weights, phaseOf(holder, step) === "backward"),
    ];
  }

  function record(phase, title, arrays, more) {
    return section(title, { "data-phase": phase }, arrays.map((array, k) => {
      const number = arrays.length > 1 ? ` of output ${k}` : "";
      if (!array) return make("p", `No gradient arrives${number}.`);
      const rows = [[`Shape${number}`, array.shape, `${phase}-shape`, "dd.mono"], ["Norm", array.norm, `${phase}-norm`]];
      return [facts(...rows), picture(array.picture, title)];
    }), more);
  }

  // The gradient, and where several meet, the sum term by term.
  function gradientRecord(i) {
    const terms = termsOf(i), sum = boxes[i].gradient.find((array) => array?.picture);
    const scale = Math.max(...[sum, ...terms.map(({ term }) => term)].map((array) => Number(array?.picture?.scale || 0)));
    const item = (sign, field, words, array, norm) => make("li", { "data-sign": sign },
      make("b", { "data-field": field }, norm), words, scale > 0 && picture(array?.picture, words, scale));
    const items = terms.map(({ name, term }, k) => item(k ? "+" : "", "term", `from ${name}`, term, normOf(term)));
    return record("backward", "Gradient that arrives", boxes[i].gradient, terms.length > 1 && [
      make("h5", "A sum of arrays, one for each use"),
      make("ol.sum", { "aria-label": "The sum, term by term" }, items,
        item("=", "sum", "their sum, which arrives", sum, listed(boxes[i].gradient.map(normOf)))),
      scale > 0 && scaleBar(scale),
      make("p", "Beside each array stands its norm. Norms do not add up as the arrays do."),
    ]);
  }

  function normOf(array) {
    return array ? array.norm : "none";
  }

  function about(box) {
    return section(`About this ${ABOUT[box.kind]}`, box.sentence && make("p", box.sentence), facts(
      ["Output shape", box.outputs.join(", "), "output-shape", "dd.mono"],
      box.inputs.length > 0 && ["Input shape", box.inputs.join(", "), "input-shape", "dd.mono"],
      ["Numbers", box.dtype, "dtype"], ["Parameters", box.parameters.toLocaleString("en-US"), "parameters"],
      box.trainable !== null && ["Trainable", box.trainable ? "yes" : "no, frozen", "trainable"]));
  }

  function weightRecord(weights, reached) {
    return make("section.record.weights", make("h4", "Weights"), weights.map((weight) => [
      make("h5", { "data-field": "weight-name" }, weight.name),
      facts(["Shape", weight.shape, "weight", "dd.mono"],
        reached && weight.gradient && ["Norm of its gradient", weight.gradient, "weight-norm"]),
      picture(weight.picture, weight.name), histogram(weight.histogram, weight.name), weight.note && make("p", weight.note),
    ]));
  }

  stage.resize(drawing);
  const top = boxes.filter((box) => box.parent === null).length;
  const all = top < boxes.length ? ` (${boxes.length} with all models open)` : "";
  const samples = data.samples ? ` · recorded on ${count(data.samples, "sample")}` : "";
  return {
    stage: stage.pane, height: Math.round(drawing.height) + 58, tools: norms.any && colour, remove: stage.remove,
    facts: `${count(top, "node")}${all} · ${count(data.parameters, "parameter")}${samples}`,
    help: `${HELP} Enter opens and closes a model, Escape leads out of it.`,
    stops, words, show, inspect, reveal, search, at: (step) => boxes[boxAt(step)]?.path,
  };
};

// ---------- A graph that grows call by call beside its code

views.calls = function (widget) {
  const { data } = widget, graph = views.graph(widget);
  const paths = data.boxes.map((box) => ({ ...data.usual, ...box }).path);
  const code = make("ol.code", { tabindex: "0", "aria-label": "Code" });
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
    fill(code, { "data-state": phaseOf(i) }).replaceChildren(...data.code.map((text, k) => {
      const [, from, to] = spans.find(([at]) => at === k) || [];
      return make("li", to ? [text.slice(0, from), make("mark", text.slice(from, to)), text.slice(to)] : text);
    }));
    queueMicrotask(showMark);
    return [data.code.length > 0 && code, seen && graph.inspect(state)];
  }

  // Long lines scroll sideways, to where the mark begins if they must.
  function showMark() {
    const mark = code.querySelector("mark");
    if (!mark) return;
    const left = mark.offsetLeft - 40, right = mark.offsetLeft + mark.offsetWidth + 16 - code.clientWidth;
    code.scrollLeft = Math.min(left, right);
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

// ---------- The training dashboard

views.dashboard = function (widget) {
  const curves = make("div"), stage = make("div.view.charts", curves), list = (text) => (text ? text.split(" ") : []);
  let data, numbers, epochs, batches, marks, charts, layers = [], bars;
  renew();
  return {
    stage, renew, show, inspect, words, stops: () => [0, ...numbers], height: 610, pause: 150,
    help: "Click or drag in a chart to go to a batch. Click a layer to see its gradient over the whole training.",
  };

  // ---- drawing

  function renew() {
    data = widget.data;
    [numbers, epochs, batches, marks] = ["numbers", "epochs", "batches", "marks"].map((name) => list(data[name]).map(Number));
    charts = data.charts.map(unfold).map((one) => ({ ...one, ...makeChart(one) }));
    curves.replaceChildren(make("p.facts", data.facts), ...charts.map((one) => one.element));
    if (data.layers.length !== layers.length) stage.replaceChildren(curves, bars = makeBars());
    layers = data.layers.map(unfold);
    if (layers.length && !layers.some(isChosen)) widget.state.selected = layers[0].path;
  }

  // The numbers of each curve travel as one text.
  function unfold(one) {
    return { ...one, curves: Object.fromEntries(Object.entries(one.curves).map(([kind, text]) => [kind, list(text)])) };
  }

  function makeChart({ curves: { running, ...curves }, ...one }) {
    const shares = (all) => all.map((number) => number / data.total);
    const places = { batch: shares(numbers), running: shares(numbers), epoch: shares(marks), validation: shares(marks) };
    const onPlace = (place) => widget.change({ step: Math.round(place * data.total) });
    if (running && !curves.batch) curves.running = running; // both in one picture would be too much
    return chart({ ...one, curves, places, ends: data.ends, onPlace });
  }

  // A row for each layer: its name, the bar of its gradient, and its norm. Arrow keys lead along radio buttons.
  function makeBars() {
    const ticks = data.scale.ticks.map(([share, text]) => make("span", { style: `left:${100 * share}%` }, text));
    const rows = data.layers.map(({ path }) => make("label.layer", make("input", { type: "radio", name: "layer", value: path }),
      make("span", path), make("i", make("i")), make("output")));
    const form = make("form.chart", { "aria-label": "Layers" }, make("b", "gradient norms"), " in this batch, log scale",
      make("div.axes", { "aria-hidden": "true" }, make("div", ticks)), rows);
    listen(form, "submit", (event) => event.preventDefault());
    return listen(form, "change", () => widget.change({ selected: form.elements.layer.value }));
  }

  // ---- showing a state

  function isChosen(layer) {
    return layer.path === widget.state.selected;
  }

  // The place of the batch at a step among those that are shown; -1 before the first.
  function placeOf(step) {
    return numbers.findLastIndex((number) => number <= step);
  }

  function show({ step }) {
    const k = placeOf(step);
    for (const one of charts) one.mark((numbers[k] || 0) / data.total);
    layers.forEach((layer, i) => {
      const [radio, , bar, text] = bars.querySelectorAll("label")[i].children, norm = layer.curves.batch[k] || "";
      radio.checked = isChosen(layer);
      bar.firstChild.style.width = `${100 * shareOf(data.scale, norm || NaN) || 0}%`;
      text.textContent = norm;
    });
  }

  // [name, its value in a batch, where that comes from]
  function valuesAt(k) {
    return charts.flatMap(({ name, curves }) => [
      curves.batch && [`${name}, this batch alone`, curves.batch[k], "batch"],
      curves.running && [`${name}, epoch so far`, curves.running[k], "running"]]).filter(Boolean);
  }

  function inspect({ step }) {
    const k = placeOf(step);
    return [layers.filter(isChosen).map((layer) => aboutLayer(layer, k)), k >= 0 && section("This batch", facts(...valuesAt(k)))];
  }

  function aboutLayer({ path, words, type, parameters, weights, curves }, k) {
    const drawn = makeChart({ name: "Over the training", words, scale: data.scale, curves });
    drawn.mark((numbers[k] || 0) / data.total);
    return [
      make("h3", { "data-field": "name" }, path), make("p.kind", { "data-field": "type" }, type),
      section("Gradient of its weights", { "data-phase": "backward" },
        facts(["Norm in this batch", curves.batch[k] || "not yet known", "norm"]), drawn.element),
      section("About this layer", facts(["Parameters", parameters.toLocaleString("en-US"), "parameters"],
        ...weights.map(([name, shape]) => [name, shape, "weight", "dd.mono"]))),
    ];
  }

  function words(step) {
    const k = placeOf(step);
    if (k < 0) return { title: "", text: data.opening, phase: "start" };
    const seen = charts.filter(({ curves }) => curves.running);
    const text = listed(seen.map(({ name, curves }) => `${name} ${(curves.batch || curves.running)[k]}`));
    return { title: `epoch ${epochs[k]}, batch ${batches[k]}`, text: `${text}.`, phase: "forward" };
  }
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
