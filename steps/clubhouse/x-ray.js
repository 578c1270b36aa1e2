// The X-ray: every frame that goes over the air, as it really is.

import { element } from "./dom.js";

const ROWS = 200; // as many as anyone scrolls through; older ones go
const LETTERS = 1000; // of one frame in the table
const KEPT = 100_000; // of one frame, to be copied

/** @typedef {{ way: string, text: string, letters: number, time: Date }} Row */

export class XRay {
  #body;
  /** @type {Row[]} */
  #frames = []; // oldest first
  /** @type {Row[]} */
  #waiting = []; // those that are not in the table yet
  #on = false;

  /** @param {Element} body of the table */
  constructor(body) {
    this.#body = body;
  }

  /** @param {import("./frames.js").Frame} frame */
  add({ name, sent, text, time }) {
    const way = sent ? `${name} → club` : `club → ${name}`;
    const frame = { way, text: text.slice(0, KEPT), letters: text.length, time };
    for (const list of [this.#frames, this.#waiting]) {
      list.push(frame);
      if (list.length > ROWS) list.shift();
    }
    if (this.#on && this.#waiting.length === 1) requestAnimationFrame(() => this.#draw());
  }

  /** @param {boolean} on */
  set on(on) {
    this.#on = on;
    if (on) this.#draw();
  }

  /** All of it as text, oldest first. */
  toString() {
    return this.#frames.map(({ way, text, time }) => `${clock(time)}\t${way}\t${text}`).join("\n");
  }

  /** Oldest first, as in a talk; it stays at its end by itself. */
  #draw() {
    const box = this.#body.closest(".table");
    const isAtEnd = box && box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    this.#body.append(...this.#waiting.splice(0).map(row));
    while (this.#body.childElementCount > ROWS) this.#body.firstElementChild?.remove();
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  }
}

/** @param {Date} time */
const clock = (time) => `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;

/** @param {Row} row */
function row({ way, text, letters, time }) {
  const cells = [clock(time), way, size(text, letters)].map((words) => element("td", {}, words));
  const more = letters > LETTERS ? " … (and much more)" : "";
  return element("tr", {}, ...cells, element("td", {}, ...colored(text.slice(0, LETTERS)), more));
}

/**
 * @param {string} text
 * @param {number} letters
 */
function size(text, letters) {
  const bytes = letters > KEPT ? letters : new TextEncoder().encode(text).length;
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} kB`;
}

/**
 * The keys of a JSON object in a quieter colour, and its type in bold; the text itself stays as it is.
 *
 * @param {string} text
 */
function colored(text) {
  const parts = text.split(/("(?:[^"\\]|\\.)*"\s*:)/);
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return element("span", { className: "key" }, part);
    const [type] = (parts[index - 1]?.startsWith('"type"') && part.match(/^\s*"[^"]*"/)) || [""];
    return type ? [element("span", { className: "type" }, type), part.slice(type.length)] : part;
  });
}
