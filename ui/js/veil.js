// What is said over a picture that stands still, or where there is none: why, since when, what next.

import { el, hide, icon, mark, say } from "./dom.js";
import { known } from "./state.js";
import { coming, lasting } from "./time.js";

export class Veil {
  #sign = "";

  // `edit` opens the camera's settings, where a person must change something.
  constructor(edit) {
    this.sign = el("span", { class: "sign", "aria-hidden": "true" });
    this.title = el("strong");
    this.words = el("span", { class: "when" });
    this.edit = el("button", { type: "button", class: "secondary", text: "Edit camera", onclick: edit, hidden: true });
    this.node = el("div", { class: "veil", hidden: true }, this.sign, this.title, this.words, this.edit);
  }

  hide() {
    hide(this.node, true);
  }

  // What to say of a stream that should show nothing, or nothing new, in `state`.
  state(stream, state) {
    const { word } = known(state);
    const reason = ["live", "saving", "pausing", "resuming"].includes(state) ? "" : stream.reason;
    const asked = state !== stream.state;
    const about = asked ? [] : [reason && word.toLowerCase(), lasting(stream.since)];
    const next = asked || !["offline", "misconfigured", "stalled"].includes(state) ? "" : coming(stream.nexttry);
    const began = about.filter(Boolean).join(" ");
    this.#show(state, sentence(reason) || word, [began, next].filter(Boolean).join(" · "));
    hide(this.edit, state !== "misconfigured" || !stream.camera);
  }

  // Video comes to the dashboard, but none is here to see.
  waiting(trouble, models) {
    const words = models ? "" : "The next key frame begins it.";
    this.#show(trouble ? "degraded" : "connecting", trouble ? "No video" : "Waiting for a picture", trouble || words);
    hide(this.edit, true);
  }

  #show(state, title, words) {
    hide(this.node, false);
    const { sign, tone } = known(state);
    mark(this.node, "tone", tone);
    if (sign !== this.#sign) this.sign.replaceChildren(icon(sign));
    this.#sign = sign;
    say(this.title, title);
    if (this.title.title !== title) this.title.title = title;
    say(this.words, words);
  }
}

// With a capital letter, unless it begins with a name, an address or a number.
export const sentence = (words) => words.replace(/^[a-z]+(?=[ ,]|: )/, (word) => word[0].toUpperCase() + word.slice(1));
