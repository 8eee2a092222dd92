// A sentence that comes, is read, and goes.

import { el } from "./dom.js";

const LASTS = 7000;

export function toast(words) {
  const node = el("p", { class: "toast", role: "alert", text: words });
  document.body.append(node);
  setTimeout(() => node.remove(), LASTS);
}
