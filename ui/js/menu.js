// What can be done with a camera, at its tile: its models, its settings, and taking it away.

import { el, say } from "./dom.js";
import { Models, offered } from "./models.js";

export class Menu {
  #name = "";
  #control;

  // control: { cameras, functions(), models(name, names), edit(name), remove(name) }
  constructor(control) {
    this.#control = control;
    this.models = new Models((names) => this.#change(names));
    this.said = el("p", { class: "quiet", role: "status" });
    const item = (text, does, more = "") => el("button", { type: "button", class: `item ${more}`, text, onclick: () => (this.node.hidePopover(), does(this.#name)) });
    this.node = el(
      "div",
      { class: "menu", popover: "auto", role: "dialog" },
      el("h3", { text: "Models" }),
      this.models.node,
      this.said,
      item("Edit…", (name) => control.edit(name)),
      item("Remove…", (name) => control.remove(name), "danger"),
    );
    document.body.append(this.node);
    addEventListener("scroll", () => this.node.matches(":popover-open") && this.node.hidePopover(), { passive: true });
  }

  // Opens for a stream, beside a button.
  async open(name, button) {
    const again = this.#name === name && this.node.matches(":popover-open");
    if (again) return this.node.hidePopover();
    this.#name = name;
    this.node.setAttribute("aria-label", name);
    say(this.said, "");
    this.#fill();
    this.node.showPopover();
    this.#place(button);
    this.node.querySelector("input, button").focus();
    try {
      await this.#control.cameras.read();
    } catch (error) {
      say(this.said, error.message);
    }
    if (this.#name === name) this.#fill();
  }

  #fill() {
    const { cameras, functions } = this.#control;
    const chosen = cameras.get(this.#name)?.models ?? [];
    this.models.show(offered(functions(), chosen), chosen);
  }

  async #change(names) {
    const name = this.#name;
    this.models.busy(true);
    say(this.said, "Saving…");
    const words = await this.#control.models(name, names);
    if (this.#name !== name) return;
    this.models.busy(false);
    say(this.said, words);
    this.#fill();
  }

  #place(button) {
    const { right, bottom, top } = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.node;
    const below = bottom + height + 8 < innerHeight ? bottom + 4 : Math.max(8, top - height - 4);
    this.node.style.left = `${Math.max(8, Math.min(right - width, innerWidth - width - 8))}px`;
    this.node.style.top = `${below}px`;
  }
}
