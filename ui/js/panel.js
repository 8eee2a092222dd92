// Beside a stream in focus: what is in the picture now, what to draw, and the account in full.

import { table } from "./account.js";
import { el, icon, say } from "./dom.js";
import { filter } from "./filter.js";
import { rate, seconds } from "./format.js";
import { Models, offered } from "./models.js";
import { colour } from "./palette.js";
import { known } from "./state.js";
import { coming, lasting } from "./time.js";

const MOST = 12;

export class Panel {
  #node;
  #tile = null;
  #labels = new Set();
  #account = "";
  #facts = "";
  #control;

  constructor(node, control) {
    this.#node = node;
    this.#control = control;
    this.title = el("h2");
    this.now = el("ul", { class: "found" });
    this.empty = el("p", { class: "quiet", text: "Nothing is found in this picture." });
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "Labels that are drawn" });
    this.score = el("input", { type: "range", min: 0, max: 90, step: 5, id: "score", oninput: () => filter.setScore(this.score.value / 100) });
    this.scoreValue = el("output", { for: "score" });
    this.facts = el("dl");
    this.ledger = el("div");
    this.models = new Models((names) => this.#change(names));
    this.saved = el("p", { class: "quiet", role: "status" });
    const edit = el("button", { type: "button", class: "secondary", text: "Edit", onclick: () => control.edit(this.#tile.name) });
    const remove = el("button", { type: "button", class: "secondary danger", text: "Remove", onclick: () => control.remove(this.#tile.name) });
    this.camera = el("section", { hidden: true }, el("h3", { text: "Models" }), this.models.node, this.saved, el("div", { class: "actions" }, edit, remove));
    const back = el("button", { type: "button", class: "icon", title: "All streams (Esc)", "aria-label": "All streams", onclick: () => control.focus(null) }, icon("back"));
    node.append(
      el("header", {}, back, this.title),
      el("section", {}, el("h3", { text: "In the picture" }), this.now, this.empty),
      el("section", {}, el("h3", { text: "Drawn" }), this.chips, el("label", { class: "slider", for: "score" }, "Score from", this.score, this.scoreValue)),
      el("section", {}, el("h3", { text: "Frames" }), this.ledger),
      el("section", {}, el("h3", { text: "Stream" }), this.facts),
      this.camera,
    );
    control.cameras.addEventListener("change", () => this.#offerModels());
    setInterval(() => this.#tile && !document.hidden && this.tick(), 250);
    filter.addEventListener("change", () => this.tick());
  }

  show(tile) {
    this.#tile = tile;
    this.#node.hidden = tile === null;
    this.#labels.clear();
    if (!tile) return;
    say(this.title, tile.name);
    say(this.saved, "");
    this.camera.hidden = !tile.stream.camera;
    // Where it fails there is nothing to tick, and changing says what is wrong.
    this.#control.cameras.read().catch(() => {});
    this.score.value = Math.round(filter.score * 100);
    this.update();
    this.tick();
  }

  // What changes with the status.
  update() {
    const stream = this.#tile?.stream;
    if (!stream) return;
    const account = JSON.stringify([stream.captured, stream.inferred, stream.reasons, stream.failures]);
    if (account !== this.#account) this.ledger.replaceChildren(table(stream));
    this.#account = account;
    const url = this.#control.cameras.get(stream.name)?.url;
    const facts = [
      ["State", [known(stream.state).word, lasting(stream.since)].filter(Boolean).join(" ")],
      ["Reason", stream.reason],
      ["Next try", coming(stream.nexttry).replace(/^next try /, "")],
      ["Address", url],
      ["Camera", stream.framerate ? `${rate(stream.framerate)} frames/s` : ""],
      ...Object.entries(stream.models).map(([name, one]) => [name, `${rate(one.rate)} frames/s, ${seconds(one.latency)}`]),
      ["Picture", this.#picture()],
      ["Cold start", stream.coldstart === null ? "" : seconds(stream.coldstart)],
    ].filter(([, text]) => text);
    const told = JSON.stringify(facts);
    if (told === this.#facts) return;
    this.#facts = told;
    this.facts.replaceChildren(...facts.flatMap(([name, text]) => [el("dt", { text: name }), el("dd", { text })]));
  }

  #offerModels() {
    if (!this.#tile) return;
    const chosen = this.#control.cameras.get(this.#tile.name)?.models ?? [];
    this.models.show(offered(this.#control.functions, chosen), chosen);
    this.update();
  }

  async #change(names) {
    const tile = this.#tile;
    this.models.busy(true);
    say(this.saved, "Saving…");
    const words = await this.#control.models(tile.name, names);
    this.models.busy(false);
    if (this.#tile !== tile) return;
    say(this.saved, words);
    this.#offerModels();
  }

  // What changes with the picture.
  tick() {
    const tile = this.#tile;
    if (!tile) return;
    const found = [...tile.current].sort((a, b) => b.score - a.score).slice(0, MOST);
    this.empty.hidden = found.length > 0;
    while (this.now.children.length > found.length) this.now.lastChild.remove();
    while (this.now.children.length < found.length) this.now.append(entry());
    found.forEach((one, n) => fill(this.now.children[n], one, tile.detections.models.length > 1));
    say(this.scoreValue, filter.score.toFixed(2));
    this.#offer(tile);
  }

  #offer(tile) {
    if (tile.moment !== null) for (const one of tile.detections.at(tile.moment)) this.#labels.add(one.label);
    for (const label of filter.hidden) this.#labels.add(label);
    for (const label of this.#labels) {
      let chip = [...this.chips.children].find((node) => node.dataset.label === label);
      if (!chip) {
        chip = el("button", { type: "button", "data-label": label, onclick: () => filter.toggle(label) }, el("i"), label);
        chip.firstChild.style.background = colour(label);
        this.chips.append(chip);
      }
      chip.setAttribute("aria-pressed", String(!filter.hidden.has(label)));
    }
    for (const chip of [...this.chips.children]) if (!this.#labels.has(chip.dataset.label)) chip.remove();
  }

  #picture() {
    const { viewer, moment } = this.#tile;
    if (moment === null) return "";
    const codec = viewer.fallback ? `${viewer.codec} as JPEG` : viewer.codec;
    return `${codec}, ${seconds(viewer.clock.hold / 1000)} after capture`;
  }
}

function entry() {
  return el("li", {}, el("i"), el("span"), el("small"), el("meter", { min: 0, max: 1 }), el("b"));
}

function fill(row, one, several) {
  const [swatch, label, model, meter, score] = row.children;
  swatch.style.background = colour(one.label);
  say(label, one.label);
  say(model, several ? one.model : "");
  meter.value = one.score;
  say(score, one.score.toFixed(2));
}
