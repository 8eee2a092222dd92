// What a stream's state means.

// Whether its video comes in, whatever becomes of it.
export const going = (state) => ["live", "behind", "misconfigured"].includes(state);
