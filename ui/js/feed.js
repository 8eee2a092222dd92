// Server-sent events over fetch, so that the token can go with the request.

import { ApiError, request } from "./api.js";

const WAITS = [0.2, 0.5, 1, 2, 4];
const SILENCE = 25_000;

export class Feed extends EventTarget {
  #stopped = null;
  #last = "";
  #failures = 0;

  // "connecting", "open", "lost", "locked" or "asleep"; `words` say why it is lost.
  state = "connecting";
  words = "";
  opened = 0;

  start() {
    if (this.#stopped) return;
    this.#stopped = new AbortController();
    this.#run(this.#stopped.signal);
  }

  stop() {
    this.#stopped?.abort();
    this.#stopped = null;
    this.#become("asleep");
  }

  // Whether what comes now is new, not a repetition for those who have just connected.
  get fresh() {
    return performance.now() - this.opened > 1500;
  }

  async #run(signal) {
    while (!signal.aborted) {
      try {
        await this.#read(signal);
        this.#failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        const locked = error instanceof ApiError && error.status === 401;
        const words = error instanceof ApiError ? error.message : "The connection to the dashboard broke.";
        this.#become(locked ? "locked" : "lost", words);
        if (locked) return this.#end(signal);
      }
      await wait(WAITS[Math.min(this.#failures, WAITS.length - 1)], signal);
    }
  }

  #end(signal) {
    if (this.#stopped?.signal === signal) this.#stopped = null;
  }

  async #read(signal) {
    const headers = this.#last ? { "Last-Event-ID": this.#last } : {};
    const dead = new AbortController();
    addEventListener("offline", () => dead.abort(), { once: true, signal });
    const both = AbortSignal.any([signal, dead.signal]);
    const response = await request("api/events", { headers, signal: both });
    if (this.state !== "open") this.opened = performance.now();
    this.#become("open");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const silence = setTimeout(() => dead.abort(), SILENCE);
      const { value, done } = await reader.read().finally(() => clearTimeout(silence));
      if (done) return;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop();
      blocks.forEach((block) => this.#take(block));
    }
  }

  #take(block) {
    const fields = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(": ");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
    }
    if (fields.id) this.#last = fields.id;
    if (!fields.data) return;
    this.#failures = 0;
    const detail = JSON.parse(fields.data);
    this.dispatchEvent(new CustomEvent(fields.event, { detail }));
  }

  #become(state, words = "") {
    if (state === this.state && words === this.words) return;
    [this.state, this.words] = [state, words];
    this.dispatchEvent(new Event("state"));
  }
}

function wait(seconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
