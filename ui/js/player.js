// Plays a camera's own segments with Media Source Extensions, all epochs on one timeline.

const KEEP_BEHIND = 20;
const FAR = 2.5;
const TICK = 200;

export const canPlay = (type) =>
  "MediaSource" in globalThis && MediaSource.isTypeSupported(type);

export class Player {
  #video;
  #clock;
  #shown;
  #failed;
  #source = null;
  #buffer = null;
  #queue = [];
  #base = null;
  #epoch = null;
  #init = null;
  #type = "";
  #ticker = 0;
  #frame = 0;

  // `shown(moment)` is called with the capture time of each frame that comes on the screen,
  // `failed()` when the browser gives up on the video.
  constructor(video, clock, shown, failed) {
    this.#video = video;
    this.#clock = clock;
    this.#shown = shown;
    this.#failed = failed;
    video.muted = true;
    video.addEventListener("error", this.#broke);
    this.#ticker = setInterval(() => this.#steer(), TICK);
    this.#next();
  }

  // A segment as mp4.parse gives it, with its epoch.
  append(segment) {
    if (this.#base === null) this.#begin(segment);
    else if (segment.epoch < this.#base) return this.#failed(); // the camera's clock was set back
    this.#queue.push(segment);
    this.#work();
  }

  close() {
    clearInterval(this.#ticker);
    this.#video.removeEventListener("error", this.#broke);
    if (this.#frame) this.#video.cancelVideoFrameCallback?.(this.#frame);
    this.#source = null;
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  #broke = () => {
    if (this.#source) this.#failed();
  };

  #begin(segment) {
    this.#base = segment.epoch;
    this.#source = new MediaSource();
    const url = URL.createObjectURL(this.#source);
    this.#source.addEventListener("sourceopen", () => this.#open(url), { once: true });
    this.#video.src = url;
  }

  #open(url) {
    URL.revokeObjectURL(url);
    this.#work();
  }

  #work() {
    if (this.#source?.readyState !== "open" || this.#buffer?.updating) return;
    try {
      this.#step();
    } catch (error) {
      if (error.name === "QuotaExceededError") this.#trim(2);
      else this.#failed();
    }
  }

  // One operation at a time, as a SourceBuffer wants it; `updateend` brings the next.
  #step() {
    if (this.#trim(KEEP_BEHIND)) return;
    const segment = this.#queue[0];
    if (!segment) return;
    if (!this.#buffer) {
      this.#source.duration = Infinity; // now, since no buffer may be updating
      this.#buffer = this.#source.addSourceBuffer(segment.type);
      this.#buffer.addEventListener("updateend", () => (this.#settle(), this.#work()));
      this.#type = segment.type;
    }
    if (segment.epoch !== this.#epoch) {
      this.#buffer.timestampOffset = (segment.epoch - this.#base) / 1000;
      this.#epoch = segment.epoch;
    }
    if (!same(segment.init, this.#init)) {
      if (segment.type !== this.#type) this.#buffer.changeType(segment.type);
      [this.#init, this.#type] = [segment.init, segment.type];
      this.#buffer.appendBuffer(segment.init);
      return;
    }
    this.#buffer.appendBuffer(segment.media);
    this.#queue.shift();
  }

  #trim(keep) {
    const ranges = this.#buffer?.buffered;
    if (!ranges?.length || this.#buffer.updating) return false;
    const end = this.#video.currentTime - keep;
    if (ranges.start(0) > end - keep) return false;
    this.#buffer.remove(0, end);
    return true;
  }

  #settle() {
    const video = this.#video;
    if (video.buffered.length && video.currentTime < video.buffered.start(0)) this.#steer();
  }

  // Brings the video to the moment that the clock wants on the screen.
  #steer() {
    const video = this.#video;
    const ranges = video.buffered;
    if (!ranges.length || this.#clock.now === null) return;
    const wanted = (this.#clock.now - this.#base) / 1000;
    // All that came has been shown: the last frame stays, rather than be shown again and again.
    const end = ranges.end(ranges.length - 1);
    if (wanted > end && video.currentTime > end - 0.2 && video.currentTime <= end) return;
    const range = holding(ranges, video.currentTime);
    const ahead = wanted - video.currentTime;
    if (range === null || Math.abs(ahead) > FAR || (video.currentTime > ranges.end(range) - 0.05 && range + 1 < ranges.length)) {
      const place = nearest(ranges, wanted);
      if (Math.abs(place - video.currentTime) > 0.05) video.currentTime = place;
    }
    video.playbackRate = Math.abs(ahead) < 0.04 ? 1 : 1 + Math.max(-0.12, Math.min(0.15, ahead / 4));
    if (video.paused) video.play().catch(() => {}); // a browser that saves power lets it be tried again
  }

  #next() {
    const video = this.#video;
    if (video.requestVideoFrameCallback) {
      this.#frame = video.requestVideoFrameCallback((_, facts) => {
        this.#show(facts.mediaTime);
        this.#next();
      });
    } else {
      video.addEventListener("timeupdate", () => this.#show(video.currentTime));
    }
  }

  #show(mediaTime) {
    if (this.#source) this.#shown(this.#base + mediaTime * 1000);
  }
}

function holding(ranges, time) {
  for (let n = 0; n < ranges.length; n++) {
    if (time >= ranges.start(n) - 0.1 && time <= ranges.end(n)) return n;
  }
  return null;
}

// The place in what is buffered that is closest to `time`.
function nearest(ranges, time) {
  let best = ranges.start(0);
  for (let n = 0; n < ranges.length; n++) {
    const place = Math.min(Math.max(time, ranges.start(n)), Math.max(ranges.start(n), ranges.end(n) - 0.1));
    if (Math.abs(place - time) < Math.abs(best - time)) best = place;
  }
  return best;
}

function same(one, other) {
  return other !== null && one.length === other.length && one.every((byte, n) => byte === other[n]);
}
