// The page: one feed of news, given to those whom it concerns.

import { hasToken, pause, takeToken } from "./api.js";
import { askToken, openHelp, setUpHelp } from "./dialogs.js";
import { el, say } from "./dom.js";
import { emptyState } from "./empty.js";
import { Feed } from "./feed.js";
import { plural, rate } from "./format.js";
import { Functions } from "./functions.js";
import { Grid } from "./grid.js";
import { Panel } from "./panel.js";
import { going } from "./state.js";
import { setUpTheme } from "./theme.js";

const AWAY = 10_000;
const at = (id) => document.getElementById(id);

takeToken();
setUpTheme(at("theme"));
setUpHelp(at("help"));

const feed = new Feed();
const functions = new Functions(at("pipeline"));
const panel = new Panel(at("panel"), () => focus(null));
const grid = new Grid(at("grid"), { pause: changePaused, focus: toggleFocus, allowed: hasToken });
let problem = "";

if (!hasToken()) {
  at("viewer").hidden = false;
  say(at("viewer"), "View only");
  at("viewer").title = "Open the page by the address with the token, to pause and resume streams";
}

feed.addEventListener("status", ({ detail }) => {
  document.body.dataset.loaded = true;
  functions.update(detail.functions, detail.streams);
  emptyState(at("grid"), detail.streams.length === 0);
  grid.update([...detail.streams.filter((one) => !over(one)), ...detail.streams.filter(over)]);
  panel.update();
  summarise(detail);
});
feed.addEventListener("result", ({ detail }) => {
  grid.tiles.get(detail.stream)?.result(detail, feed.fresh);
  if (detail.coldstart && feed.fresh) functions.wake.first(detail.stream, detail.coldstart);
});
feed.addEventListener("segment", ({ detail }) => grid.tiles.get(detail.stream)?.viewer.poke(detail));
feed.addEventListener("picture", ({ detail }) => grid.tiles.get(detail.stream)?.viewer.poke());
feed.addEventListener("trouble", ({ detail }) => {
  problem = detail.error;
  tellConnection();
});
feed.addEventListener("state", tellConnection);

// Files that were pushed, to the last one.
const over = (stream) => stream.state === "ended" && !stream.camera;

function tellConnection() {
  const words = { connecting: "Connecting", open: "Connected", lost: "Disconnected", locked: "Locked", asleep: "Resting" };
  say(at("connection"), problem && feed.state === "open" ? "Impaired" : words[feed.state]);
  at("connection").dataset.state = problem ? "lost" : feed.state;
  const text = feed.state === "lost" ? `${feed.words} Trying again; what you see may be old.` : feed.state === "open" ? problem : "";
  at("banner").hidden = !text;
  say(at("banner"), text);
  if (feed.state === "locked") askToken(feed.words, () => feed.start());
}

function summarise({ streams, functions: all }) {
  const live = streams.filter((stream) => going(stream.state)).length;
  const frames = streams.reduce((sum, stream) => sum + stream.rate, 0);
  const replicas = all.reduce((sum, one) => sum + one.replicas, 0);
  const parts = [plural(live, "live stream"), `${rate(frames)} frames/s inferred`, plural(replicas, "replica")];
  say(at("summary"), streams.length ? parts.join(" · ") : "");
  document.title = streams.length ? `CNAP · ${live} live` : "CNAP";
}

async function changePaused(name, paused) {
  try {
    await pause(name, paused);
    return true;
  } catch (error) {
    toast(error.status === 401 ? `${error.message}.` : error.message);
    return false;
  }
}

function toast(words) {
  const node = el("p", { class: "toast", role: "alert", text: words });
  document.body.append(node);
  setTimeout(() => node.remove(), 6000);
}

function focus(tile) {
  const fragment = tile ? `#stream=${tile.name}` : location.pathname + location.search;
  history.replaceState(null, "", fragment);
  document.body.classList.toggle("focused", tile !== null);
  panel.show(tile);
  grid.focus(tile);
}

function toggleFocus(tile) {
  if (tile === grid.focused) focus(null);
  else focus(tile);
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else grid.focused?.stage.requestFullscreen().catch(() => {});
}

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const tile = grid.chosen;
  const button = event.target.closest("button");
  if (event.key.startsWith("Arrow") && tile) {
    const next = grid.move(event.key);
    if (grid.focused) focus(next);
    else next.node.focus();
  } else if (event.key === " " && tile && !button) tile.toggle();
  else if (event.key === "Enter" && event.target.matches(".tile")) toggleFocus(tile);
  else if (event.key === "f" && tile) grid.focused ? fullscreen() : focus(tile);
  else if (event.key === "Escape" && grid.focused) focus(null);
  else if (event.key === "?") openHelp();
  else return;
  event.preventDefault();
});

let away = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(away);
  if (document.hidden) away = setTimeout(() => feed.stop(), AWAY);
  else feed.start();
});

setInterval(() => grid.tiles.forEach((tile) => {
  const elapsed = functions.wake.elapsed;
  const waits = elapsed !== null && tile.running && Object.keys(tile.stream.models).length;
  tile.waking(waits ? `Functions are waking: ${elapsed.toFixed(1)} s` : null);
}), 100);
setInterval(() => grid.tiles.forEach((tile) => tile.describe()), 1000);
feed.start();
