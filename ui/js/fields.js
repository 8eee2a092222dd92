// A form's fields: a label, what to enter, what it means, and what is wrong with it.

import { el, say } from "./dom.js";

export class Field {
  #wrong;

  // `control` is the input, or whatever has a `value`'s place; `hint` is said beneath it.
  constructor(name, label, control, hint = "") {
    this.name = name;
    this.control = control;
    const id = `field-${name}`;
    this.hint = el("p", { class: "hint", id: `${id}-hint`, text: hint });
    this.#wrong = el("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
    const input = control.matches("input, select");
    const about = `${id}-wrong ${id}-hint`;
    if (input) {
      control.id = id;
      control.setAttribute("aria-describedby", about);
      control.addEventListener("input", () => this.wrong(""));
    }
    this.node = input
      ? el("div", { class: "field" }, el("label", { for: id, text: label }), control, this.#wrong, this.hint)
      : el("fieldset", { class: "field", "aria-describedby": about }, el("legend", { text: label }), control, this.#wrong, this.hint);
  }

  wrong(words) {
    say(this.#wrong, words);
    this.#wrong.hidden = !words;
    this.control.setAttribute("aria-invalid", String(Boolean(words)));
  }

  focus() {
    (this.control.matches("input, select") ? this.control : this.control.querySelector("input"))?.focus();
  }
}

export const text = (more = {}) => el("input", { type: "text", autocomplete: "off", autocapitalize: "off", spellcheck: "false", ...more });

export function choice(options, more = {}) {
  return el("select", more, ...options.map(([value, word]) => el("option", { value, text: word })));
}
