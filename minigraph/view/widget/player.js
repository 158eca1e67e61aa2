// The player: buttons and a slider for the steps, and the sentence that says what happens.

/** @import { State, View } from "./view.js" */
import { button, fill, listen, make } from "./dom.js";

const PAUSE = 1300; // milliseconds between two steps

/** @typedef {ReturnType<typeof makePlayer>} Player */

/** @param {View} view @param {State} state @param {(step: number) => void} go */
export function makePlayer(view, state, go) {
  const back = button("‹ Previous", "Previous step", () => move(-1), { "data-action": "back" });
  const play = button("▶ Play", "Play", toggle, { class: "mg-play", "data-action": "play" });
  const next = button("Next ›", "Next step", () => move(1), { "data-action": "forward" });
  const slider = make("input", { type: "range", "aria-label": "Step of the recorded pass" });
  const words = make("p.words", { "aria-live": "polite" });
  const element = make("div.player", { role: "group", "aria-label": "Recorded pass" },
    back, play, next, slider, words);
  let timer = 0;
  listen(slider, "input", () => {
    stop();
    go(view.stops()[Number(slider.value)]);
  });

  // The index of the current step among those at which to stop, or of the last one before it.
  function index() {
    return view.stops().findLastIndex((one) => one <= state.step);
  }

  /** @param {number} by */
  function move(by) {
    stop();
    go(view.stops()[index() + by]);
  }

  function toggle() {
    if (timer) return stop();
    if (next.disabled) go(0);
    timer = window.setInterval(() => {
      if (!element.isConnected || next.disabled) return stop();
      go(view.stops()[index() + 1]);
    }, view.pause || PAUSE);
    label("❚❚ Pause", "Pause");
  }

  function stop() {
    if (!timer) return;
    window.clearInterval(timer);
    timer = 0;
    label("▶ Play", "Play");
  }

  /** @param {string} text @param {string} name */
  function label(text, name) {
    play.textContent = text;
    fill(play, { "aria-label": name, title: name });
    fill(words, { "aria-live": timer ? "off" : "polite" }); // nobody can listen that fast
  }

  function show() {
    const all = view.stops(), at = index(), last = all.length - 1;
    const { title, text, phase } = view.words(all[at]);
    slider.max = String(last);
    slider.value = String(at);
    fill(slider, { "aria-valuetext": `Step ${at} of ${last}. ${text}` });
    fill(element, { "data-phase": phase });
    back.disabled = at === 0;
    next.disabled = at === last;
    words.replaceChildren(make("b", at ? `Step ${at} of ${last}, ${title}. ` : "Ready. "), text);
  }
  return { element, show, stop };
}
