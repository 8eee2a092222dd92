// What is said over a picture that stands still, or where there is none: why, since when, what next.

import { el, icon, say } from "./dom.js";
import { known, troubled } from "./state.js";
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
    this.node.hidden = true;
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
    this.edit.hidden = state !== "misconfigured" || !stream.camera;
  }

  // Video comes to the dashboard, but none is here to see.
  waiting(trouble, models) {
    const words = models ? "" : "The next key frame begins it.";
    this.#show(trouble ? "degraded" : "connecting", trouble ? "No video" : "Waiting for a picture", trouble || words);
    this.edit.hidden = true;
  }

  #show(state, title, words) {
    this.node.hidden = false;
    const { sign, tone } = known(state);
    this.node.dataset.tone = tone;
    this.node.classList.toggle("trouble", troubled(state));
    if (sign !== this.#sign) this.sign.replaceChildren(icon(sign));
    this.#sign = sign;
    say(this.title, title);
    say(this.words, words);
  }
}

export const sentence = (words) => words.charAt(0).toUpperCase() + words.slice(1);
