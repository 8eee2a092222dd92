// What became of every captured frame: a bar that always adds up, and the reasons on demand.

import { el, say } from "./dom.js";
import { count, short } from "./format.js";

const PARTS = [
  ["inferred", "inferred"],
  ["inflight", "in flight"],
  ["dropped", "dropped"],
  ["failed", "failed"],
];

export class Account {
  #parts = new Map();

  constructor() {
    this.bar = el("span", { class: "ledger", "aria-hidden": "true" });
    this.captured = el("b");
    this.counts = el("span", { class: "counts" }, el("span", { class: "count captured" }, this.captured, " captured"));
    for (const [key, name] of PARTS) {
      const segment = el("i", { class: key });
      const number = el("b");
      const item = el("span", { class: `count ${key}` }, el("i"), number, ` ${name}`);
      this.#parts.set(key, { segment, number, item });
      this.bar.append(segment);
      this.counts.append(item);
    }
  }

  show(stream) {
    const total = Math.max(1, stream.captured);
    say(this.captured, short(stream.captured));
    for (const [key, { segment, number, item }] of this.#parts) {
      const share = Math.max(0, stream[key]) / total;
      segment.style.flexGrow = share;
      segment.classList.toggle("some", stream[key] > 0);
      say(number, short(stream[key]));
      item.classList.toggle("none", !stream[key]);
    }
  }
}

export function inWords(stream) {
  const parts = PARTS.map(([key, name]) => `${count(stream[key])} ${name}`);
  return `${count(stream.captured)} frames captured: ${parts.join(", ")}`;
}

// A table of one row a model, and the reasons beneath.
export function table(stream) {
  const models = Object.entries(stream.models);
  const head = ["model", "captured", ...PARTS.map(([, name]) => name)];
  const rows = models.map(([name, counts]) => [name, counts.captured, ...PARTS.map(([key]) => counts[key])]);
  const cell = (value, n) => el(n ? "td" : "th", { scope: n ? null : "row", text: n ? count(value) : value });
  const reasons = Object.entries(stream.reasons).sort((a, b) => b[1] - a[1]);
  return el(
    "div",
    { class: "ledger-table" },
    el(
      "table",
      {},
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col", text })))),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))),
    ),
    reasons.length
      ? el("ul", { class: "reasons" }, ...reasons.map(([why, n]) => el("li", {}, el("b", { text: count(n) }), ` ${why}`)))
      : el("p", { class: "quiet", text: "Nothing was dropped, nothing failed." }),
  );
}
