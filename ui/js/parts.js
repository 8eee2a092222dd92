// What a tile is made of: the picture, what is said over it, and the lines beneath.

import { Account } from "./account.js";
import { Caption } from "./caption.js";
import { el } from "./dom.js";
import { Veil } from "./veil.js";

// actions: { pause, focus, menu, edit }
export function parts(name, actions) {
  const account = new Account();
  const caption = new Caption(name, actions);
  const veil = new Veil(actions.edit);
  const made = {
    account,
    caption,
    veil,
    video: el("video", { muted: true, playsinline: true, disablepictureinpicture: true, tabindex: -1, "aria-hidden": "true" }),
    picture: el("canvas", { class: "picture", hidden: true, "aria-hidden": "true" }),
    overlay: el("canvas", { class: "overlay", role: "img" }),
    badge: el("span", { class: "badge fallback", title: "This browser can't play it: the dashboard makes pictures of it", hidden: true }),
    problem: el("span", { class: "badge problem", hidden: true }),
    wake: el("span", { class: "badge waking", hidden: true }),
    ledger: el("button", { type: "button", class: "account", title: "Why frames were dropped or failed", onclick: actions.focus }, account.bar, account.counts),
    unseen: el("p", { class: "unseen", text: "No model looks at this stream", hidden: true }),
  };
  made.stage = el("div", { class: "stage", ondblclick: actions.focus }, made.video, made.picture, made.overlay, el("div", { class: "badges" }, made.problem, made.wake, made.badge), veil.node);
  made.node = el(
    "article",
    { class: "tile", tabindex: -1, "data-stream": name, "data-picture": "none", "aria-labelledby": `stream-${name}` },
    made.stage,
    el("footer", {}, caption.node, made.ledger, made.unseen),
  );
  return made;
}
