// What people change: told to the API, and what it answers said in its own words.

import { openCamera } from "./cameraform.js";
import { Cameras } from "./cameras.js";
import { confirm } from "./dialog.js";
import { Menu } from "./menu.js";
import { toast } from "./toast.js";

export class Control {
  cameras = new Cameras();
  focus;

  #functions = [];
  #menu;

  // `focus(tile)` puts one stream before all others, or takes it back; `leave(name)` is called when
  // a camera was removed.
  constructor(focus, leave) {
    this.focus = focus;
    this.leave = leave;
    this.#menu = new Menu({
      cameras: this.cameras,
      functions: () => this.#functions,
      models: (name, names) => this.models(name, names),
      edit: (name) => this.edit(name),
      remove: (name) => this.remove(name),
    });
  }

  update(functions) {
    this.#functions = functions;
  }

  get functions() {
    return this.#functions;
  }

  menu(tile, button) {
    this.#menu.open(tile.name, button);
  }

  async add() {
    await this.#try(() => this.cameras.read());
    openCamera(this.cameras, null, this.#functions);
  }

  async edit(name) {
    await this.#try(() => this.cameras.read());
    const camera = this.cameras.get(name);
    if (camera) openCamera(this.cameras, camera, this.#functions);
    else toast(`There is no camera ${name} in cameras.yaml.`);
  }

  async remove(name) {
    const words = "Its entry in cameras.yaml goes, and its video ends. What was found so far stays for as long as results are kept.";
    if (!(await confirm(`Remove ${name}?`, words, "Remove"))) return;
    if (await this.#try(() => this.cameras.remove(name))) this.leave(name);
  }

  // Whether it was done.
  async pause(name, paused) {
    return Boolean(await this.#try(() => this.cameras.change(name, { paused })));
  }

  // What to say of it.
  async models(name, models) {
    try {
      return (await this.cameras.change(name, { models })) ? "Saved." : "";
    } catch (error) {
      return error.message;
    }
  }

  async #try(does) {
    try {
      return await does();
    } catch (error) {
      toast(error.message);
      return null;
    }
  }
}
