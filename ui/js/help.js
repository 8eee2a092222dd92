// The keys, and what the page shows.

import { dialog, dialogOpen } from "./dialog.js";
import { el, icon } from "./dom.js";

const KEYS = [
  ["← ↑ ↓ →", "go from stream to stream"],
  ["space", "pause or resume the stream"],
  ["f", "focus the stream; again: full screen"],
  ["a", "add a camera"],
  ["e", "edit the camera"],
  ["/", "find a stream by its name"],
  ["Esc", "back to all streams"],
  ["?", "this help"],
];

export function setUpHelp(button) {
  button.append(icon("help"));
  button.title = "Help (?)";
  button.setAttribute("aria-label", "Help");
  button.addEventListener("click", openHelp);
}

export function openHelp() {
  if (dialogOpen()) return;
  const rows = KEYS.flatMap(([key, does]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: does })]);
  const close = el("button", { type: "button", class: "primary", text: "Close", onclick: () => node.close() });
  const node = dialog(
    "Help",
    el("dl", { class: "keys" }, ...rows),
    el("p", { text: "Boxes are drawn in time with the picture, so video is held back until the results are there. Each bar is the account of a stream's frames: captured = inferred + in flight + dropped + failed." }),
    el("p", { text: "With nothing to do, functions go to zero. Pause every stream to see them fall asleep, resume one to see them wake." }),
    el("div", { class: "actions" }, close),
  );
}
