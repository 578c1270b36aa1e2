// What a frame says, and how it looks as a line on a screen. What came over the air is text, never HTML.

import { element } from "./dom.js";
import { badge, look } from "./friends.js";

const LETTERS = 2000; // of one message; nobody reads more, and ten million would stop the page

/**
 * What a frame says.
 *
 * @typedef {object} Message
 * @property {string} who
 * @property {string} words
 * @property {string} type
 * @property {string} to
 * @property {unknown} [timestamp]
 * @property {Record<string, unknown>} [parts] all of them, unless it is no JSON
 */

/**
 * A frame that went over the air.
 *
 * @typedef {object} Frame
 * @property {string} name the friend's
 * @property {boolean} sent by that friend
 * @property {string} text
 * @property {Date} time
 * @property {Message} message
 * @property {"" | "first" | "more"} [missed] it was said while this friend was away
 */

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/**
 * The parts of a frame. A half-written program may send anything: then its text is shown as it is.
 *
 * @param {string} frame
 * @returns {Message}
 */
export function read(frame) {
  try {
    const parts = JSON.parse(frame);
    const { client_id, message, timestamp, type, to } = parts;
    if (typeof message === "string" || type === "draw") {
      return { who: text(client_id), words: text(message), timestamp, type: text(type), to: text(to), parts };
    }
  } catch {
    // It is not JSON.
  }
  return { who: "", words: frame, type: "", to: "" };
}

/** @param {Frame} frame */
export function line({ time, missed, message: { who, words, timestamp, type, to } }) {
  const line = element("p");
  const textContent = words.slice(0, LETTERS) + (words.length > LETTERS ? " … (and much more)" : "");
  const said = element("span", { textContent, dir: "auto" });
  const sent = new Date(text(timestamp));
  if (type === "join" || type === "leave" || /^(joined|left) the chat$/.test(words)) line.className = "note";
  else if (type === "whisper" || type === "reminder") line.className = type;
  line.classList.toggle("missed", Boolean(missed));
  if (who) {
    const name = { textContent: who.slice(0, 40), className: `color-${look(who).color}`, dir: "auto" };
    line.append(badge(who), element("b", name), " ");
  }
  if (type === "whisper") line.append(element("em", {}, `whispers to ${to.slice(0, 40)}: `));
  if (type === "reminder") line.append(element("em", {}, "Reminder: "));
  line.append(said, element("time", {}, (Number.isNaN(sent.getTime()) ? time : sent).toLocaleTimeString("en-GB")));
  return line;
}

/** The line above what was said while this friend was away. */
export function away() {
  return element("p", { className: "away" }, "While you were away");
}
