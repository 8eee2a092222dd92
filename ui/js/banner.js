// What is wrong with more than one stream: the connection, the platform, cameras.yaml.

import { hide, say } from "./dom.js";

const WORDS = { connecting: "Connecting", open: "Connected", lost: "Disconnected", locked: "Locked", asleep: "Resting" };

export class Banner {
  #node;
  #chip;
  #cameras;
  #trouble = "";

  // node: for what is wrong now; chip: for the connection; cameras: for what is wrong in cameras.yaml.
  constructor(node, chip, cameras) {
    this.#node = node;
    this.#chip = chip;
    this.#cameras = cameras;
  }

  // What the dashboard itself misses; "" where nothing.
  trouble(words, feed) {
    this.#trouble = words;
    this.connection(feed);
  }

  connection({ state, words }) {
    const impaired = this.#trouble && state === "open";
    say(this.#chip, impaired ? "Impaired" : WORDS[state]);
    this.#chip.dataset.state = impaired ? "lost" : state;
    const text = state === "lost" ? `${words} Trying again; what you see may be old.` : state === "open" ? this.#trouble : "";
    this.#node.hidden = !text;
    say(this.#node, text);
  }

  // What is wrong with cameras.yaml, in the words of who reads it.
  problem(words = "") {
    hide(this.#cameras, !words);
    say(this.#cameras.lastElementChild, words);
  }
}
