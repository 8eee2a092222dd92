// One stream: its video with what was found in it, and how it does.

import { Account, inWords } from "./account.js";
import { Detections } from "./detections.js";
import { icon, say } from "./dom.js";
import { filter } from "./filter.js";
import { duration, rate, seconds } from "./format.js";
import { Overlay } from "./overlay.js";
import { parts } from "./parts.js";
import { going } from "./state.js";
import { Viewer } from "./viewer.js";

const STATES = {
  connecting: "Connecting",
  live: "Live",
  behind: "Behind",
  misconfigured: "Misconfigured",
  paused: "Paused",
  ended: "Ended",
  failed: "Failed",
  pausing: "Pausing",
  resuming: "Resuming",
};

const WARM_UP = 4;
const STILL = 1500;

export class Tile {
  stream = null;
  current = []; // what is drawn now
  moment = null;
  detections = new Detections();

  #account = new Account();
  #parts;
  #overlay;
  #size = null;
  #drawn = 0;
  #came = -Infinity;
  #asked = null;
  #heard = { epoch: 0, results: 0 };
  #control;

  // control: { pause(name, paused), focus(tile), allowed() }
  constructor(name, control) {
    this.name = name;
    this.#control = control;
    this.#parts = parts(name, this.#account, { pause: () => this.toggle(), focus: () => control.focus(this) });
    this.node = this.#parts.node;
    this.stage = this.#parts.stage;
    this.#overlay = new Overlay(this.#parts.overlay);
    this.viewer = new Viewer(name, { video: this.#parts.video, canvas: this.#parts.picture }, {
      shown: (moment, size) => this.#show(moment, size),
      changed: () => this.#tell(),
      found: (segment) => (this.stream?.rate || this.detections.models.length ? this.detections.found(segment) : segment.epoch),
    });
    filter.addEventListener("change", () => this.#redraw());
  }

  // Whether there should be video.
  get running() {
    return going(this.state) || ["connecting", "resuming"].includes(this.state);
  }

  update(stream) {
    this.stream = stream;
    if (this.#asked === stream.paused) this.#asked = null;
    this.#account.show(stream);
    this.#parts.account.setAttribute("aria-label", `${inWords(stream)}. Show the reasons`);
    this.#tell();
  }

  result(result, fresh) {
    const first = this.detections.add(result);
    if (this.#heard.epoch !== result.epoch) this.#heard = { epoch: result.epoch, results: 0 };
    this.#heard.results += 1;
    // The first ones waited for functions to wake: the video shall not wait as long for ever.
    if (first !== null && fresh && this.#heard.results > WARM_UP) this.viewer.clock.result(first);
    if (performance.now() - this.#drawn > 300) this.#redraw();
  }

  // `text` while the functions wake for this stream, null otherwise.
  waking(text) {
    this.#parts.wake.hidden = text === null;
    if (text !== null) say(this.#parts.wake, text);
  }

  async toggle() {
    if (!this.stream?.camera || !this.#control.allowed() || this.#asked !== null) return;
    this.#asked = !this.stream.paused;
    this.#tell();
    const wanted = this.#asked;
    if (!(await this.#control.pause(this.name, wanted))) this.#asked = null;
    this.#tell();
  }

  watch(visible) {
    if (visible) this.viewer.start();
    else this.viewer.stop();
  }

  close() {
    this.viewer.close();
    this.node.remove();
  }

  // The state that the stream told, or what it is about to become.
  get state() {
    if (!this.stream) return "connecting";
    const { camera, state } = this.stream;
    const paused = this.#asked ?? this.stream.paused;
    if (!camera || paused === (state === "paused") || state === "failed") return state;
    return paused ? "pausing" : "resuming";
  }

  #show(moment, size) {
    const { video } = this.#parts;
    this.moment = moment;
    this.#came = performance.now();
    if (!this.#parts.veil.hidden) this.#tell();
    this.#size = size ?? { width: video.videoWidth, height: video.videoHeight };
    this.#redraw();
  }

  #redraw() {
    if (this.moment === null) return;
    this.#drawn = performance.now();
    this.current = this.detections.at(this.moment).filter((one) => filter.passes(one));
    this.#overlay.draw(this.current, this.#size, this.moment);
  }

  #tell() {
    const { stream } = this;
    if (!stream) return;
    const p = this.#parts;
    const state = this.state;
    this.node.dataset.state = state;
    this.node.classList.toggle("brief", state === "ended" && !stream.camera && this.moment === null);
    say(p.state, STATES[state] ?? state);
    p.state.title = stream.reason;
    this.#numbers(stream, state);
    this.#veil(stream, state);
    const paused = ["paused", "pausing"].includes(state);
    const why = !stream.camera ? "Only cameras can be paused; this stream was pushed" : this.#control.allowed() ? "" : "Open the page by the address with the token, to control streams";
    p.pause.setAttribute("aria-disabled", String(Boolean(why) || this.#asked !== null));
    p.pause.title = why || (paused ? "Resume (space)" : "Pause (space)");
    p.pause.setAttribute("aria-label", `${paused ? "Resume" : "Pause"} ${this.name}${why && `. ${why}`}`);
    if (p.pause.dataset.icon !== (paused ? "play" : "pause")) {
      p.pause.dataset.icon = paused ? "play" : "pause";
      p.pause.replaceChildren(icon(p.pause.dataset.icon));
    }
    p.badge.hidden = !this.viewer.fallback;
    say(p.badge, this.viewer.fallback);
    p.problem.hidden = state !== "misconfigured";
    say(p.problem, p.problem.hidden ? "" : stream.reason);
  }

  #numbers(stream, state) {
    const models = Object.values(stream.models);
    const inferred = models.length ? Math.max(...models.map((one) => one.rate)) : 0;
    const here = going(state);
    // Pushed files don't say how many frames a second they have.
    const speeds = [stream.framerate && rate(stream.framerate), models.length && rate(inferred)].filter(Boolean);
    say(this.#parts.speed, here && speeds.length ? `${speeds.join(" → ")} fps` : "");
    this.#parts.speed.title = `${rate(stream.framerate)} frames a second come in, ${rate(inferred)} are looked at`;
    say(this.#parts.latency, here && stream.latency !== null ? seconds(stream.latency) : "");
  }

  #veil(stream, state) {
    const p = this.#parts;
    const trouble = this.running ? this.viewer.trouble : "";
    const here = going(state);
    const moves = performance.now() - this.#came < STILL;
    p.veil.hidden = moves || (here && this.moment !== null && !trouble);
    if (p.veil.hidden) return;
    say(p.veilTitle, trouble ? "No video" : here ? "Waiting for video" : (STATES[state] ?? state));
    say(p.veilWords, trouble || (here ? "" : stream.reason || this.#since(stream, state)));
  }

  #since(stream, state) {
    const began = Date.parse(stream.since);
    return state === "paused" && began ? `for ${duration((Date.now() - began) / 1000)}` : "";
  }

  // What a screen reader hears of the picture; and the veil, once the picture stands still.
  describe() {
    this.#tell();
    const counts = new Map();
    for (const { label } of this.current) counts.set(label, (counts.get(label) ?? 0) + 1);
    const seen = [...counts].map(([label, n]) => `${n} ${label}`).join(", ") || "nothing found";
    this.#parts.overlay.setAttribute("aria-label", `${this.name}: ${seen}`);
    return counts;
  }
}
