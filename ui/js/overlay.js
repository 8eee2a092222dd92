// Boxes and labels over a picture, on a canvas of the screen's own resolution.

import { colour } from "./palette.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';

export class Overlay {
  #canvas;
  #context;
  #area = { width: 0, height: 0, ratio: 1 };

  constructor(canvas) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  // Draws detections over the picture taken at `moment`, of a `size` that is shown as large as fits.
  draw(detections, size, moment) {
    this.#canvas.dataset.moment = moment;
    const { width, height, ratio } = this.#area;
    const context = this.#context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!size?.width || !width) return;
    const scale = Math.min(width / size.width, height / size.height);
    const picture = { width: size.width * scale, height: size.height * scale };
    picture.x = (width - picture.width) / 2;
    picture.y = (height - picture.height) / 2;
    const large = [...detections].sort((a, b) => area(b.box) - area(a.box));
    const boxes = large.map((one) => [one, place(one.box, picture)]);
    const small = picture.width < 320;
    for (const [one, box] of boxes) this.#box(one, box, small);
    for (const [one, box] of boxes) this.#label(one, box, picture, small);
    context.globalAlpha = 1;
  }

  #box(one, box, small) {
    const context = this.#context;
    context.globalAlpha = one.fresh;
    context.beginPath();
    context.roundRect(box.x, box.y, box.width, box.height, 3);
    context.lineWidth = small ? 2.5 : 4;
    context.strokeStyle = "rgb(0 0 0 / 0.35)";
    context.stroke();
    context.lineWidth = small ? 1.5 : 2;
    context.strokeStyle = colour(one.label);
    context.stroke();
  }

  #label(one, box, picture, small) {
    const context = this.#context;
    const size = small ? 10 : 12;
    const [tall, pad] = [size + 6, 5];
    context.globalAlpha = one.fresh;
    context.textBaseline = "middle";
    context.font = `600 ${size}px ${FONT}`;
    const name = context.measureText(one.label).width;
    const score = small ? "" : String(Math.round(one.score * 100));
    context.font = `400 ${size - 1}px ${FONT}`;
    const more = score ? context.measureText(score).width + 5 : 0;
    const width = name + more + pad * 2;
    const right = picture.x + picture.width;
    const x = Math.max(picture.x, Math.min(box.x - 1, right - width));
    const above = box.y - tall + 1;
    const y = above >= picture.y ? above : Math.min(box.y, picture.y + picture.height - tall);
    context.fillStyle = colour(one.label);
    context.beginPath();
    context.roundRect(x, y, width, tall, 3);
    context.fill();
    context.fillStyle = "#0b0e12";
    if (score) context.fillText(score, x + pad + name + 5, y + tall / 2 + 0.5);
    context.font = `600 ${size}px ${FONT}`;
    context.fillText(one.label, x + pad, y + tall / 2 + 0.5);
  }

  #resize() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    this.#area = { width, height, ratio };
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
  }
}

const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);

function place(box, picture) {
  const [x, y] = [picture.x + box[0] * picture.width, picture.y + box[1] * picture.height];
  const width = (box[2] - box[0]) * picture.width;
  return { x, y, width, height: (box[3] - box[1]) * picture.height };
}
