// An extension of JupyterLab, as `make lab` starts it. The stored outputs of a chapter hold each
// widget as a piece of a page. In a notebook that the reader trusts, this brings them to life
// before anything runs, as the same script does in the book. In any other notebook JupyterLab has
// taken the data out of them, and the still picture stays.
(function () {
"use strict";

// The server's root is the repository, and `make lab` has put the script there.
const script = new URL("../../../../files/_build/widget.js", document.currentScript.src);
const WAITING = '.minigraph-widget:not([data-mounted]) script[type="application/json"]';

function wake() {
  if (!document.querySelector(WAITING)) return;
  if (globalThis.minigraph) return globalThis.minigraph.mountAll();
  if (document.querySelector(`script[src="${script}"]`)) return;
  const element = document.createElement("script");
  element.src = script; // when it has loaded, it mounts all that waits
  document.head.append(element);
}

const plugin = {
  id: "minigraph:wake",
  autoStart: true,
  activate() {
    new MutationObserver(wake).observe(document.body, { childList: true, subtree: true });
  },
};
window._JUPYTERLAB = window._JUPYTERLAB || {};
window._JUPYTERLAB.minigraph = { init() {}, get: () => Promise.resolve(() => plugin) };
})();
