// The X-ray: every frame that goes over the air, as it really is.

const ROWS = 200; // as many as anyone scrolls through; older ones go
const LETTERS = 1000; // of one frame in the table
const KEPT = 100_000; // of one frame, to be copied

export class XRay {
  #body;
  #frames = []; // oldest first
  #waiting = []; // those that are not in the table yet
  #on = false;

  constructor(body) {
    this.#body = body;
  }

  add({ name, sent, text, time }) {
    const way = sent ? `${name} → club` : `club → ${name}`;
    const frame = { way, text: text.slice(0, KEPT), letters: text.length, time };
    for (const list of [this.#frames, this.#waiting]) {
      list.push(frame);
      if (list.length > ROWS) list.shift();
    }
    if (this.#on && this.#waiting.length === 1) requestAnimationFrame(() => this.#draw());
  }

  set on(on) {
    this.#on = on;
    if (on) this.#draw();
  }

  /** All of it as text, oldest first. */
  toString() {
    return this.#frames.map(({ way, text, time }) => `${clock(time)}\t${way}\t${text}`).join("\n");
  }

  #draw() {
    this.#body.prepend(...this.#waiting.splice(0).map(row).reverse());
    while (this.#body.childElementCount > ROWS) this.#body.lastElementChild.remove();
  }
}

const clock = (time) => `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;

function row({ way, text, letters, time }) {
  const row = document.createElement("tr");
  const cells = [clock(time), way, size(text, letters)].map((words) => {
    const cell = document.createElement("td");
    cell.textContent = words;
    return cell;
  });
  const last = document.createElement("td");
  last.append(...colored(text.slice(0, LETTERS)), letters > LETTERS ? " … (and much more)" : "");
  row.append(...cells, last);
  return row;
}

function size(text, letters) {
  const bytes = letters > KEPT ? letters : new TextEncoder().encode(text).length;
  return bytes < 10_000 ? `${bytes} bytes` : `${Math.round(bytes / 1000)} kB`;
}

/** The keys of a JSON object in a quieter colour, and its type in bold; the text itself stays as it is. */
function colored(text) {
  const parts = text.split(/("(?:[^"\\]|\\.)*"\s*:)/);
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return span("key", part);
    const [type] = (parts[index - 1]?.startsWith('"type"') && part.match(/^\s*"[^"]*"/)) || [""];
    return type ? [span("type", type), part.slice(type.length)] : part;
  });
}

function span(className, textContent) {
  return Object.assign(document.createElement("span"), { className, textContent });
}
