// The cameras as cameras.yaml has them. They change by the API only, and are shown as it answers.

import * as api from "./api.js";
import { askToken } from "./token.js";

const NEEDED = "To change cameras, the page needs the dashboard's token.";

export class Cameras extends EventTarget {
  problem = "";
  // What a new camera has that does not say it.
  defaults = {};
  #known = new Map();

  get(name) {
    return this.#known.get(name) ?? null;
  }

  // Reads them anew; what was known stays where that fails.
  async read() {
    const { cameras, defaults, problem } = await api.cameras();
    this.#known = new Map(cameras.map((camera) => [camera.name, camera]));
    this.problem = problem;
    this.defaults = defaults;
    this.dispatchEvent(new Event("change"));
  }

  // Each of these gives what the API answered, or null where nobody had a token for it; raises
  // ApiError.
  async add(camera) {
    return this.#keep(await this.#allowed(() => api.addCamera(camera)));
  }

  async change(name, change) {
    return this.#keep(await this.#allowed(() => api.changeCamera(name, change)));
  }

  async remove(name) {
    const answer = await this.#allowed(() => api.removeCamera(name));
    if (answer) this.#known.delete(name);
    return answer;
  }

  #keep(camera) {
    if (camera) {
      this.#known.set(camera.name, camera);
      this.dispatchEvent(new Event("change"));
    }
    return camera;
  }

  // Does it, as soon as there is a token that the API takes.
  async #allowed(does) {
    let words = api.hasToken() ? "" : NEEDED;
    for (;;) {
      if (words && !(await askToken(words))) return null;
      try {
        return await does();
      } catch (error) {
        if (error.status !== 401) throw error;
        words = `${NEEDED} The last one was refused: ${error.message}.`;
      }
    }
  }
}
