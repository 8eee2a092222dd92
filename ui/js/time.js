// Times as the dashboard's clock has them, which this machine's need not agree with.

import { duration } from "./format.js";

// Seconds; the header Date is no finer than one, and answers take their time.
const AGREED = 3;
let ahead = 0;

// Takes an answer's header Date.
export function heard(date) {
  const told = Date.parse(date ?? "");
  if (!Number.isNaN(told)) ahead = Math.abs(told - Date.now()) > AGREED * 1000 ? told - Date.now() : 0;
}

// Seconds since an instant of the dashboard's, or null where it says none.
export function age(instant) {
  const then = Date.parse(instant ?? "");
  return Number.isNaN(then) ? null : Math.max(0, since(then));
}

// Seconds since a moment of the dashboard's in milliseconds.
export const since = (moment) => (Date.now() + ahead - moment) / 1000;

// "for 2 min", or "".
export function lasting(since) {
  const seconds = age(since);
  return seconds === null ? "" : `for ${duration(seconds)}`;
}

// "next try in 8 s", or "".
export function coming(instant) {
  const then = Date.parse(instant ?? "");
  if (Number.isNaN(then)) return "";
  const left = Math.ceil((then - Date.now() - ahead) / 1000);
  return left > 0 ? `next try in ${duration(left)}` : "trying again now";
}
