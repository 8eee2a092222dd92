// Streams that are pictures: still images as segments, or JPEGs that the dashboard makes of video
// whose codec this browser can't play. Both are drawn on a canvas.

const AHEAD = 60;

class Easel {
  #canvas;

  constructor(canvas) {
    this.#canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
  }

  async show(blob, wanted = () => true) {
    const bitmap = await createImageBitmap(blob).catch(() => null);
    if (!bitmap) return null;
    if (wanted()) {
      if (this.#canvas.width !== bitmap.width) this.#canvas.width = bitmap.width;
      if (this.#canvas.height !== bitmap.height) this.#canvas.height = bitmap.height;
      this.context.drawImage(bitmap, 0, 0);
    }
    const size = { width: bitmap.width, height: bitmap.height };
    bitmap.close();
    return size;
  }
}

// Pictures that come ahead of time, each shown when the clock says so.
export class Slides {
  #easel;
  #clock;
  #shown;
  #waiting = [];
  #timer;

  constructor(canvas, clock, shown) {
    this.#easel = new Easel(canvas);
    this.#clock = clock;
    this.#shown = shown;
    this.#timer = setInterval(() => this.#turn(), 50);
  }

  // { time, blob }
  append(picture) {
    this.#waiting.push(picture);
    if (this.#waiting.length > AHEAD) this.#waiting.shift();
  }

  close() {
    clearInterval(this.#timer);
    this.#waiting = [];
  }

  async #turn() {
    const now = this.#clock.now;
    let due = null;
    while (this.#waiting.length && now !== null && this.#waiting[0].time <= now) {
      due = this.#waiting.shift();
    }
    if (!due) return;
    const size = await this.#easel.show(due.blob);
    if (size) this.#shown(due.time, size);
  }
}

// Still images: each stays until the next one, and waits a little for what was found in it.
export class Stills {
  #easel;
  #found;
  #shown;
  #latest = -1;

  // `found(segment)` is the moment of the image by its results, or null before they come.
  constructor(canvas, found, shown) {
    this.#easel = new Easel(canvas);
    this.#found = found;
    this.#shown = shown;
  }

  async append(segment) {
    const order = segment.epoch + segment.sequence / 1e6;
    const moment = await this.#wait(segment);
    if (order < this.#latest) return;
    const blob = new Blob([segment.data], { type: segment.type });
    const size = await this.#easel.show(blob, () => order >= this.#latest);
    if (!size) return;
    this.#latest = order;
    this.#shown(moment ?? segment.epoch, size);
  }

  close() {
    this.#latest = Infinity;
  }

  async #wait(segment) {
    for (let tries = 0; tries < 30; tries++) {
      const moment = this.#found(segment);
      if (moment !== null) return moment;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return null;
  }
}
