// What was found in one stream's frames, by the frames' capture times.

const KEPT = 30_000;
const HOLD = 300;
const FADE = 150;
const BRIDGE = 1300;

export class Detections {
  // model → [{ time, detections }] in order of time
  #models = new Map();
  #stills = new Map();

  // A result as /api/events sends it.
  add(result) {
    const frames = this.#models.get(result.model) ?? [];
    const fresh = result.frames.map((f) => ({ time: Date.parse(f.time), detections: f.detections }));
    if (!fresh.length) return null;
    const known = new Set(frames.map((frame) => frame.time));
    const all = [...frames, ...fresh.filter((frame) => !known.has(frame.time))];
    all.sort((a, b) => a.time - b.time);
    const newest = all.at(-1).time;
    this.#models.set(result.model, all.filter((frame) => frame.time > newest - KEPT));
    this.#stills.set(`${result.epoch}-${result.sequence}`, fresh[0].time);
    if (this.#stills.size > 200) this.#stills.delete(this.#stills.keys().next().value);
    return fresh[0].time;
  }

  get models() {
    return [...this.#models.keys()];
  }

  // The moment of a still image's result, or null where there is none yet.
  found({ epoch, sequence }) {
    return this.#stills.get(`${epoch}-${sequence}`) ?? null;
  }

  // What is in the frame taken at `moment`: [{ model, label, score, box, fresh }], `fresh` from 1 to
  // 0 as what is shown is of an older frame.
  at(moment) {
    const all = [];
    for (const [model, frames] of this.#models) {
      for (const one of lookup(frames, moment)) all.push({ ...one, model });
    }
    return all;
  }
}

function lookup(frames, moment) {
  const next = firstAfter(frames, moment + 1);
  const before = frames[next - 1];
  const after = frames[next];
  const usual = spacing(frames, next);
  const near = Math.max(4, Math.min(usual * 0.6, 60));
  if (before && moment - before.time <= near) return full(before);
  if (after && after.time - moment <= near) return full(after);
  if (before && after && after.time - before.time <= BRIDGE) {
    return bridged(before, after, (moment - before.time) / (after.time - before.time));
  }
  const age = before ? moment - before.time : Infinity;
  const fresh = Math.min(1, 1 - (age - Math.max(HOLD, usual * 0.75)) / FADE);
  return fresh > 0 ? before.detections.map((one) => ({ ...one, fresh })) : [];
}

const full = (frame) => frame.detections.map((one) => ({ ...one, fresh: 1 }));

function firstAfter(frames, moment) {
  let [low, high] = [0, frames.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (frames[middle].time > moment) high = middle;
    else low = middle + 1;
  }
  return low;
}

// Milliseconds from one frame to the next around a place: the smallest of a few.
function spacing(frames, place) {
  let least = Infinity;
  for (let n = Math.max(1, place - 4); n < Math.min(frames.length, place + 4); n++) {
    least = Math.min(least, frames[n].time - frames[n - 1].time);
  }
  return Number.isFinite(least) ? least : 40;
}

// Between two frames that were looked at, what is in both moves evenly; what is only in one of
// them is shown in that one's half.
function bridged(before, after, part) {
  const left = [...after.detections];
  const shown = [];
  for (const one of before.detections) {
    const match = best(one, left);
    if (match !== null) {
      const [other] = left.splice(match, 1);
      const box = one.box.map((x, n) => x + (other.box[n] - x) * part);
      shown.push({ ...one, box, fresh: 1 });
    } else if (part < 0.5) shown.push({ ...one, fresh: 1 });
  }
  if (part >= 0.5) shown.push(...left.map((one) => ({ ...one, fresh: 1 })));
  return shown;
}

function best(one, others) {
  let [place, most] = [null, 0.2];
  others.forEach((other, n) => {
    const overlap = other.label === one.label ? iou(one.box, other.box) : 0;
    if (overlap > most) [place, most] = [n, overlap];
  });
  return place;
}

function iou(a, b) {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  return both / (area(a) + area(b) - both);
}
