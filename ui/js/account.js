// What became of every captured frame: a bar that always adds up, and the reasons on demand.

import { el, say } from "./dom.js";
import { count, short } from "./format.js";

const PARTS = [
  ["inferred", "inferred"],
  ["inflight", "in flight"],
  ["dropped", "dropped"],
  ["failed", "failed"],
];
// Frames that nobody asked for are a choice, not a loss, and are shown apart from what was lost.
const SHOWN = [PARTS[0], PARTS[1], ["sampled", "left out by the chosen rate"], PARTS[2], PARTS[3]];

// What the ledger's short words mean.
const REASONS = {
  sampled: "left out by the chosen rate",
  thinned: "left out, evenly: the functions were slower than the camera",
  behind: "left out: the functions were slower than the camera",
  expired: "too old to be of use when its turn came",
  "store unavailable": "the store did not answer",
  refused: "the Broker refused its event",
  flood: "more came than a camera may send",
  interrupted: "on its way when its source was ended",
  "bytes missing": "its video was no longer in the store",
  "no key frame": "before the first key frame",
  "corrupt frame": "could not be decoded",
  "inference failed": "the model failed",
  busy: "the functions were busy, again and again",
  unavailable: "a function could not be reached",
  unwatched: "nobody watched",
};

// "dropped: expired" → "dropped: too old …"; words that are none of ours stay.
export function plainly(why) {
  const [, outcome, reason] = /^(\w+): (.*)$/s.exec(why) ?? [null, "", why];
  return `${outcome && `${outcome}: `}${REASONS[reason] ?? reason}`;
}

function shares(stream) {
  const sampled = stream.reasons["dropped: sampled"] ?? 0;
  return { ...stream, sampled, dropped: stream.dropped - sampled };
}

export class Account {
  #parts = new Map();

  constructor() {
    this.bar = el("span", { class: "ledger", "aria-hidden": "true" });
    this.captured = el("b");
    this.counts = el("span", { class: "counts" }, el("span", { class: "count captured" }, this.captured, el("span", { text: "captured" })));
    for (const [key, name] of SHOWN) {
      const segment = el("i", { class: key });
      const number = el("b");
      const word = key === "sampled" ? "skipped" : name;
      const item = el("span", { class: `count ${key}`, title: name }, el("i"), number, el("span", { text: word }));
      this.#parts.set(key, { segment, number, item });
      this.bar.append(segment);
      this.counts.append(item);
    }
  }

  show(stream) {
    const total = Math.max(1, stream.captured);
    const counts = shares(stream);
    say(this.captured, short(stream.captured));
    for (const [key, { segment, number, item }] of this.#parts) {
      segment.style.flexGrow = Math.max(0, counts[key]) / total;
      segment.classList.toggle("some", counts[key] > 0);
      say(number, short(counts[key]));
      item.classList.toggle("none", !counts[key]);
      if (key === "sampled") item.hidden = !counts[key];
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
  const failures = (stream.failures ?? []).map((one) => `#${one.sequence} ${one.message}`);
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
      ? el("ul", { class: "reasons" }, ...reasons.map(([why, n]) => el("li", {}, el("b", { text: count(n) }), ` ${plainly(why)}`)))
      : el("p", { class: "quiet", text: "Nothing was dropped, nothing failed." }),
    failures.length ? el("ul", { class: "reasons" }, ...failures.map((text) => el("li", { text }))) : null,
  );
}
