// What to do where there is no stream, or none that was looked for.

import { el } from "./dom.js";

const WAYS = [
  ["Or a video file as a camera", "cnap up --stream gate=gate.mp4"],
  ["Or files once, through the running pipeline", "cnap send archive/*.mp4 --stream archive"],
];

export function emptyState(grid, empty, control) {
  const ways = () => WAYS.map(([what, command]) => el("div", {}, el("p", { text: what }), el("pre", {}, el("code", { text: command }))));
  place(grid, "empty", empty, () => [
    el("h2", { text: "No streams yet" }),
    el("p", { text: "Nothing runs, and nothing costs anything: the functions wake when the first frames come." }),
    el("button", { type: "button", class: "primary", text: "Add a camera", onclick: () => control.add() }),
    ...ways(),
  ]);
}

export function nothingFound(grid, none, finder) {
  place(grid, "none", none, () => [
    el("h2", { text: "No stream is like that" }),
    el("button", { type: "button", class: "secondary", text: "Show all", onclick: () => finder.clear() }),
  ]);
}

function place(grid, id, wanted, content) {
  const shown = document.getElementById(id);
  if (!wanted) shown?.remove();
  else if (!shown) grid.before(el("div", { id, class: "empty" }, ...content()));
}
