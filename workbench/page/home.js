// The home page: two walkie-talkies that work. Python wakes when somebody touches them.

import { Air } from "../clubhouse/air.js";
import { part } from "../clubhouse/dom.js";
import { WalkieTalkie } from "../clubhouse/walkie-talkie.js";

/** @typedef {import("./page.js").Site} Site */
/** @typedef {import("../clubhouse/frames.js").Frame} Frame */
/** @typedef {import("../messages.d.ts").Report["progress"]} Progress */

/** @type {Record<string, string>} */
const FIRST = { Ada: "Type hello, and press Enter.", Bo: "Bo is listening." };
const OFF = "This walkie-talkie is off. Press “Pick up” to come back.";

export class Home {
  #section;
  /** @type {Site["runtime"] | undefined} */
  #runtime;
  #wake;
  #taken;
  /** @type {WalkieTalkie[]} */
  #talkies = [];

  /**
   * @param {HTMLElement} section
   * @param {() => Promise<Site>} wake resolves to what page.js knows of the site, and to Python
   * @param {() => void} taken is told when our program takes the air
   */
  constructor(section, wake, taken) {
    this.#section = section;
    this.#wake = wake;
    this.#taken = taken;
    this.#build();
  }

  #build() {
    const devices = part(this.#section, ".devices");
    /** @type {ReturnType<Site["runtime"]["network"]> | null} */
    let awake = null;
    for (const name of Object.keys(FIRST)) {
      const talkie = new WalkieTalkie();
      talkie.setAttribute("name", name);
      talkie.open = (path) => awake?.open(path) ?? null;
      this.#talkies.push(talkie);
    }
    devices.replaceChildren(...this.#talkies);
    for (const talkie of this.#talkies) talkie.words = FIRST[talkie.name];
    const air = new Air(
      this.#section,
      part(this.#section, "#wires", SVGSVGElement),
      part(this.#section, "#hub", Element),
    );
    this.#section.addEventListener("state", ({ target }) => {
      if (!(target instanceof WalkieTalkie)) return;
      target.words = target.wanted ? FIRST[target.name] : OFF;
      air.draw();
    });
    this.#section.addEventListener("frame", (event) => {
      const { target, detail } = /** @type {CustomEvent<Frame>} */ (event);
      if (target instanceof WalkieTalkie) air.spark(target, detail.sent);
    });
    const start = async () => {
      for (const touch of ["pointerdown", "focusin"]) devices.removeEventListener(touch, start);
      for (const talkie of this.#talkies) talkie.pickUp();
      awake = await this.#start();
      for (const talkie of this.#talkies) talkie.pickUp();
    };
    for (const touch of ["pointerdown", "focusin"]) devices.addEventListener(touch, start);
  }

  async #start() {
    const status = part(this.#section, "[role=status]");
    const { steps, place, runtime } = await this.#wake();
    /** @param {Event} event */
    const progress = (event) => {
      const { detail } = /** @type {CustomEvent<Progress>} */ (event);
      status.textContent =
        "loaded" in detail && detail.loaded < detail.total
          ? `The club is waking up: ${Math.round((100 * detail.loaded) / detail.total)} %`
          : "The club is waking up…";
    };
    runtime.addEventListener("progress", progress);
    status.textContent = "The club is waking up…";
    this.#taken();
    const { source, name } = steps[steps.length - 1];
    const ok = await runtime.run(source, new URL(`take-home/${name}.zip`, place).href);
    runtime.removeEventListener("progress", progress);
    status.textContent = ok ? "" : "The club does not wake up in this browser. In a terminal it does.";
    if (!ok) return null;
    this.#runtime = runtime;
    this.#section.dataset.awake = "true";
    return runtime.network();
  }

  leave() {
    this.#runtime?.stop();
  }
}
