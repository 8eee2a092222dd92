// Which models look at a stream: one box to tick for each that is known.

import { el } from "./dom.js";

// Names of the models that functions serve, and of those that a camera asks for all the same.
export function offered(functions, chosen = []) {
  const served = functions.filter((one) => one.kind === "infer").map((one) => one.name.replace(/^infer-/, ""));
  return [...new Set([...served, ...chosen])].map((name) => ({ name, served: served.includes(name) }));
}

export class Models {
  #changed;
  #names = "";

  // `changed(names)` is called when somebody ticks.
  constructor(changed = () => {}) {
    this.#changed = changed;
    this.node = el("div", { class: "ticks" });
  }

  get chosen() {
    return [...this.node.querySelectorAll("input:checked")].map((input) => input.value);
  }

  // `models` as offered() gives them.
  show(models, chosen) {
    const names = JSON.stringify(models);
    if (names !== this.#names) this.node.replaceChildren(...models.map((one) => this.#tick(one)), ...(models.length ? [] : [nothing()]));
    this.#names = names;
    for (const input of this.node.querySelectorAll("input")) input.checked = chosen.includes(input.value);
  }

  busy(yes) {
    this.node.setAttribute("aria-busy", String(yes));
    for (const input of this.node.querySelectorAll("input")) input.setAttribute("aria-disabled", String(yes));
  }

  #tick({ name, served }) {
    const input = el("input", { type: "checkbox", value: name });
    input.addEventListener("click", (event) => this.node.ariaBusy === "true" && event.preventDefault());
    input.addEventListener("change", () => this.#changed(this.chosen));
    const note = served ? null : el("small", { text: "nobody serves it" });
    return el("label", { class: "tick" }, input, el("span", { text: name }), note);
  }
}

const nothing = () => el("p", { class: "quiet", text: "No function serves a model." });
