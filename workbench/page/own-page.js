// A web page of one's own: typed here, and run beside the words. It talks to the learner's own club.
//
// The page runs in a frame that can reach nothing of ours. Its WebSocket is a stand-in, which passes on all that goes
// over the line to the club in this browser.

import { part } from "../clubhouse/dom.js";
import { WalkieTalkie } from "../clubhouse/walkie-talkie.js";
import { button, element } from "./dom.js";

/** @typedef {import("./page.js").Site} Site */

const SOON = 300; // ms from a change until it is written down
const OURS = "Our club is awake, because your own program has no chat yet.";
const BROKEN = "Your club does not start. Go back to the page of your step, and press “Run” there: it says why.";

const key = `page ${new URL("../../", import.meta.url).pathname}`;

/** What the frame runs before the learner's page. It has to stand alone: it goes there as text. */
function standIn() {
  /** @type {Map<number, any>} */
  const lines = new Map();

  class Line extends EventTarget {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSED = 3;
    readyState = 0;
    id = lines.size;

    /** @param {string} address */
    constructor(address) {
      super();
      const { pathname, search } = new URL(address, "ws://club");
      lines.set(this.id, this);
      parent.postMessage({ kind: "open", id: this.id, path: pathname.slice(1) + search }, "*");
    }

    /** @param {string} data */
    send(data) {
      if (this.readyState !== 1) throw new DOMException("The line is not open yet.", "InvalidStateError");
      parent.postMessage({ kind: "send", id: this.id, data: String(data) }, "*");
    }

    /** @param {number} [code] */
    close(code) {
      parent.postMessage({ kind: "close", id: this.id, code }, "*");
    }
  }

  Object.assign(globalThis, { WebSocket: Line });
  addEventListener("message", ({ data: { id, type, ...parts } }) => {
    const line = lines.get(id);
    if (!line) return;
    if (type === "open") line.readyState = 1;
    if (type === "close") line.readyState = 3;
    const event = Object.assign(new Event(type), parts);
    line.dispatchEvent(event);
    line[`on${type}`]?.(event);
  });
}

const STAND_IN = `<!doctype html><script>(${standIn})()</script>`;

export class OwnPage {
  #section;
  #wake;
  #mine;
  #taken;
  #ada = new WalkieTalkie();
  #power = button("Start the club", () => (this.#network ? this.#stop() : this.#start()));
  /** @type {Site["runtime"] | undefined} */
  #runtime;
  /** @type {ReturnType<Site["runtime"]["network"]> | null} */
  #network = null; // while the club is awake
  /** @type {Map<number, import("./runtime.js").Socket>} */
  #lines = new Map(); // to the club, by the frame's numbers

  /**
   * @param {HTMLElement} section
   * @param {() => Promise<Site>} wake resolves to what page.js knows of the site, and to Python
   * @param {import("./mine.js").Mine} mine
   * @param {() => void} taken is told when a program takes the air
   */
  constructor(section, wake, mine, taken) {
    this.#section = section;
    this.#wake = wake;
    this.#mine = mine;
    this.#taken = taken;
    this.#build();
  }

  #build() {
    const words = part(this.#section, "textarea", HTMLTextAreaElement);
    words.value ||= localStorage.getItem(key) ?? ""; // somebody may have begun to type before this came
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let late;
    words.addEventListener("input", () => {
      clearTimeout(late);
      late = setTimeout(() => localStorage.setItem(key, words.value), SOON);
    });
    const show = () => this.#show(words.value);
    part(this.#section, ".buttons").replaceChildren(button("Run my page", show, "start"), this.#power);
    this.#ada.setAttribute("name", "Ada");
    this.#ada.open = (path) => this.#network?.open(path) ?? null;
    part(this.#section, ".devices").replaceChildren(this.#ada);
    addEventListener("message", this.#pass);
  }

  /** @param {string} sentence */
  #say(sentence) {
    part(this.#section, "[role=status]").textContent = sentence;
  }

  /** @param {string} text */
  async #show(text) {
    if (!this.#network) await this.#start();
    if (!this.#network) return;
    for (const line of this.#lines.values()) line.close();
    this.#lines.clear();
    const frame = element("iframe", { title: "My page", srcdoc: STAND_IN + text });
    frame.sandbox.value = "allow-scripts allow-forms";
    part(this.#section, ".screen").replaceChildren(frame);
  }

  /** The learner's own club; or ours, as long as theirs cannot chat. */
  async #start() {
    this.#say("The club is waking up…");
    const { steps, place, runtime } = await this.#wake();
    const ours = steps.find(({ name }) => name === this.#section.dataset.step) ?? steps[0];
    const isMine = !this.#mine.untouched && this.#mine.text.includes(".websocket(");
    this.#taken();
    const parcel = new URL(`take-home/${ours.name}.zip`, place).href;
    const ok = await runtime.run(isMine ? this.#mine.text : ours.source, parcel);
    this.#runtime = runtime;
    this.#say(!ok ? BROKEN : isMine ? "Your club is awake." : OURS);
    if (!ok) return;
    this.#network = runtime.network();
    this.#power.textContent = "Stop the club";
    this.#ada.pickUp();
  }

  async #stop() {
    this.#network = null;
    this.#power.textContent = "Start the club";
    await this.#runtime?.stop();
    this.#say("The club is asleep.");
  }

  /**
   * What the frame does with its lines.
   *
   * @param {MessageEvent} event
   */
  #pass = ({ source, data: { kind, id, path, data, code } }) => {
    const frame = this.#section.querySelector("iframe")?.contentWindow;
    if (!frame || source !== frame) return;
    if (kind === "send") this.#lines.get(id)?.send(data);
    if (kind === "close") this.#lines.get(id)?.close(code);
    if (kind !== "open") return;
    const tell = (/** @type {object} */ parts) => frame.postMessage({ id, ...parts }, "*");
    const line = this.#network?.open(path);
    if (!line) return tell({ type: "close", code: 1006, reason: "" });
    this.#lines.set(id, line);
    line.onopen = () => tell({ type: "open" });
    line.onmessage = (event) => tell({ type: "message", data: event.data });
    line.onclose = ({ code: why, reason }) => tell({ type: "close", code: why, reason: reason ?? "" });
  };

  leave() {
    removeEventListener("message", this.#pass);
    this.#runtime?.stop();
  }
}
