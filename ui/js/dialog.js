// A dialog: what is behind it can't be reached, Esc closes it, and it leaves nothing behind.

import { el } from "./dom.js";

export const dialogOpen = () => document.querySelector("dialog[open]") !== null;

export function dialog(title, ...content) {
  const node = el("dialog", { "aria-label": title }, el("h2", { text: title }), ...content);
  let pressed = null;
  node.addEventListener("pointerdown", ({ target }) => (pressed = target));
  // Beside it; but not where somebody who marks text lets go outside.
  node.addEventListener("click", ({ target }) => target === node && pressed === node && node.close());
  node.addEventListener("close", () => node.remove());
  document.body.append(node);
  node.showModal();
  return node;
}

// Whether somebody says yes: `act` is the button's word.
export function confirm(title, words, act) {
  return new Promise((resolve) => {
    const answer = (text, value, kind) =>
      el("button", { type: "button", class: kind, text, onclick: () => node.close(value) });
    const node = dialog(
      title,
      el("p", { text: words }),
      el("div", { class: "actions" }, answer("Cancel", "", "secondary"), answer(act, "yes", "primary danger")),
    );
    node.addEventListener("close", () => resolve(node.returnValue === "yes"));
  });
}
