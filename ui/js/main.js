// The page: one feed of news, given to those whom it concerns.

import { hasToken, takeToken } from "./api.js";
import { Banner } from "./banner.js";
import { Control } from "./control.js";
import { icon, say } from "./dom.js";
import { emptyState, nothingFound } from "./empty.js";
import { Feed } from "./feed.js";
import { Finder } from "./finder.js";
import { plural, rate } from "./format.js";
import { Functions } from "./functions.js";
import { Grid } from "./grid.js";
import { setUpHelp } from "./help.js";
import { setUpKeys } from "./keys.js";
import { News } from "./news.js";
import { Panel } from "./panel.js";
import { removed, tally, troubled } from "./state.js";
import { setUpTheme } from "./theme.js";
import { askToken } from "./token.js";

const AWAY = 10_000;
const at = (id) => document.getElementById(id);

takeToken();
setUpTheme(at("theme"));
setUpHelp(at("help"));

const feed = new Feed();
const functions = new Functions(at("pipeline"));
const control = new Control(
  (tile) => focus(tile === grid.focused ? null : tile),
  (name) => grid.focused?.name === name && focus(null),
);
const panel = new Panel(at("panel"), control);
const grid = new Grid(at("grid"), control);
const finder = new Finder(at("states"), at("find"));
const banner = new Banner(at("banner"), at("connection"), at("problem"));
const news = new News(at("news"));
let waking = false;

at("add").prepend(icon("add"));
at("add").addEventListener("click", () => control.add());
at("viewer").addEventListener("click", unlock);
at("viewer").hidden = hasToken();

feed.addEventListener("status", ({ detail }) => {
  document.body.dataset.loaded = true;
  functions.update(detail.functions, detail.streams);
  control.update(detail.functions);
  banner.problem(detail.problem);
  finder.update(detail.streams);
  news.update(detail.streams);
  grid.update([...detail.streams.filter((one) => !over(one)), ...detail.streams.filter(over)]);
  emptyState(at("grid"), detail.streams.every(removed), control);
  find();
  panel.update();
  summarise(detail);
});
feed.addEventListener("result", ({ detail }) => {
  grid.tiles.get(detail.stream)?.result(detail, feed.fresh);
  if (detail.coldstart && feed.fresh) functions.wake.first(detail.stream, detail.coldstart);
});
feed.addEventListener("segment", ({ detail }) => grid.tiles.get(detail.stream)?.viewer.poke(detail));
feed.addEventListener("picture", ({ detail }) => grid.tiles.get(detail.stream)?.viewer.poke());
feed.addEventListener("trouble", ({ detail }) => banner.trouble(detail.error, feed));
feed.addEventListener("state", async () => {
  banner.connection(feed);
  if (feed.state === "locked" && (await askToken(feed.words))) feed.start();
  at("viewer").hidden = hasToken();
});
finder.addEventListener("change", find);

// Files that were pushed, to the last one.
const over = (stream) => stream.state === "ended" && !stream.camera;

async function unlock() {
  await askToken("To add, change, pause and remove cameras, the page needs the dashboard's token.");
  at("viewer").hidden = hasToken();
}

function find() {
  grid.show(finder.wanted);
  nothingFound(at("grid"), finder.active && grid.tiles.size > 0 && grid.shown === 0, finder);
}

function summarise({ streams, functions: all }) {
  const counts = new Map(tally(streams));
  const frames = streams.reduce((sum, stream) => sum + stream.rate, 0);
  const replicas = all.reduce((sum, one) => sum + one.replicas, 0);
  say(at("frames"), streams.length ? `${rate(frames)} frames/s inferred` : "");
  say(at("replicas"), streams.length ? plural(replicas, "replica") : "");
  const trouble = streams.filter((stream) => troubled(stream.state)).length;
  const parts = [`${counts.get("live") ?? 0} live`, trouble && `${trouble} in trouble`].filter(Boolean);
  const title = streams.length ? `CNAP · ${parts.join(", ")}` : "CNAP";
  if (document.title !== title) document.title = title;
  at("viewer").hidden = hasToken();
}

function focus(tile) {
  const fragment = tile ? `#stream=${encodeURIComponent(tile.name)}` : location.pathname + location.search;
  history.replaceState(null, "", fragment);
  document.body.classList.toggle("focused", tile !== null);
  panel.show(tile);
  grid.focus(tile);
}

setUpKeys(grid, control, {
  focus,
  find: () => finder.seek(),
  clear: () => finder.active && (finder.clear(), true),
});

let away = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(away);
  if (document.hidden) away = setTimeout(() => feed.stop(), AWAY);
  else feed.start();
});

setInterval(() => {
  const elapsed = functions.wake.elapsed;
  if (elapsed === null && !waking) return;
  waking = elapsed !== null;
  for (const tile of grid.tiles.values()) {
    const waits = waking && tile.running && Object.keys(tile.stream.models).length;
    tile.waking(waits ? `Functions are waking: ${elapsed.toFixed(1)} s` : null);
  }
}, 100);
setInterval(() => document.hidden || grid.tiles.forEach((tile) => tile.tick()), 1000);
feed.start();
