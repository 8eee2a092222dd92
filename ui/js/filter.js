// Which detections are drawn: from a score on, and without the labels that were switched off.

const KEY = "cnap-filter";

class Filter extends EventTarget {
  score = 0;
  hidden = new Set();

  constructor() {
    super();
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      this.score = Number(kept.score) || 0;
      this.hidden = new Set(kept.hidden ?? []);
    } catch {
      // Somebody else's text under our key: begin anew.
    }
  }

  passes(detection) {
    return detection.score >= this.score && !this.hidden.has(detection.label);
  }

  setScore(score) {
    this.score = score;
    this.#changed();
  }

  toggle(label) {
    if (!this.hidden.delete(label)) this.hidden.add(label);
    this.#changed();
  }

  #changed() {
    localStorage.setItem(KEY, JSON.stringify({ score: this.score, hidden: [...this.hidden] }));
    this.dispatchEvent(new Event("change"));
  }
}

export const filter = new Filter();
