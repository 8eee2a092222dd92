// Changes of state in words, for those who hear the page: a few at a time, never a flood.

import { plural } from "./format.js";
import { known, tally } from "./state.js";

const PAUSE = 3000;
const MOST = 3;

export class News {
  #node;
  #states = new Map();
  #waiting = new Map();
  #timer = 0;

  constructor(node) {
    this.#node = node;
  }

  update(streams) {
    for (const stream of streams) {
      const before = this.#states.get(stream.name);
      this.#states.set(stream.name, stream.state);
      if (before && before !== stream.state) this.#waiting.set(stream.name, stream);
    }
    if (this.#waiting.size) this.#timer ||= setTimeout(() => this.#tell(), PAUSE);
  }

  #tell() {
    const news = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#timer = 0;
    const each = ({ name, state, reason }) => `${name}: ${known(state).word.toLowerCase()}${reason && `, ${reason}`}`;
    const numbers = () => tally(news).map(([state, n]) => `${n} ${known(state).word.toLowerCase()}`).join(", ");
    this.#node.textContent = news.length <= MOST ? `${news.map(each).join(". ")}.` : `${plural(news.length, "stream")} changed: ${numbers()}.`;
  }
}
