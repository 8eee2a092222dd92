// The dashboard's API. The token comes in the address's fragment, which no server ever sees.

import { heard } from "./time.js";

const KEY = "cnap-token";

export function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (!token) return;
  sessionStorage.setItem(KEY, token);
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest && `#${rest}`));
}

export const hasToken = () => Boolean(sessionStorage.getItem(KEY));

export function setToken(token) {
  sessionStorage.setItem(KEY, token);
}

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export async function request(path, { headers = {}, ...options } = {}) {
  const token = sessionStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "The dashboard does not answer.");
  }
  heard(response.headers.get("Date"));
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new ApiError(response.status, said.error || `The dashboard answered ${response.status}.`);
}

const stream = (name) => `api/streams/${encodeURIComponent(name)}`;

// The segment after `place`, or null where there is none yet.
export async function segment(name, place, signal) {
  const after = place ? `&after=${place.epoch}-${place.sequence}` : "";
  const response = await request(`${stream(name)}/segments?wait=0${after}`, { signal });
  if (response.status === 204) return null;
  return {
    epoch: Number(response.headers.get("Cnap-Epoch")),
    sequence: Number(response.headers.get("Cnap-Sequence")),
    gopstart: Number(response.headers.get("Cnap-Gopstart")),
    type: response.headers.get("Content-Type"),
    data: new Uint8Array(await response.arrayBuffer()),
  };
}

// The picture after the moment `after` (milliseconds), or null where there is none yet.
export async function picture(name, after, signal) {
  const query = after ? `&after=${after}` : "";
  const response = await request(`${stream(name)}/picture?wait=0${query}`, { signal });
  if (response.status === 204) return null;
  return { time: Number(response.headers.get("Cnap-Time")), blob: await response.blob() };
}

// { cameras, defaults, problem }: the cameras as cameras.yaml has them, what a new one has by itself,
// and what is wrong with it.
export async function cameras() {
  return (await request("api/cameras")).json();
}

export const addCamera = (camera) => send("POST", "api/cameras", camera);

// `change` has only the fields to change; null takes one away.
export const changeCamera = (name, change) => send("PATCH", camera(name), change);

export const removeCamera = (name) => request(camera(name), { method: "DELETE" });

const camera = (name) => `api/cameras/${encodeURIComponent(name)}`;

async function send(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await request(path, { method, headers, body: JSON.stringify(body) })).json();
}
