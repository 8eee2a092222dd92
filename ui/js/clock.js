// Which moment of a stream is on the screen now: as close to live as its pictures and results allow.
//
// A piece of video, or a result, can be shown in whole if the stream is held back by the time from
// its first frame's capture to its coming here. Both clocks' difference is part of that time, so
// they need not agree.

const KEPT = 16;
const MARGIN = 120;
const LATEST = 8000;

export class Clock {
  #video = [];
  #results = [];
  #hold = null;

  // A piece of video came whose first frame was captured at `moment` (milliseconds).
  video(moment) {
    this.#keep(this.#video, Date.now() - moment);
  }

  result(moment) {
    this.#keep(this.#results, Date.now() - moment);
  }

  reset() {
    this.#video = [];
    this.#hold = null;
  }

  // Milliseconds between a frame's capture and its being shown.
  get hold() {
    return this.#hold ?? 0;
  }

  // Whether results come so late that the video does not wait for them.
  get late() {
    return this.#results.length > 0 && high(this.#results) > high(this.#video) + LATEST;
  }

  // The capture time that should be on the screen now; null before anything has come.
  get now() {
    return this.#hold === null ? null : Date.now() - this.#hold;
  }

  #keep(lags, lag) {
    lags.push(lag);
    if (lags.length > KEPT) lags.shift();
    if (!this.#video.length) return;
    const video = high(this.#video) + MARGIN;
    const results = this.#results.length && !this.late ? high(this.#results) + MARGIN : 0;
    const wanted = Math.max(video, results);
    // Later at once, or boxes would be missing; sooner little by little, so that it stays calm.
    const calm = this.#hold === null || wanted > this.#hold ? wanted : this.#hold;
    this.#hold = calm - Math.min(60, Math.max(0, calm - wanted));
  }
}

function high(lags) {
  const sorted = [...lags].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.85))] ?? 0;
}
