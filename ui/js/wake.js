// A cold start as it happens: how long each function took to be ready, and when the first result came.

export class Wake {
  // null, or { began, starts: Map(name → { began, took }), total: seconds or null, stream }
  last = null;
  asleepSince = null;
  #asleep = null;

  update(functions) {
    const core = functions.filter((one) => one.kind !== "dashboard");
    const asleep = core.length > 0 && core.every((one) => one.state === "asleep");
    const now = performance.now();
    if (this.#asleep && !asleep) this.last = { began: null, starts: new Map(), total: null, stream: "" };
    if (asleep && !this.#asleep) this.asleepSince = this.#asleep === null ? null : now;
    this.#asleep = asleep;
    if (this.running && asleep) this.last = null;
    // The first result can be here before the news that its function was ready.
    if (this.last && !this.#complete) core.forEach((one) => this.#follow(one, now));
  }

  get #complete() {
    return this.last.total !== null && [...this.last.starts.values()].every(({ took }) => took !== null);
  }

  #follow({ name, kind, replicas, wanted }, now) {
    if (!replicas && !wanted) return;
    const { starts } = this.last;
    if (!starts.has(name)) starts.set(name, { began: now, took: null });
    const start = starts.get(name);
    if (replicas && start.took === null) start.took = (now - start.began) / 1000;
    // A stream's state wakes publish before there are any frames: that is not what people wait for.
    if (kind !== "publish") this.last.began ??= now;
  }

  // A result that says it was the first after a silence.
  first(stream, seconds) {
    if (this.running) Object.assign(this.last, { total: seconds, stream });
  }

  // What is known of a cold start that nobody here has seen.
  recall(stream, seconds) {
    this.last = { began: null, starts: new Map(), total: seconds, stream };
  }

  get asleep() {
    return this.#asleep === true;
  }

  get running() {
    return this.last !== null && this.last.total === null;
  }

  // Seconds since the functions began to wake for frames; null when they don't.
  get elapsed() {
    if (!this.running) return null;
    return this.last.began === null ? 0 : (performance.now() - this.last.began) / 1000;
  }
}
