// One stream on the screen: asks for its segments while it is in view, and gives them to whatever
// can show them.

import * as api from "./api.js";
import { Clock } from "./clock.js";
import { codecName, parse } from "./mp4.js";
import { Slides, Stills } from "./pictures.js";
import { Player, canPlay } from "./player.js";
import { since } from "./time.js";

const SELDOM = 2000;
const TRIES = 3;
// Seconds after which what is found at the beginning is a leftover, until something newer comes.
const OLD = 10;
// Milliseconds without a picture after which it counts as begun again.
const GAP = 5000;
// Still images that browsers draw themselves, and what video is when it isn't in MP4's boxes.
const STILLS = { "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/bmp": "BMP" };
const OTHERS = { "image/tiff": "TIFF", "video/mp2t": "MPEG-TS", "video/x-nut": "this video" };

export class Viewer {
  clock = new Clock();
  // What of the video people should know: codec, and whether it comes as JPEG.
  codec = "";
  fallback = "";
  trouble = "";
  // Whether all that there is, is old: what a stream left that nobody watched.
  leftover = false;

  #name;
  #stage;
  #handlers;
  #player = null;
  #place = null;
  #picture = 0;
  #newest = 0;
  #news = null;
  #caught = false;
  #running = null;
  #busy = false;
  #again = false;
  #failures = 0;
  #timer = 0;
  #peeked = false;
  #peeking = false;

  // stage: { video, canvas }. handlers: { shown(moment, size), changed(), found(segment) }
  constructor(name, stage, handlers) {
    this.#name = name;
    this.#stage = stage;
    this.#handlers = handlers;
  }

  start() {
    if (this.#running && !this.#peeking) return;
    this.stop();
    this.#timer = setInterval(() => this.poke(), SELDOM);
    this.#begin();
  }

  // Once, what was there last: the picture that a stream left which has nothing new.
  async peek() {
    if (this.#running && !this.#peeking) this.stop();
    if (this.#peeked) return;
    this.#peeked = this.#peeking = true;
    await this.#begin();
    if (this.#peeking) this.stop();
  }

  #begin() {
    this.#running = new AbortController();
    const last = Math.max(this.#newest, this.#picture);
    if (last) this.#judge(last);
    this.#place = null;
    this.#newest = 0;
    this.#anew();
    return this.poke();
  }

  // Stops asking; what was shown last stays on the screen.
  stop() {
    this.#running?.abort();
    this.#running = null;
    this.#peeking = false;
    clearInterval(this.#timer);
  }

  close() {
    this.stop();
    this.#player?.close();
    this.#player = null;
  }

  // Something new may be there: the segment `news`, or nobody knows what.
  async poke(news = null) {
    if (news && this.fallback) return; // a segment is no picture yet
    this.#news = news;
    this.#again = true;
    if (this.#busy || !this.#running) return;
    this.#busy = true;
    const signal = this.#running.signal;
    try {
      while (this.#again && !signal.aborted) {
        this.#again = false;
        await (this.fallback ? this.#pictures(signal) : this.#segments(signal));
      }
      this.#tell({ trouble: "" });
    } catch (error) {
      if (error.name !== "AbortError") this.#tell({ trouble: error.message });
    } finally {
      this.#busy = false;
      if (this.#running && this.#running.signal !== signal) this.poke();
    }
  }

  async #segments(signal) {
    while (!this.#has(this.#news)) {
      const segment = await api.segment(this.#name, this.#place, signal);
      if (!segment) break;
      if (this.#place && segment.epoch !== this.#place.epoch) this.#anew();
      this.#place = segment;
      if (STILLS[segment.type]) this.#still(segment);
      else if (!this.#play(segment)) {
        this.#again = true;
        return;
      }
    }
    if (!this.#caught && this.#newest) {
      this.clock.video(this.#newest);
      this.#judge(this.#newest);
    }
    this.#caught = true;
  }

  // Of the newest that there was at the beginning; streams whose times are odd are seen all the same
  // once they go on.
  #judge(moment) {
    this.#tell({ leftover: since(moment) > OLD });
  }

  // The stream began again: how late its last pictures were, before, says nothing of the new ones.
  #anew() {
    this.clock.reset();
    this.#caught = false;
  }

  #has(news) {
    const place = this.#place;
    return news && place && news.epoch === place.epoch && news.sequence <= place.sequence;
  }

  #still(segment) {
    if (!(this.#player instanceof Stills)) {
      this.#use(new Stills(this.#stage.canvas, this.#handlers.found, this.#handlers.shown), "canvas");
    }
    this.#tell({ codec: STILLS[segment.type] });
    this.#player.append(segment);
  }

  // False where the browser can't play it.
  #play(segment) {
    const other = OTHERS[segment.type];
    const parts = other ? null : parse(segment.data);
    if (!parts || !canPlay(parts.type) || this.#failures >= TRIES) {
      this.#fallBack(other ?? codecName(parts.codec));
      return false;
    }
    if (!(this.#player instanceof Player)) {
      const { video } = this.#stage;
      const failed = () => this.#restart();
      this.#use(new Player(video, this.clock, this.#handlers.shown, failed), "video");
    }
    this.#newest = segment.epoch + parts.start * 1000;
    // Those that were there before anyone watched say nothing of how soon new ones come.
    if (this.#caught) this.clock.video(this.#newest);
    this.#tell({ codec: codecName(parts.codec), leftover: this.leftover && !this.#caught });
    this.#player.append({ ...parts, epoch: segment.epoch });
    return true;
  }

  #fallBack(codec) {
    this.#use(new Slides(this.#stage.canvas, this.clock, this.#handlers.shown), "canvas");
    this.#tell({ codec, fallback: `${codec} as pictures` });
  }

  async #pictures(signal) {
    for (let first = true; ; first = false) {
      const picture = await api.picture(this.#name, this.#picture, signal);
      if (!picture) return;
      if (this.#picture && picture.time - this.#picture > GAP) this.#anew();
      if (first) this.clock.video(picture.time);
      if (!this.#caught) this.#judge(picture.time);
      else this.#tell({ leftover: false });
      this.#caught = true;
      this.#picture = picture.time;
      this.#player.append(picture);
    }
  }

  #use(player, surface) {
    this.#player?.close();
    this.#player = player;
    this.#stage.video.hidden = surface !== "video";
    this.#stage.canvas.hidden = surface !== "canvas";
  }

  // The browser gave up on the video: once more from the newest key frame.
  #restart() {
    this.#failures += 1;
    this.#player?.close();
    this.#player = null;
    this.#place = null;
    this.#caught = false;
    setTimeout(() => this.poke(), 500);
  }

  #tell(facts) {
    if (Object.entries(facts).every(([name, value]) => this[name] === value)) return;
    Object.assign(this, facts);
    this.#handlers.changed();
  }
}
