// A cold start as it happens: when each function was ready, and when the first result came.

export class Wake {
  // null, or { began, ready: Map(name → ms), total: seconds or null, stream }
  last = null;
  asleepSince = null;
  #asleep = null;

  update(functions) {
    const core = functions.filter((one) => one.kind !== "dashboard");
    const asleep = core.length > 0 && core.every((one) => one.state === "asleep");
    const now = performance.now();
    if (this.#asleep && !asleep) this.last = { began: now, ready: new Map(), total: null, stream: "" };
    if (asleep && !this.#asleep) this.asleepSince = this.#asleep === null ? null : now;
    this.#asleep = asleep;
    if (!this.last || this.last.total !== null) return;
    for (const { name, replicas } of core) {
      if (replicas && !this.last.ready.has(name)) this.last.ready.set(name, now - this.last.began);
    }
    if (asleep) this.last = null;
  }

  // A result that says it was the first after a silence.
  first(stream, seconds) {
    if (this.last && this.last.total === null) Object.assign(this.last, { total: seconds, stream });
    else this.last = { began: null, ready: new Map(), total: seconds, stream };
  }

  get asleep() {
    return this.#asleep === true;
  }

  // Seconds since the functions began to wake; null when they don't.
  get elapsed() {
    if (!this.last || this.last.total !== null) return null;
    return (performance.now() - this.last.began) / 1000;
  }
}
