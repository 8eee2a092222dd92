// Light, dark, or as the system is.

import { icon } from "./dom.js";

const KEY = "cnap-theme";
const NEXT = { auto: "dark", dark: "light", light: "auto" };
const ICONS = { auto: "auto", dark: "moon", light: "sun" };
const WORDS = { auto: "as the system", dark: "dark", light: "light" };

export function setUpTheme(button) {
  const show = (theme) => {
    document.documentElement.dataset.theme = theme;
    button.replaceChildren(icon(ICONS[theme]));
    button.title = `Theme: ${WORDS[theme]}`;
    button.setAttribute("aria-label", `Theme: ${WORDS[theme]}. Change`);
  };
  const kept = localStorage.getItem(KEY);
  show(kept in NEXT ? kept : "auto");
  button.addEventListener("click", () => {
    const theme = NEXT[document.documentElement.dataset.theme];
    localStorage.setItem(KEY, theme);
    show(theme);
  });
}
