// Adding a camera, and editing one: what the API refuses is said at the field it is about.

import { dialog, dialogOpen } from "./dialog.js";
import { el, say } from "./dom.js";
import { Field, choice, text } from "./fields.js";
import { Models, offered } from "./models.js";
import { KINDS, kindOf } from "./sources.js";

const BEHIND = [
  ["thin", "Look at fewer frames, evenly"],
  ["oldest", "Leave out the oldest"],
  ["newest", "Leave out the newest"],
];
const TRANSPORT = [["tcp", "TCP: nothing is lost on the way"], ["udp", "UDP: sooner, and gaps where the network is poor"]];

class CameraForm {
  #camera;
  #cameras;
  #before;
  #busy = false;

  // `camera` is null for a new one.
  constructor(cameras, camera, functions) {
    this.#cameras = cameras;
    this.#camera = camera;
    const from = camera ?? cameras.defaults;
    const { url = "", models = [], framerate = "", transport = "tcp", behind = "thin", size } = from;
    this.models = new Models(() => this.fields.models.wrong(""));
    this.models.show(offered(functions, models), models);
    this.kind = choice(KINDS.map(({ kind, word }) => [kind, word]));
    this.kind.value = camera ? kindOf(url).kind : "rtsp";
    this.fields = {
      name: new Field("name", "Name", text({ required: true, maxlength: 63, placeholder: "gate", readonly: Boolean(camera) })),
      kind: new Field("kind", "Source", this.kind),
      url: new Field("url", "Address", text({ required: true, inputmode: "url" })),
      models: new Field("models", "Models that look at it", this.models.node, "None: it is only shown, and costs nothing while nobody watches."),
      framerate: new Field("framerate", "Frames per second to look at", text({ inputmode: "decimal", placeholder: "all" })),
      size: new Field("size", "Largest picture", text({ placeholder: "as it is, or 1280x720" })),
      transport: new Field("transport", "Transport", choice(TRANSPORT)),
      behind: new Field("behind", "When the functions are slower than the camera", choice(BEHIND)),
    };
    const given = { name: camera?.name ?? "", url, framerate, size: Array.isArray(size) ? size.join("x") : (size ?? ""), transport, behind };
    for (const [name, value] of Object.entries(given)) this.fields[name].control.value = value;
    this.#before = this.#values;
    this.kind.addEventListener("change", () => this.#choose());
    this.fields.url.control.addEventListener("input", () => this.#guess());
    this.#tellKind();
  }

  open() {
    const { name, kind, url, models, framerate, size, transport, behind } = this.fields;
    this.wrong = el("p", { class: "wrong", role: "alert", hidden: true });
    this.save = el("button", { class: "primary", text: this.#word });
    const more = el("details", {}, el("summary", { text: "More" }), framerate.node, size.node, transport.node, behind.node);
    more.open = ["framerate", "size", "transport", "behind"].some((field) => (this.#camera ?? this.#cameras.defaults)[field]);
    this.more = more;
    const cancel = el("button", { type: "button", class: "secondary", text: "Cancel", onclick: () => this.node.close() });
    const form = el("form", { class: "camera", novalidate: true }, name.node, kind.node, url.node, models.node, more, this.wrong, el("div", { class: "actions" }, cancel, this.save));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.node = dialog(this.#camera ? `Edit ${this.#camera.name}` : "Add a camera", form);
    (this.#camera ? url : name).focus();
  }

  get #word() {
    return this.#camera ? "Save" : "Add camera";
  }

  // What the fields say, as the API wants it.
  get #values() {
    const { name, url, framerate, size, transport, behind } = this.fields;
    const said = (field) => field.control.value.trim();
    const rate = Number(said(framerate));
    return {
      name: said(name),
      url: said(url),
      models: this.models.chosen,
      framerate: Number.isNaN(rate) ? said(framerate) : rate || null,
      size: said(size) || null,
      transport: said(transport),
      behind: said(behind),
    };
  }

  // Only what somebody has changed: a masked password is not sent back. A new camera says its models
  // in any case, for people see at once which they are.
  get #change() {
    const changed = ([key, value]) => (key === "models" && !this.#camera) || JSON.stringify(value) !== JSON.stringify(this.#before[key]);
    return Object.fromEntries(Object.entries(this.#values).filter(changed));
  }

  async #send() {
    if (this.#busy) return;
    const change = this.#change;
    for (const field of Object.values(this.fields)) field.wrong("");
    this.#fail("");
    const missing = ["name", "url"].find((name) => !this.fields[name].control.value.trim());
    if (missing) return this.#refused([[missing, missing === "name" ? "Give it a name, as gate." : "Say where its video comes from."]]);
    if (!Object.keys(change).length) return this.node.close();
    this.#wait(true);
    try {
      const camera = this.#camera;
      const saved = await (camera ? this.#cameras.change(camera.name, change) : this.#cameras.add(change));
      if (saved) this.node.close();
      else this.#fail("Nothing was changed: it needs the token.");
    } catch (error) {
      this.#refused(mistakes(error, this.fields));
    } finally {
      this.#wait(false);
    }
  }

  #wait(yes) {
    this.#busy = yes;
    this.save.setAttribute("aria-disabled", String(yes));
    say(this.save, yes ? "Saving…" : this.#word);
  }

  // `mistakes`: [field, words]; those of no field are said beneath them all.
  #refused(mistakes) {
    const said = Map.groupBy(mistakes, ([name]) => this.fields[name]);
    for (const [field, found] of said) {
      const words = found.map(([, one]) => one).join("\n");
      if (!field) this.#fail(words);
      else field.wrong(words);
      if (field && this.more.contains(field.node)) this.more.open = true;
    }
    Object.values(this.fields).find((field) => said.has(field))?.focus();
  }

  #fail(words) {
    say(this.wrong, words);
    this.wrong.hidden = !words;
  }

  // A kind's example is put where nobody has written anything of his own.
  #choose() {
    const { control } = this.fields.url;
    const { example, begins } = KINDS.find(({ kind }) => kind === this.kind.value);
    const whole = begins.includes(example);
    if (!control.value || KINDS.some((one) => one.example === control.value)) control.value = whole ? example : "";
    this.fields.url.wrong("");
    this.#tellKind();
  }

  #guess() {
    const { value } = this.fields.url.control;
    if (value.length > 5) this.kind.value = kindOf(value).kind;
    this.#tellKind();
  }

  #tellKind() {
    const { kind, example, hint } = KINDS.find((one) => one.kind === this.kind.value);
    const { control } = this.fields.url;
    control.placeholder = example;
    const masked = control.value.includes("***") ? " *** is the password, which stays as it is." : "";
    say(this.fields.url.hint, hint + masked);
    this.fields.transport.node.hidden = kind !== "rtsp";
  }
}

// Words of a refusal that are no field's name, and mean one.
const MEANT = { model: "models", size: "size", fps: "framerate", scheme: "url", host: "url", called: "name" };

// Of each line of a refusal the field that it is about, the first that its words name, and the words
// without the camera's name, which one sees.
function mistakes({ status, message }, fields) {
  if (status === 409) return [[/already$/.test(message) ? "name" : "", message]];
  return message.split("\n").map((line) => {
    const words = line.replace(/^camera .*?: (?=\S)/, "");
    const said = words.toLowerCase().match(/[a-z]+/g)?.find((word) => word in fields || word in MEANT);
    return [MEANT[said] ?? said ?? "", words];
  });
}

export function openCamera(cameras, camera, functions) {
  if (!dialogOpen()) new CameraForm(cameras, camera, functions).open();
}
