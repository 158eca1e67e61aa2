// A stage that pans and zooms, with the wheel, fingers, dragging and buttons.

import { button, draw, fill, listen, make, within } from "./dom.js";

const LARGEST = 4, SMALLEST = 0.5; // scales; 1 is as large as the text was meant to be
const READABLE = 0.72;
const CLICK = 4; // a pointer that moved less is still a click

/** @typedef {{width: number, height: number}} Size */
/** @typedef {ReturnType<typeof makeStage>} Stage */
/** @typedef {ReturnType<typeof makeCamera>} Camera */

/**
 * A drawing with buttons below it. What is drawn goes into `svg`; `resize` says how large it is.
 * @param {string} label
 */
export function makeStage(label) {
  const svg = draw("svg.stage", { role: "group", "aria-label": label });
  const camera = makeCamera(svg);
  const under = make("div.under", { role: "group", "aria-label": "Zoom" },
    button("−", "Zoom out", () => camera.zoom(0.8)),
    button("+", "Zoom in", () => camera.zoom(1.25)),
    button("⤢", "Show all", () => camera.fit(0, 1.5)));
  const pane = make("div.view", svg, under);
  listenToWheel(svg, pane, camera);
  listenToPointers(svg, camera);
  const sizes = new ResizeObserver(([{ contentRect }]) => camera.see(contentRect));
  sizes.observe(svg);
  const { reveal, resize } = camera;
  return { pane, svg, under, reveal, resize, remove: () => sizes.disconnect() };
}

/**
 * Which part of the drawing is seen, and how large.
 * @param {SVGSVGElement} svg
 */
function makeCamera(svg) {
  let content = { width: 1, height: 1 }; // the size of the drawing
  let wide = 0, high = 0; // and of its area on the screen
  let left = 0, top = 0, scale = 0; // what is seen; nothing yet

  function look() {
    /** @param {number} at @param {number} seen @param {number} all */
    const held = (at, seen, all) => within(at, -0.6 * seen, all - 0.4 * seen);
    left = held(left, wide / scale, content.width);
    top = held(top, high / scale, content.height);
    const viewBox = [left, top, wide / scale, high / scale].map((n) => n.toFixed(2)).join(" ");
    fill(svg, { viewBox, style: `touch-action:${hidesNothing() ? "pan-y" : "none"}` });
  }

  // One finger scrolls the page as long as nothing is hidden; then it moves the drawing.
  function hidesNothing() {
    return wide / scale >= content.width - 1 && high / scale >= content.height - 1;
  }

  // The scale at which all is seen.
  function whole() {
    return Math.min(wide / content.width, high / content.height);
  }

  /**
   * Show all, or as much as can be seen at a scale between these.
   * @param {number} least @param {number} most
   */
  function fit(least, most) {
    scale = within(whole(), least, most);
    left = (content.width - wide / scale) / 2;
    top = Math.min(0, (content.height - high / scale) / 2);
    look();
  }

  /**
   * Zoom, so that a point of the screen shows the same as before.
   * @param {number} factor
   */
  function zoom(factor, x = wide / 2, y = high / 2) {
    const before = scale;
    scale = within(scale * factor, Math.min(whole(), SMALLEST), LARGEST);
    move(x / before - x / scale, y / before - y / scale);
  }

  /** @param {{clientX: number, clientY: number}} point @param {number} factor */
  function zoomAt({ clientX, clientY }, factor) {
    const box = svg.getBoundingClientRect();
    zoom(factor, clientX - box.left, clientY - box.top);
  }

  /** @param {number} dx @param {number} dy */
  function move(dx, dy) {
    left += dx;
    top += dy;
    if (scale) look();
  }

  /** @param {number} dx @param {number} dy */
  function drag(dx, dy) {
    move(-dx / scale, -dy / scale);
  }

  /**
   * Move as little as is needed to see a box.
   * @param {number[]} box
   */
  function reveal([x, y, width, height]) {
    if (!scale) return;
    move(overhang(x - 20, x + width + 20, left, wide / scale),
      overhang(y - 50, y + height + 50, top, high / scale));
  }

  /**
   * The size of what is drawn; a point that was at `before` and is at `after` stays where it is.
   * @param {Size} size @param {number[]} [before] @param {number[]} [after]
   */
  function resize(size, before = [0, 0], after = before) {
    content = size;
    move(after[0] - before[0], after[1] - before[1]);
  }

  /**
   * The area on the screen has a new size.
   * @param {Size} size
   */
  function see({ width, height }) {
    const before = wide;
    [wide, high] = [width, height];
    if (!wide) return;
    // At first as large as its text was meant to be, smaller to show all of it, never unreadable.
    if (!scale) fit(Math.min(READABLE, Math.max(wide / content.width, SMALLEST)), 1);
    else move((before - wide) / 2 / scale, 0); // what was in the middle stays there
  }
  return { fit, zoom, zoomAt, drag, reveal, resize, see };
}

/**
 * How far to move so that what reaches from `low` to `high` is seen.
 * @param {number} low @param {number} high @param {number} from @param {number} seen
 */
function overhang(low, high, from, seen) {
  if (low < from) return low - from;
  return high > from + seen ? Math.min(high - from - seen, low - from) : 0;
}

/**
 * The wheel zooms, but only after a click into the drawing: before, it scrolls the page.
 * @param {Element} svg @param {Element} pane @param {Camera} camera
 */
function listenToWheel(svg, pane, camera) {
  listen(svg, "wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !pane.contains(document.activeElement)) return;
    event.preventDefault();
    camera.zoomAt(event, Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)));
  }, { passive: false });
}

/**
 * A pointer drags, and two fingers zoom.
 * @param {Element} svg @param {Camera} camera
 */
function listenToPointers(svg, camera) {
  /** @type {Map<number, PointerEvent>} */
  const fingers = new Map();
  let moved = 0;
  listen(svg, "pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    moved = 0;
  });
  listen(svg, "pointerup pointercancel", (event) => fingers.delete(event.pointerId));
  listen(svg, "pointermove", (/** @type {PointerEvent} */ event) => {
    const { pointerId } = event, last = fingers.get(pointerId);
    if (!last) return;
    fingers.set(pointerId, event);
    const dx = event.clientX - last.clientX, dy = event.clientY - last.clientY;
    const other = [...fingers.values()].find((one) => one.pointerId !== pointerId);
    moved += Math.hypot(dx, dy);
    if (other) {
      camera.zoomAt(between(event, other), apart(event, other) / apart(last, other));
    } else if (moved > CLICK) {
      svg.setPointerCapture(pointerId);
      camera.drag(dx, dy);
    }
  });
}

/** @param {PointerEvent} one @param {PointerEvent} other */
function apart(one, other) {
  return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
}

/** @param {PointerEvent} one @param {PointerEvent} other */
function between(one, other) {
  return {
    clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2,
  };
}
