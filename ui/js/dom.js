// Elements in one expression, and icons that need no file of their own.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const PATHS = {
  pause: "M6 4.500v11M14 4.500v11",
  play: "M6 4.200v11.600l9.500-5.800z",
  focus: "M4 7.500V4h3.500M16 7.500V4h-3.500M4 12.500V16h3.500M16 12.500V16h-3.500",
  back: "M8 5l-5 5 5 5M3.500 10H17",
  sun: "M10 6.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7M10 1.800v1.700M10 16.500v1.700M1.800 10h1.700M16.500 10h1.700M4.200 4.200l1.200 1.200M14.600 14.600l1.200 1.200M15.800 4.200l-1.200 1.200M5.400 14.600l-1.200 1.200",
  moon: "M16.500 11.800A7 7 0 1 1 8.200 3.500a5.600 5.600 0 0 0 8.300 8.300z",
  auto: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 3v14M10 6.500h4M10 10h6.500M10 13.500h4.500",
  help: "M7.400 7.600a2.700 2.700 0 1 1 3.900 2.400c-.8.4-1.300.9-1.300 1.800M10 14.800v.1",
  more: "M5.900 10a1.400 1.400 0 1 1-2.800 0 1.400 1.400 0 0 1 2.800 0M11.400 10a1.400 1.400 0 1 1-2.800 0 1.400 1.400 0 0 1 2.800 0M16.900 10a1.400 1.400 0 1 1-2.800 0 1.400 1.400 0 0 1 2.800 0",
  add: "M10 4v12M4 10h12",
  search: "M9 3.500a5.500 5.500 0 1 0 0 11 5.500 5.500 0 0 0 0-11M13 13l4 4",
  // Signs of states: each has a shape of its own, for those who see no colours.
  connecting: "M10 3.500a6.500 6.500 0 1 1-6.200 4.500",
  live: "M10 5.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9",
  degraded: "M10 3.500l7.500 13h-15zM10 8.500v3.500M10 14.400v.01",
  stalled: "M5.500 3.500h9M5.500 16.500h9M6.500 3.500c0 4 3.500 4.500 3.500 6.500s-3.500 2.500-3.500 6.500M13.500 3.500c0 4-3.500 4.500-3.500 6.500s3.500 2.500 3.500 6.500",
  offline: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M5.100 5.100l9.800 9.800",
  misconfigured: "M7 3h6l4 4v6l-4 4H7l-4-4V7zM10 6.800v3.700M10 13.300v.01",
  paused: "M7 5v10M13 5v10",
  ended: "M5.500 5.500h9v9h-9z",
  camera: "M2.800 6.500A1.500 1.500 0 0 1 4.300 5h6.900a1.500 1.500 0 0 1 1.500 1.500v7a1.500 1.500 0 0 1-1.500 1.500H4.300a1.500 1.500 0 0 1-1.500-1.500zM12.700 9l4.500-2.500v7L12.700 11",
};

const SOLID = ["live", "more"];

export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 20 20", width: 20, height: 20, class: SOLID.includes(name) ? "glyph solid" : "glyph", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}

// Sets text only where it differs, so that nothing is laid out again for the same words.
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// The same for whether it is there to see,
export function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

// and for what styles go by.
export function mark(node, name, value) {
  if (node.dataset[name] !== value) node.dataset[name] = value;
}
