// What a tile is made of: the picture, what is said over it, and the lines beneath.

import { el, icon } from "./dom.js";

export function parts(name, account, { pause, focus }) {
  const made = {
    video: el("video", { muted: true, playsinline: true, disablepictureinpicture: true, tabindex: -1, "aria-hidden": "true" }),
    picture: el("canvas", { class: "picture", hidden: true, "aria-hidden": "true" }),
    overlay: el("canvas", { class: "overlay", role: "img" }),
    badge: el("span", { class: "badge", hidden: true }),
    problem: el("span", { class: "badge problem", hidden: true }),
    wake: el("span", { class: "badge waking", hidden: true }),
    veilTitle: el("strong"),
    veilWords: el("span"),
    state: el("span", { class: "state" }),
    speed: el("span", { class: "speed" }),
    latency: el("span", { class: "latency", title: "From a frame's capture to its result, median" }),
    pause: el("button", { type: "button", class: "icon", onclick: pause }, icon("pause")),
    account: el("button", { type: "button", class: "account", title: "Why frames were dropped or failed", onclick: focus }, account.bar, account.counts),
  };
  made.veil = el("div", { class: "veil", hidden: true }, made.veilTitle, made.veilWords);
  made.stage = el("div", { class: "stage", ondblclick: focus }, made.video, made.picture, made.overlay, el("div", { class: "badges" }, made.badge, made.problem, made.wake), made.veil);
  const line = el(
    "div",
    { class: "line" },
    el("i", { class: "dot", "aria-hidden": "true" }),
    el("h2", { id: `stream-${name}`, text: name }),
    made.state,
    el("span", { class: "facts" }, made.speed, made.latency),
    made.pause,
    el("button", { type: "button", class: "icon", "aria-label": `Focus ${name}`, title: "Focus (f)", onclick: focus }, icon("focus")),
  );
  made.node = el(
    "article",
    { class: "tile", tabindex: -1, "data-stream": name, "aria-labelledby": `stream-${name}` },
    made.stage,
    el("footer", {}, line, made.account),
  );
  return made;
}
