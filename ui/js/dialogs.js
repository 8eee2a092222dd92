// Help, and the token where the page was opened without it.

import { setToken } from "./api.js";
import { el, icon } from "./dom.js";

const KEYS = [
  ["← ↑ ↓ →", "go from stream to stream"],
  ["space", "pause or resume the stream"],
  ["f", "focus the stream; again: full screen"],
  ["Esc", "back to all streams"],
  ["?", "this help"],
];

function dialog(title, ...content) {
  const node = el("dialog", { "aria-label": title }, el("h2", { text: title }), ...content);
  node.addEventListener("click", ({ target }) => target === node && node.close());
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  node.showModal();
  return node;
}

export function setUpHelp(button) {
  button.append(icon("help"));
  button.title = "Help (?)";
  button.setAttribute("aria-label", "Help");
  button.addEventListener("click", openHelp);
}

export function openHelp() {
  if (document.querySelector("dialog")) return;
  const rows = KEYS.flatMap(([key, does]) => [el("dt", {}, el("kbd", { text: key })), el("dd", { text: does })]);
  const close = el("button", { type: "button", class: "primary", text: "Close", onclick: () => node.close() });
  const node = dialog(
    "Help",
    el("dl", { class: "keys" }, ...rows),
    el("p", { text: "Boxes are drawn in time with the picture, so video is held back until the results are there. Each bar is the account of a stream's frames: captured = inferred + in flight + dropped + failed." }),
    el("p", { text: "With nothing to do, functions go to zero. Pause every stream to see them fall asleep, resume one to see them wake." }),
    close,
  );
}

// Asks for the token; `done` is called when there is one.
export function askToken(words, done) {
  if (document.querySelector("dialog")) return;
  const input = el("input", { type: "password", autocomplete: "off", "aria-label": "Token", required: true });
  const form = el("form", { method: "dialog" }, input, el("button", { class: "primary", text: "Open" }));
  form.addEventListener("submit", () => {
    setToken(input.value.trim());
    done();
  });
  dialog("This page needs its token", el("p", { text: words }), form);
}
