// Finding streams: by state, at the numbers of each, and by name where there are many.

import { el, hide, icon, say } from "./dom.js";
import { STATES, known, removed, tally, troubled } from "./state.js";

// From so many streams on a field to type a name is of use.
const MANY = 9;

export class Finder extends EventTarget {
  #states = new Set();
  #held = new Set();
  #chips = new Map();
  #streams = [];
  #list;

  // chips: the element for the states' numbers; field: that for the name.
  constructor(chips, field) {
    super();
    this.#list = chips;
    this.field = field;
    this.input = el("input", { type: "search", placeholder: "Find", "aria-label": "Find streams by name", "aria-keyshortcuts": "/", oninput: () => this.#changed() });
    field.append(icon("search"), this.input);
    for (const state of ["trouble", ...Object.keys(STATES)]) this.#add(state);
  }

  update(streams) {
    this.#streams = streams;
    const counts = new Map(tally(streams));
    const trouble = [...counts].filter(([state]) => troubled(state));
    counts.set("trouble", trouble.length > 1 ? trouble.reduce((sum, [, n]) => sum + n, 0) : 0);
    for (const [state, chip] of this.#chips) this.#tell(chip, state, counts.get(state) ?? 0);
    hide(this.field, streams.length < MANY && !this.input.value && document.activeElement !== this.input);
    this.#hold();
  }

  // Who was found stays, whatever becomes of him, so that nothing jumps away under a hand.
  #hold() {
    for (const stream of this.#streams) if (this.#now(stream)) this.#held.add(stream.name);
  }

  // Whether a stream is among those looked for.
  wanted = (stream) => {
    const named = stream.name.toLowerCase().includes(this.input.value.trim().toLowerCase());
    return named && (this.#states.size ? this.#held.has(stream.name) : !removed(stream));
  };

  get active() {
    return this.#states.size > 0 || this.input.value.trim() !== "";
  }

  // To the field, where there is one.
  seek() {
    this.field.hidden = false;
    this.input.focus();
  }

  clear() {
    this.#states.clear();
    this.input.value = "";
    this.#changed();
  }

  #now({ state }) {
    return this.#states.has(state) || (this.#states.has("trouble") && troubled(state));
  }

  #add(state) {
    const { word, sign, tone } = state === "trouble" ? { word: "In trouble", sign: "degraded", tone: "bad" } : known(state);
    const number = el("b");
    const node = el("button", { type: "button", class: "count-chip", "data-tone": tone, "data-of": state, "aria-pressed": "false", onclick: () => this.#toggle(state) }, icon(sign), number, el("span", { text: word.toLowerCase() }));
    node.hidden = true;
    this.#chips.set(state, { node, number, word });
    this.#list.append(node);
  }

  #tell({ node, number, word }, state, count) {
    const hidden = !count && !this.#states.has(state);
    hide(node, hidden);
    say(number, String(count));
    const title = this.#states.has(state) ? "Show all streams" : `Show only these: ${word.toLowerCase()}`;
    if (node.title !== title) node.title = title;
  }

  #toggle(state) {
    if (!this.#states.delete(state)) this.#states.add(state);
    this.#changed();
  }

  #changed() {
    this.#held.clear();
    this.#hold();
    for (const [state, { node }] of this.#chips) node.setAttribute("aria-pressed", String(this.#states.has(state)));
    this.dispatchEvent(new Event("change"));
  }
}
