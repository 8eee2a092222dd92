// What keys do, where nobody is writing.

import { dialogOpen } from "./dialog.js";
import { openHelp } from "./help.js";

// `does`: { focus(tile), find(), clear() }
export function setUpKeys(grid, control, does) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox], [type=range]), select, [popover]");
    if (typing || dialogOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (press(event.key, event.target, grid, control, does)) event.preventDefault();
  });
}

// Whether the key meant something.
function press(key, target, grid, control, { focus, find, clear }) {
  const tile = grid.chosen;
  const own = target.closest("button, input, summary, a");
  if (key === "?") openHelp();
  else if (key === "a") control.add();
  else if (key === "/") find();
  else if (key === "Escape" && grid.focused) focus(null);
  else if (key === "Escape") return clear();
  else if (!tile) return false;
  else if (key.startsWith("Arrow") && !own?.matches("input")) go(grid, key, focus);
  else if (key === " " && !own) tile.toggle();
  else if (key === "Enter" && target.matches(".tile")) focus(tile === grid.focused ? null : tile);
  else if (key === "f" && grid.focused) fullscreen(tile);
  else if (key === "f") focus(tile);
  else if (key === "e" && tile.stream.camera) control.edit(tile.name);
  else return false;
  return true;
}

function go(grid, key, focus) {
  const next = grid.move(key);
  if (grid.focused) focus(next);
  else next.node.focus();
}

function fullscreen(tile) {
  if (document.fullscreenElement) document.exitFullscreen();
  else tile.stage.requestFullscreen().catch(() => {});
}
