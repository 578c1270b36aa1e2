// The home page: two walkie-talkies that work. Python wakes when somebody touches them.

import { element } from "./dom.js";

const FIRST = { Ada: "Type hello, and press Enter.", Bo: "Bo is listening." };
const OFF = "This walkie-talkie is off. Press “Pick up” to come back.";

const clubhouse = new URL("../clubhouse/", import.meta.url);

export class Home {
  #section;
  #runtime = null;
  #wake;
  #taken;
  #talkies = [];

  /** `wake` resolves to what page.js knows of the site, and to Python; `taken` is told when our program takes the air. */
  constructor(section, wake, taken) {
    this.#section = section;
    this.#wake = wake;
    this.#taken = taken;
    this.#build();
  }

  async #build() {
    const { Air } = await import(new URL("air.js", clubhouse));
    await import(new URL("walkie-talkie.js", clubhouse));
    const devices = this.#section.querySelector(".devices");
    if (!devices) return;
    let awake = null;
    for (const name of Object.keys(FIRST)) {
      const talkie = element("walkie-talkie");
      talkie.setAttribute("name", name);
      talkie.open = (path) => awake?.open(path) ?? null;
      this.#talkies.push(talkie);
    }
    devices.replaceChildren(...this.#talkies);
    for (const talkie of this.#talkies) talkie.words = FIRST[talkie.name];
    const air = new Air(this.#section, this.#section.querySelector("#wires"), this.#section.querySelector("#hub"));
    this.#section.addEventListener("state", ({ target }) => {
      target.words = target.wanted ? FIRST[target.name] : OFF;
      air.draw();
    });
    this.#section.addEventListener("frame", ({ target, detail }) => air.spark(target, detail.sent));
    const start = async () => {
      for (const touch of ["pointerdown", "focusin"]) devices.removeEventListener(touch, start);
      for (const talkie of this.#talkies) talkie.pickUp();
      awake = await this.#start();
      for (const talkie of this.#talkies) talkie.pickUp();
    };
    for (const touch of ["pointerdown", "focusin"]) devices.addEventListener(touch, start);
  }

  async #start() {
    const status = this.#section.querySelector("[role=status]");
    const { steps, place, runtime } = await this.#wake();
    const progress = ({ detail: { loaded, total } }) => {
      status.textContent =
        loaded < total ? `The club is waking up: ${Math.round((100 * loaded) / total)} %` : "The club is waking up…";
    };
    runtime.addEventListener("progress", progress);
    status.textContent = "The club is waking up…";
    this.#taken();
    const { source, name } = steps.at(-1);
    const ok = await runtime.run(source, new URL(`take-home/${name}.zip`, place).href);
    runtime.removeEventListener("progress", progress);
    status.textContent = ok ? "" : "The club does not wake up in this browser. In a terminal it does.";
    if (!ok) return null;
    this.#runtime = runtime;
    this.#section.dataset.awake = true;
    return runtime.network();
  }

  leave() {
    this.#runtime?.stop();
  }
}
