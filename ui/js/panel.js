// Beside a stream in focus: what is in the picture now, what to draw, and the account in full.

import { table } from "./account.js";
import { el, icon, say } from "./dom.js";
import { filter } from "./filter.js";
import { duration, rate, seconds } from "./format.js";
import { colour } from "./palette.js";

const MOST = 12;

export class Panel {
  #node;
  #tile = null;
  #labels = new Set();
  #account = "";

  constructor(node, close) {
    this.#node = node;
    this.title = el("h2");
    this.now = el("ul", { class: "found" });
    this.empty = el("p", { class: "quiet", text: "Nothing is found in this picture." });
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "Labels that are drawn" });
    this.score = el("input", { type: "range", min: 0, max: 90, step: 5, id: "score", oninput: () => filter.setScore(this.score.value / 100) });
    this.scoreValue = el("output", { for: "score" });
    this.facts = el("dl");
    this.ledger = el("div");
    const back = el("button", { type: "button", class: "icon", title: "All streams (Esc)", "aria-label": "All streams", onclick: close }, icon("back"));
    node.append(
      el("header", {}, back, this.title),
      el("section", {}, el("h3", { text: "In the picture" }), this.now, this.empty),
      el("section", {}, el("h3", { text: "Drawn" }), this.chips, el("label", { class: "slider", for: "score" }, "Score from", this.score, this.scoreValue)),
      el("section", {}, el("h3", { text: "Frames" }), this.ledger),
      el("section", {}, el("h3", { text: "Stream" }), this.facts),
    );
    setInterval(() => this.#tile && !document.hidden && this.tick(), 250);
    filter.addEventListener("change", () => this.tick());
  }

  show(tile) {
    this.#tile = tile;
    this.#node.hidden = tile === null;
    this.#labels.clear();
    if (!tile) return;
    say(this.title, tile.name);
    this.score.value = Math.round(filter.score * 100);
    this.update();
    this.tick();
  }

  // What changes with the status.
  update() {
    const stream = this.#tile?.stream;
    if (!stream) return;
    const account = JSON.stringify([stream.models, stream.reasons, stream.failures]);
    if (account !== this.#account) this.ledger.replaceChildren(table(stream));
    this.#account = account;
    const since = Date.parse(stream.since);
    const facts = [
      ["State", stream.reason ? `${stream.state}: ${stream.reason}` : stream.state],
      ["Since", since ? `${duration((Date.now() - since) / 1000)} ago` : "–"],
      ["Camera", stream.framerate ? `${rate(stream.framerate)} frames/s` : "–"],
      ...Object.entries(stream.models).map(([name, one]) => [name, `${rate(one.rate)} frames/s, ${seconds(one.latency)}`]),
      ["Picture", this.#picture()],
      ["Cold start", seconds(stream.coldstart)],
    ];
    this.facts.replaceChildren(...facts.flatMap(([name, text]) => [el("dt", { text: name }), el("dd", { text })]));
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
    if (moment === null) return "–";
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
