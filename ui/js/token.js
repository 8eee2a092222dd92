// The token, asked for where it is needed and the page was opened without it.

import { setToken } from "./api.js";
import { dialog } from "./dialog.js";
import { el } from "./dom.js";

// Whether there is one now; `words` say what it is for, or what was wrong with the last.
export function askToken(words) {
  return new Promise((resolve) => {
    const input = el("input", { id: "token", type: "password", autocomplete: "off", required: true });
    const field = el("div", { class: "field" }, el("label", { for: "token", text: "Token" }), input);
    const cancel = el("button", { type: "button", class: "secondary", text: "Cancel", onclick: () => node.close() });
    const actions = el("div", { class: "actions" }, cancel, el("button", { class: "primary", text: "Open" }));
    const form = el("form", {}, field, actions);
    const hint = "It is at the end of the address that cnap up prints, after #token=; in a cluster it is the dashboard's Secret.";
    const node = dialog("This needs the token", el("p", { text: words }), el("p", { text: hint }), form);
    let given = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      setToken(input.value.trim());
      given = true;
      node.close();
    });
    node.addEventListener("close", () => resolve(given));
  });
}
