// What to do where there is no stream.

import { el } from "./dom.js";

const WAYS = [
  ["A video file as a camera", "cnap up --stream gate=gate.mp4"],
  ["Files once, through the running pipeline", "cnap send archive/*.mp4 --stream archive"],
];

export function emptyState(grid, empty) {
  const shown = document.getElementById("empty");
  if (!empty) return shown?.remove();
  if (shown) return undefined;
  const ways = WAYS.map(([what, command]) => el("div", {}, el("p", { text: what }), el("pre", {}, el("code", { text: command }))));
  return grid.before(
    el(
      "div",
      { id: "empty", class: "empty" },
      el("h2", { text: "No streams yet" }),
      el("p", { text: "Nothing runs, and nothing costs anything: the functions wake when the first frames come." }),
      ...ways,
    ),
  );
}
