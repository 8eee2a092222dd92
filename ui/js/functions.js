// The functions as a picture of the pipeline: each node fills as its replicas come.

import { el, icon, say, svg } from "./dom.js";
import { duration, plural, seconds } from "./format.js";
import { going } from "./state.js";
import { Wake } from "./wake.js";

const SPAN = 120;
const PIPS = 6;
// Seconds; a first result that came sooner found the functions awake: no process starts that fast.
const REAL = 0.5;

class Node {
  #history = [];
  #since = null;
  #state = "";
  #drawn = 0;

  constructor(name) {
    this.name = name;
    this.words = el("span", { class: "words" });
    this.pips = el("span", { class: "pips", "aria-hidden": "true" });
    this.line = svg("path", { class: "line" });
    this.area = svg("path", { class: "area" });
    const graph = svg("svg", { viewBox: `0 0 ${SPAN} 24`, preserveAspectRatio: "none", class: "history", "aria-hidden": "true" }, this.area, this.line);
    this.node = el("li", { class: "node", "data-function": name }, graph, el("strong", { text: name }), el("span", { class: "row" }, this.pips, this.words));
  }

  update(one) {
    this.one = one;
    const now = performance.now() / 1000;
    if (one.state !== this.#state) {
      this.#since = this.#state ? now : null;
      this.#state = one.state;
    }
    this.node.dataset.state = one.state;
    this.node.title = one.reason || `${plural(one.replicas, "replica")} ready, ${one.wanted} wanted`;
    const pips = Math.min(PIPS, Math.max(one.replicas, one.wanted));
    while (this.pips.children.length > pips) this.pips.lastChild.remove();
    while (this.pips.children.length < pips) this.pips.append(el("i"));
    [...this.pips.children].forEach((pip, n) => pip.classList.toggle("ready", n < one.replicas));
    this.tick();
  }

  tick() {
    const { one } = this;
    if (!one) return;
    const now = performance.now() / 1000;
    const age = this.#since === null ? null : now - this.#since;
    say(this.words, this.#words(one, age));
    if (this.#history.at(-1)?.[1] !== one.replicas) this.#history.push([now, one.replicas]);
    while (this.#history.length > 1 && this.#history[1][0] < now - SPAN) this.#history.shift();
    if (now - this.#drawn < 0.5) return;
    this.#drawn = now;
    this.#draw(now);
  }

  #words(one, age) {
    if (one.state === "failing") return one.reason;
    if (one.state === "waking" && !one.replicas) return age === null ? "waking" : `waking ${age.toFixed(1)} s`;
    if (one.state === "asleep") return age === null || age < 2 ? "asleep" : `asleep ${duration(age)}`;
    if (one.state === "stopping") return "going to sleep";
    return plural(one.replicas, "replica");
  }

  #draw(now) {
    const most = Math.max(2, ...this.#history.map(([, n]) => n));
    const y = (n) => (23 - (n / most) * 20).toFixed(1);
    const x = (time) => Math.max(0, SPAN - (now - time)).toFixed(1);
    let path = "";
    this.#history.forEach(([time, n], index) => {
      if (!index) path = `M${x(time)} ${y(n)}`;
      else if (n !== this.#history[index - 1][1]) path += `H${x(time)}V${y(n)}`;
    });
    path += `H${SPAN}`;
    this.line.setAttribute("d", path);
    this.area.setAttribute("d", `${path}V24H${x(this.#history[0][0])}Z`);
  }
}

export class Functions {
  wake = new Wake();
  #nodes = new Map();
  #root;
  #steps;
  #card;

  constructor(root) {
    this.#root = root;
    this.#steps = el("ol", { class: "steps" });
    this.#card = {
      number: el("b"),
      label: el("span"),
      chart: el("div", { class: "chart", "aria-hidden": "true" }),
    };
    this.cameras = el("span", { class: "words" });
    const { number, label, chart } = this.#card;
    this.card = el("div", { class: "cold" }, el("div", { class: "figure" }, number, label), chart);
    root.append(this.#steps, this.card);
    setInterval(() => !document.hidden && this.tick(), 100);
  }

  update(functions, streams) {
    this.wake.update(functions);
    const live = streams.filter((stream) => going(stream.state)).length;
    say(this.cameras, `${live} of ${streams.length} sending`);
    const names = functions.map((one) => one.name).join();
    if (names !== this.#root.dataset.names) this.#lay(functions, names);
    this.#root.dataset.flow = streams.some((stream) => stream.rate > 0 && stream.state !== "paused");
    for (const one of functions) this.#nodes.get(one.name).update(one);
    if (!this.wake.last && !this.wake.asleep) {
      const [longest] = streams.filter((one) => one.coldstart > REAL).sort((a, b) => b.coldstart - a.coldstart);
      if (longest) this.wake.recall(longest.name, longest.coldstart);
    }
    this.tick();
  }

  #lay(functions, names) {
    this.#root.dataset.names = names;
    const groups = Map.groupBy(functions, (one) => one.kind);
    const steps = [el("li", { class: "step source" }, el("div", { class: "node", "data-state": "source" }, el("strong", {}, icon("camera"), "streams"), el("span", { class: "row" }, this.cameras)))];
    for (const [kind, members] of groups) {
      for (const { name } of members) if (!this.#nodes.has(name)) this.#nodes.set(name, new Node(name));
      steps.push(el("li", { class: `step ${kind}`, "data-count": members.length }, el("i", { class: "flow" }), el("ul", {}, ...members.map((one) => this.#nodes.get(one.name).node))));
    }
    this.#steps.replaceChildren(...steps);
  }

  tick() {
    for (const node of this.#nodes.values()) node.tick();
    const { wake } = this;
    const { number, label, chart } = this.#card;
    const elapsed = wake.elapsed;
    this.card.dataset.state = elapsed !== null ? "waking" : wake.asleep ? "asleep" : wake.last ? "done" : "none";
    if (elapsed !== null) {
      say(number, `${elapsed.toFixed(1)} s`);
      say(label, "waking…");
    } else if (wake.asleep) {
      const age = wake.asleepSince === null ? null : (performance.now() - wake.asleepSince) / 1000;
      say(number, "0 replicas");
      say(label, age === null || age < 3 ? "all functions are asleep" : `all functions asleep for ${duration(age)}`);
    } else if (wake.last) {
      say(number, seconds(wake.last.total));
      say(label, `last cold start, ${wake.last.stream}`);
    } else {
      say(number, "–");
      say(label, "no cold start yet");
    }
    this.#chart(chart, wake.asleep ? null : wake.last, elapsed);
  }

  // How long each function took to be ready, side by side.
  #chart(chart, wake, elapsed) {
    const starts = wake ? [...this.#nodes.keys()].filter((name) => wake.starts.has(name)).slice(0, 4) : [];
    while (chart.children.length > starts.length) chart.lastChild.remove();
    while (chart.children.length < starts.length) chart.append(el("div", {}, el("span"), el("i"), el("b")));
    const times = starts.map((name) => wake.starts.get(name)).map(({ began, took }) => took ?? (performance.now() - began) / 1000);
    const span = Math.max(elapsed ?? 0, wake?.total ?? 0, 0.1, ...times);
    starts.forEach((name, n) => {
      const [label, bar, time] = chart.children[n].children;
      say(label, name.replace(/^infer-/, ""));
      say(time, times[n].toFixed(1));
      bar.style.setProperty("--part", `${((100 * times[n]) / span).toFixed(1)}%`);
      bar.classList.toggle("ready", wake.starts.get(name).took !== null);
    });
  }
}
