// One stream: its video with what was found in it, and how it does.

import { inWords } from "./account.js";
import { Detections } from "./detections.js";
import { hide, mark, say } from "./dom.js";
import { filter } from "./filter.js";
import { Overlay } from "./overlay.js";
import { parts } from "./parts.js";
import { going, known } from "./state.js";
import { sentence } from "./veil.js";
import { Viewer } from "./viewer.js";

const WARM_UP = 4;
// Milliseconds without a new picture after which one sees that it stands still.
const STILL = 1500;
// Milliseconds in which a change that was saved should show; then what the stream tells is shown.
const PATIENCE = 15_000;

export class Tile {
  stream = null;
  current = []; // what is drawn now
  moment = null;
  detections = new Detections();

  #parts;
  #overlay;
  #size = null;
  #drawn = 0;
  #came = -Infinity;
  #asked = null; // { paused, saved } while somebody's wish is not yet so
  #heard = { epoch: 0, results: 0 };
  #control;
  #told = "";
  #visible = false;

  // control: { pause(name, paused), focus(tile), menu(tile, button), edit(name) }
  constructor(name, control) {
    this.name = name;
    this.#control = control;
    this.#parts = parts(name, {
      pause: () => this.toggle(),
      focus: () => control.focus(this),
      menu: (button) => control.menu(this, button),
      edit: () => control.edit(name),
    });
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
    return going(this.state) || ["connecting", "resuming", "stalled", "misconfigured"].includes(this.state);
  }

  update(stream) {
    this.stream = stream;
    if (this.#asked?.saved && this.#asked.paused === stream.paused) this.#asked = null;
    this.#refresh();
  }

  // What a tile that nobody sees would show is made when it comes into view.
  #refresh() {
    const { stream } = this;
    mark(this.node, "state", this.state);
    if (!this.#visible || !stream) return;
    const told = `${stream.captured} ${stream.inferred} ${stream.dropped} ${stream.failed}`;
    if (told !== this.#told) {
      this.#parts.account.show(stream);
      this.#parts.ledger.setAttribute("aria-label", `${inWords(stream)}. Show the reasons`);
    }
    this.#told = told;
    this.#tell();
  }

  result(result, fresh) {
    const first = this.detections.add(result);
    if (this.#heard.epoch !== result.epoch) this.#heard = { epoch: result.epoch, results: 0 };
    this.#heard.results += 1;
    // The first ones waited for functions to wake: the video shall not wait as long for ever.
    if (first !== null && fresh && this.#heard.results > WARM_UP) this.viewer.clock.result(first);
    if (this.#visible && performance.now() - this.#drawn > 300) this.#redraw();
  }

  // `text` while the functions wake for this stream, null otherwise.
  waking(text) {
    this.#parts.wake.hidden = text === null;
    if (text !== null) say(this.#parts.wake, text);
  }

  async toggle() {
    if (!this.stream?.camera || this.#asked !== null) return;
    const asked = (this.#asked = { paused: !this.stream.paused, saved: false });
    this.#refresh();
    asked.saved = await this.#control.pause(this.name, asked.paused);
    if (!asked.saved || this.stream.paused === asked.paused) this.#asked = null;
    else setTimeout(() => this.#asked === asked && ((this.#asked = null), this.#refresh()), PATIENCE);
    this.#refresh();
  }

  // Whether it is in view, and there to be played.
  watch(visible) {
    const came = visible && !this.#visible;
    this.#visible = visible;
    if (came) this.#refresh();
    if (visible && this.running) this.viewer.start();
    else if (visible && this.stream && this.moment === null) this.viewer.peek();
    else this.viewer.stop();
  }

  close() {
    this.viewer.close();
    this.node.remove();
  }

  // The state that the stream told, or what it is about to become.
  get state() {
    if (!this.stream) return "connecting";
    if (!this.#asked) return this.stream.state;
    if (!this.#asked.saved) return "saving";
    return this.#asked.paused ? "pausing" : "resuming";
  }

  #show(moment, size) {
    const { video } = this.#parts;
    this.moment = moment;
    this.#came = performance.now();
    this.#size = size ?? { width: video.videoWidth, height: video.videoHeight };
    if (!this.#parts.veil.node.hidden) this.#tell();
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
    mark(this.node, "state", state);
    mark(this.node, "tone", known(state).tone);
    this.node.classList.toggle("brief", state === "ended" && !stream.camera && this.moment === null);
    this.#cover(stream, state);
    p.caption.show(stream, state, !p.veil.node.hidden);
    const unseen = !Object.keys(stream.models).length && state !== "misconfigured";
    hide(p.unseen, !unseen);
    hide(p.ledger, unseen);
    hide(p.badge, !this.viewer.fallback || this.moment === null);
    say(p.badge, this.viewer.fallback);
    // Where video is seen, what is wrong is said beside it.
    const reason = ["degraded", "misconfigured", "stalled"].includes(state) && p.veil.node.hidden ? stream.reason : "";
    hide(p.problem, !reason);
    say(p.problem, sentence(reason));
  }

  #cover(stream, state) {
    const { veil } = this.#parts;
    const trouble = this.running ? this.viewer.trouble : "";
    const moves = performance.now() - this.#came < STILL && !this.viewer.leftover;
    if (moves || (going(state) && this.moment !== null && !trouble && !this.viewer.leftover)) veil.hide();
    else if (going(state)) veil.waiting(trouble, Object.keys(stream.models).length);
    else veil.state(stream, state);
    const picture = this.moment === null ? "none" : veil.node.hidden ? "clear" : "dimmed";
    mark(this.node, "picture", picture);
  }

  // Every second: times go on, pictures may stand still, and what a screen reader hears of them.
  tick() {
    if (!this.#visible) return;
    this.#tell();
    const counts = new Map();
    for (const { label } of this.current) counts.set(label, (counts.get(label) ?? 0) + 1);
    const seen = [...counts].map(([label, n]) => `${n} ${label}`).join(", ") || "nothing found";
    const label = `${this.name}: ${seen}`;
    const { overlay } = this.#parts;
    if (overlay.getAttribute("aria-label") !== label) overlay.setAttribute("aria-label", label);
  }
}
