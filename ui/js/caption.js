// The line beneath a picture: whose it is, how it does, how fast, and what one can do with it.

import { el, hide, icon, say } from "./dom.js";
import { rate, seconds } from "./format.js";
import { going, known, troubled } from "./state.js";
import { lasting } from "./time.js";

export class Caption {
  #sign = "";
  #pause = "";

  // actions: { pause, focus, menu } are called at the buttons.
  constructor(name, { pause, focus, menu }) {
    this.name = name;
    const button = (label, sign, onclick, more = {}) => el("button", { type: "button", class: "icon", "aria-label": label, onclick, ...more }, icon(sign));
    this.sign = el("span", { class: "sign", "aria-hidden": "true" });
    this.word = el("span");
    this.since = el("span", { class: "since" });
    this.state = el("span", { class: "state" }, this.word, this.since);
    this.speed = el("span", { class: "speed" });
    this.latency = el("span", { class: "latency", title: "From a frame's capture to its result, median" });
    this.pause = button("", "pause", pause);
    this.focus = button(`Focus ${name}`, "focus", focus, { title: "Focus (f)", class: "icon focus" });
    this.menu = button(`More about ${name}`, "more", () => menu(this.menu), { title: "Models, edit, remove", "aria-haspopup": "dialog" });
    this.node = el(
      "div",
      { class: "line" },
      this.sign,
      el("h2", { id: `stream-${name}`, text: name, title: name }),
      this.state,
      el("span", { class: "facts" }, this.speed, this.latency),
      el("span", { class: "buttons" }, this.pause, this.focus, this.menu),
    );
  }

  // `state` is what the stream told, or what it is about to become; `veiled` where the picture's
  // place says since when.
  show(stream, state, veiled) {
    const { word, sign } = known(state);
    if (sign !== this.#sign) this.sign.replaceChildren(icon(sign));
    this.#sign = sign;
    const since = lasting(stream.since);
    say(this.word, word);
    say(this.since, troubled(state) && since && !veiled ? ` ${since}` : "");
    const title = [stream.reason, since].filter(Boolean).join(", ");
    if (this.state.title !== title) this.state.title = title;
    this.#numbers(stream, state);
    this.#buttons(stream, state);
  }

  #numbers(stream, state) {
    const models = Object.values(stream.models);
    const inferred = models.length ? Math.max(...models.map((one) => one.rate)) : 0;
    const here = going(state) || (state === "misconfigured" && inferred > 0);
    // Pushed files don't say how many frames a second they have.
    const speeds = [stream.framerate && rate(stream.framerate), models.length && rate(inferred)].filter(Boolean);
    say(this.speed, here && speeds.length ? `${speeds.join(" → ")} fps` : "");
    const title = `${rate(stream.framerate)} frames a second come in, ${rate(inferred)} are looked at`;
    if (this.speed.title !== title) this.speed.title = title;
    say(this.latency, here && stream.latency !== null ? seconds(stream.latency) : "");
  }

  #buttons(stream, state) {
    for (const one of [this.pause, this.menu]) hide(one, !stream.camera);
    const paused = ["paused", "pausing"].includes(state);
    const busy = ["saving", "pausing", "resuming"].includes(state);
    const now = `${paused} ${busy}`;
    if (now === this.#pause) return;
    this.#pause = now;
    this.pause.setAttribute("aria-disabled", String(busy));
    this.pause.title = paused ? "Resume (space)" : "Pause (space)";
    this.pause.setAttribute("aria-label", `${paused ? "Resume" : "Pause"} ${this.name}`);
    this.pause.replaceChildren(icon(paused ? "play" : "pause"));
  }
}
