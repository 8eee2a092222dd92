// The tiles: as large as they fit, played while they are in view, reached with the arrow keys.

import { hide } from "./dom.js";
import { Tile } from "./tile.js";

const GAP = 12;
const RATIO = 16 / 9;
const NARROW = 640;
const LEAST = 210;

export class Grid {
  tiles = new Map();
  focused = null;

  #node;
  #control;
  #visible;
  #chosen = null;
  #wanted = () => true;
  #shown = 0;

  constructor(node, control) {
    this.#node = node;
    this.#control = control;
    this.#visible = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        target.dataset.inView = isIntersecting;
        this.#play(this.tiles.get(target.dataset.stream));
      }
    }, { rootMargin: "160px" });
    new ResizeObserver(() => this.layout()).observe(document.documentElement);
    document.addEventListener("visibilitychange", () => this.tiles.forEach((tile) => this.#play(tile)));
    node.addEventListener("focusin", ({ target }) => {
      const tile = this.tiles.get(target.closest(".tile")?.dataset.stream);
      if (tile) this.#choose(tile);
    });
  }

  update(streams) {
    const names = new Set(streams.map((stream) => stream.name));
    for (const [name, tile] of this.tiles) if (!names.has(name)) this.#drop(tile);
    streams.forEach((stream, n) => {
      const tile = this.tiles.get(stream.name) ?? this.#add(stream.name);
      tile.update(stream);
      this.#play(tile);
      if (this.#node.children[n] !== tile.node) this.#node.insertBefore(tile.node, this.#node.children[n] ?? null);
    });
    this.show();
  }

  // Hides what nobody wants to see; `wanted(stream)` says what is. The others keep their order.
  show(wanted = this.#wanted) {
    this.#wanted = wanted;
    let shown = 0;
    for (const tile of this.tiles.values()) {
      const hidden = this.focused ? tile !== this.focused : !wanted(tile.stream);
      hide(tile.node, hidden);
      if (!hidden) shown += 1;
    }
    if (shown !== this.#shown) this.layout(shown);
    this.#shown = shown;
  }

  // How many tiles are there to see.
  get shown() {
    return this.#shown;
  }

  // One tile alone, large; null for all again.
  focus(tile) {
    this.focused = tile;
    this.#node.dataset.focus = tile ? "one" : "all";
    this.show();
    (tile ?? this.chosen)?.node.focus({ preventScroll: true });
  }

  get chosen() {
    const chosen = this.#chosen?.node.hidden ? null : this.#chosen;
    return this.focused ?? chosen ?? this.#seen[0] ?? null;
  }

  get #seen() {
    return [...this.tiles.values()].filter((tile) => this.#wanted(tile.stream));
  }

  // The tile in a direction from the chosen one: "ArrowLeft" and so on.
  move(key) {
    const tiles = this.#seen;
    if (this.focused) {
      const step = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
      return tiles[(tiles.indexOf(this.focused) + step + tiles.length) % tiles.length];
    }
    if (!this.#node.contains(document.activeElement)) return this.chosen;
    const columns = Number(this.#node.dataset.columns) || 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    return tiles[tiles.indexOf(this.chosen) + steps[key]] ?? this.chosen;
  }

  layout(count = this.#shown) {
    if (!count) return;
    const width = this.#node.clientWidth;
    const height = innerHeight - this.#node.getBoundingClientRect().top - scrollY - GAP;
    const best = width < NARROW ? { columns: 1, width } : fit(count, width, height);
    this.#node.dataset.columns = best.columns;
    this.#node.style.setProperty("--columns", best.columns);
    this.#node.style.setProperty("--tile", `${Math.floor(best.width)}px`);
  }

  #add(name) {
    const tile = new Tile(name, this.#control);
    this.tiles.set(name, tile);
    this.#visible.observe(tile.node);
    if (this.tiles.size === 1) tile.node.tabIndex = 0;
    return tile;
  }

  #drop(tile) {
    if (this.focused === tile) this.#control.focus(null);
    if (this.#chosen === tile) this.#chosen = null;
    this.#visible.unobserve(tile.node);
    this.tiles.delete(tile.name);
    tile.close();
  }

  #choose(tile) {
    if (this.#chosen && this.#chosen !== tile) this.#chosen.node.tabIndex = -1;
    this.#chosen = tile;
    tile.node.tabIndex = 0;
  }

  #play(tile) {
    tile?.watch(!document.hidden && tile.node.dataset.inView === "true");
  }
}

// The number of columns that makes `count` tiles largest without scrolling, if that can be read.
function fit(count, width, height) {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const wide = (width - GAP * (columns - 1)) / columns;
    const footer = wide <= 340 ? 54 : 82;
    const tall = ((height - GAP * (rows - 1)) / rows - footer) * RATIO;
    const size = Math.min(wide, tall);
    if (size > best.width) best = { columns, width: size };
  }
  if (best.width >= LEAST) return best;
  const columns = Math.max(1, Math.floor((width + GAP) / (280 + GAP)));
  return { columns, width: (width - GAP * (columns - 1)) / columns };
}
