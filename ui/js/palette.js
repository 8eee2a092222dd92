// A colour for each label: bright enough for any picture, with dark text on it.

const COLOURS = [
  "#5ad1ff", "#ffd35c", "#5be3a8", "#ff8fb0", "#c2a5ff", "#ffac6b",
  "#a6ec7a", "#8fb4ff", "#ff9df0", "#6ff0e0", "#ffe98a", "#ffa08f",
];
const FIXED = { person: 0, face: 3, car: 1, vehicle: 1, bicycle: 2, bike: 2, bus: 5, truck: 5, dog: 4 };

export function colour(label) {
  if (label in FIXED) return COLOURS[FIXED[label]];
  let hash = 7;
  for (const letter of label) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return COLOURS[hash % COLOURS.length];
}
