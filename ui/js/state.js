// What a stream's state means: its word, its sign, and how much it matters.

// `tone` is its colour: good, busy, warm, bad or quiet.
export const STATES = {
  connecting: { word: "Connecting", sign: "connecting", tone: "busy" },
  live: { word: "Live", sign: "live", tone: "good" },
  degraded: { word: "Degraded", sign: "degraded", tone: "warm" },
  stalled: { word: "Stalled", sign: "stalled", tone: "warm" },
  offline: { word: "Offline", sign: "offline", tone: "bad" },
  misconfigured: { word: "Misconfigured", sign: "misconfigured", tone: "bad" },
  paused: { word: "Paused", sign: "paused", tone: "quiet" },
  ended: { word: "Ended", sign: "ended", tone: "quiet" },
  // Not told by any stream: what somebody here has asked for, and is not yet so.
  saving: { word: "Saving…", sign: "connecting", tone: "busy" },
  pausing: { word: "Pausing", sign: "connecting", tone: "busy" },
  resuming: { word: "Resuming", sign: "connecting", tone: "busy" },
};

export const known = (state) => STATES[state] ?? { word: state, sign: "stalled", tone: "quiet" };

const TROUBLE = ["degraded", "stalled", "offline", "misconfigured"];

// Whether somebody should look after it.
export const troubled = (state) => TROUBLE.includes(state);

// Whether its video comes in, whatever becomes of it.
export const going = (state) => state === "live" || state === "degraded";

// A camera that somebody has taken away: its account is kept, and nobody looks for its picture.
export const removed = ({ camera, state, reason }) => !camera && state === "ended" && /\bremoved\b/.test(reason);

// How many streams are in each state, in the order of the table above: [state, number].
export function tally(streams) {
  const numbers = new Map();
  for (const { state } of streams) numbers.set(state, (numbers.get(state) ?? 0) + 1);
  const places = Object.keys(STATES);
  return [...numbers].sort(([a], [b]) => places.indexOf(a) - places.indexOf(b));
}
