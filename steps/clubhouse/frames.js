// What a frame says, and how it looks as a line on a screen. What came over the air is text, never HTML.

import { badge, look } from "./friends.js";

const LETTERS = 2000; // of one message; nobody reads more, and ten million would stop the page

const text = (value) => (typeof value === "string" ? value : "");

/** The parts of a frame. A half-written program may send anything: then its text is shown as it is. */
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
  return { who: "", words: frame, type: "" };
}

export function line({ time, missed, message: { who, words, timestamp, type, to } }) {
  const line = document.createElement("p");
  const said = element("span", words.slice(0, LETTERS) + (words.length > LETTERS ? " … (and much more)" : ""));
  said.dir = "auto";
  const sent = new Date(typeof timestamp === "string" ? timestamp : NaN);
  if (type === "join" || type === "leave" || /^(joined|left) the chat$/.test(words)) line.className = "note";
  else if (type === "whisper" || type === "reminder") line.className = type;
  line.classList.toggle("missed", Boolean(missed));
  if (who) {
    const name = element("b", who.slice(0, 40));
    name.className = `color-${look(who).color}`;
    name.dir = "auto";
    line.append(badge(who), name, " ");
  }
  if (type === "whisper") line.append(element("em", `whispers to ${to.slice(0, 40)}: `));
  if (type === "reminder") line.append(element("em", "Reminder: "));
  line.append(said, element("time", (Number.isNaN(sent.getTime()) ? time : sent).toLocaleTimeString("en-GB")));
  return line;
}

/** The line above what was said while this friend was away. */
export function away() {
  return Object.assign(element("p", "While you were away"), { className: "away" });
}

function element(tag, words) {
  return Object.assign(document.createElement(tag), { textContent: words });
}
