// The learner's own program: one text for the whole course, kept in this browser, with all of its earlier versions.

const STOOD = 1000; // ms: a text that stood for so long can be brought back
const SOON = 200; // ms from a change until it is written down
const ROOM = 1_500_000; // characters for the earlier versions; localStorage has five million for the whole site

/**
 * What is written down of it.
 *
 * @typedef {object} Kept
 * @property {string | null} text
 * @property {number} revision
 * @property {string | null} ran
 * @property {number[]} stars
 * @property {number} given
 * @property {number} doubt
 * @property {{ text: string, step: number } | null} praised
 * @property {{ text: string, given: number, words: string } | null} undo
 */

/**
 * The earlier versions: the newest whole, and how to make each older one of the one before it.
 *
 * @typedef {[at: number, cut: number, put: string]} Difference
 * @typedef {{ tip: string, when: number, older: [...Difference, when: number][] }} Shelf
 * @typedef {{ text: string, when: number }} Version
 */

/** @type {Kept} */
const EMPTY = { text: null, revision: 0, ran: null, stars: [], given: 0, doubt: 0, praised: null, undo: null };

/**
 * What is written down in this browser, or null. Another window may have written it.
 *
 * @param {string} name
 */
function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Returns whether there was room for it.
 *
 * @param {string} name
 * @param {Kept | Shelf} value
 */
function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

function isBlocked() {
  try {
    return !localStorage;
  } catch {
    return true;
  }
}

/**
 * It has `text`, which is `first.text` until the learner has changed anything, `ran` (the last text that was on the air), `stars` (the
 * steps that the checker has praised), `praised` (`{ text, step }`, the last text that it said yes to, and how far), `doubt` (the step
 * where it stopped last time, or 0) and `undo` (what the last
 * act of ours replaced, or null). `given` is the last step whose lines came from us: those earn no stars.
 *
 * The event "change" comes when any of this has changed; "replaced" when the text has, other than by typing. "trouble"
 * comes when `trouble` has: a sentence while something of the learner's is only in this window's memory.
 */
export class Mine extends EventTarget {
  #name;
  /** @type {Kept} */
  #kept; // what is written down, or soon will be
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #late;
  #since = -Infinity; // when the text became what it is, if that was here and now
  #seen; // the revision that is written down, as far as this window knows
  #unwritten = false; // is the program itself only in memory?
  /** @type {Version[]} */
  #unkept = []; // earlier versions for which there was no room
  #trouble = "";
  first = { text: "", given: 0 }; // where a learner begins who comes to this page first

  /** @param {string} place the path of the site */
  constructor(place) {
    super();
    this.#name = `club ${place}`;
    this.#kept = { ...EMPTY, ...read(this.#name) };
    this.#seen = this.#kept.revision;
    addEventListener("storage", ({ key }) => key === this.#name && this.#follow());
    addEventListener("pagehide", () => this.#save());
    addEventListener("beforeunload", (event) => {
      this.#save();
      if (this.#unwritten) event.preventDefault(); // the browser asks whether to leave
    });
    document.addEventListener("visibilitychange", () => document.hidden && this.#save());
  }

  get untouched() {
    return this.#kept.text === null;
  }

  get text() {
    return this.#kept.text ?? this.first.text;
  }

  get ran() {
    return this.#kept.ran;
  }

  get stars() {
    return this.#kept.stars;
  }

  get doubt() {
    return this.#kept.doubt;
  }

  get praised() {
    return this.#kept.praised;
  }

  /**
   * Has the checker said yes to this very text, up to this step?
   *
   * @param {number} step
   */
  isPraised(step) {
    return this.praised !== null && this.praised.text === this.text && this.praised.step >= step;
  }

  get trouble() {
    return this.#trouble;
  }

  get undo() {
    return this.#kept.undo;
  }

  get given() {
    return this.untouched ? this.first.given : this.#kept.given;
  }

  /**
   * The learner has typed. To take back an older act of ours would now take that away, too, so its offer ends.
   *
   * @param {string} text
   */
  type(text) {
    if (performance.now() - this.#since > STOOD || this.undo) this.#remember(this.text);
    this.#set({ text, given: this.given, undo: null });
  }

  /** The learner has gone on to another page, where nobody knows what the offer was about. */
  goOn() {
    if (this.undo) this.#set({ undo: null });
  }

  /**
   * An act of ours changes the program.
   *
   * @param {string} text
   * @param {string} words say what it was, for the button that takes it back
   */
  replace(text, words, given = this.given) {
    const undo = { text: this.text, given: this.given, words };
    if (text === undo.text) return;
    this.#remember(undo.text);
    this.#set({ text, given, undo });
    this.#save();
    this.dispatchEvent(new Event("replaced"));
  }

  takeBack() {
    if (!this.undo) return;
    const { text, given } = this.undo;
    this.#remember(this.text);
    this.#set({ text, given, undo: null });
    this.#save();
    this.dispatchEvent(new Event("replaced"));
  }

  /** @param {string} text */
  runs(text) {
    this.#set({ ran: text });
  }

  /**
   * The checker has praised these steps of a program, and stopped at `doubt`. A star stays, whatever comes later.
   *
   * @param {number[]} steps
   * @param {number} doubt
   * @param {string} text
   */
  earn(steps, doubt, text) {
    const stars = new Set([...this.stars, ...steps.filter((step) => step > this.given)]);
    const praised = steps.length ? { text, step: Math.max(...steps) } : this.praised;
    this.#set({ stars: [...stars].sort((a, b) => a - b), doubt, praised });
    this.#save();
  }

  /**
   * All texts that stood here for a while, the newest first.
   *
   * @returns {Version[]}
   */
  earlier() {
    /** @type {Shelf | null} */
    const shelf = read(this.#shelf);
    if (!shelf) return [...this.#unkept];
    let text = shelf.tip;
    const found = [{ text, when: shelf.when }];
    for (const [at, cut, put, when] of shelf.older) {
      text = text.slice(0, at) + put + text.slice(at + cut);
      found.push({ text, when });
    }
    return [...this.#unkept, ...found];
  }

  get #shelf() {
    return `${this.#name} earlier`;
  }

  /**
   * The newest version is kept whole, each older one as what is different in it. The oldest make room for the rest.
   *
   * @param {string} text
   */
  #remember(text, when = Date.now()) {
    /** @type {Shelf | null} */
    const shelf = read(this.#shelf);
    if (text === shelf?.tip) return;
    const older = shelf?.older ?? [];
    if (shelf) older.unshift([...difference(text, shelf.tip), shelf.when]);
    let room = ROOM - text.length;
    const last = older.findIndex(([, , put]) => {
      room -= put.length + 40;
      return room < 0;
    });
    const kept = { tip: text, when, older: last < 0 ? older : older.slice(0, last) };
    while (!write(this.#shelf, kept)) {
      if (!kept.older.length) {
        this.#unkept.unshift({ text, when });
        return this.#tell();
      }
      kept.older.length >>= 1;
    }
  }

  /** Make room for the program itself. Returns false if there is nothing left to give. */
  #forgetOldest() {
    /** @type {Shelf | null} */
    const kept = read(this.#shelf);
    if (!kept) return false;
    if (kept.older.length) {
      kept.older.length >>= 1;
      return write(this.#shelf, kept);
    }
    this.#unkept.push({ text: kept.tip, when: kept.when });
    localStorage.removeItem(this.#shelf);
    return true;
  }

  #tell() {
    const words = isBlocked() ? "This browser keeps nothing for this site." : "This browser has no room.";
    const trouble = this.#unwritten || this.#unkept.length ? `${words} Press “Keep”, then “Take it home”.` : "";
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.dispatchEvent(new Event("trouble"));
  }

  /** @param {Partial<Kept>} values */
  #set(values) {
    if ("text" in values) this.#since = performance.now();
    Object.assign(this.#kept, values);
    this.#late ||= setTimeout(() => this.#save(), SOON);
    this.dispatchEvent(new Event("change"));
  }

  #save() {
    if (!this.#late && !this.#unwritten) return;
    clearTimeout(this.#late);
    this.#late = undefined;
    /** @type {Kept | null} */
    const there = read(this.#name);
    // Another window has written in the meantime. What it wrote stays among the earlier versions.
    if (there && there.revision !== this.#seen && there.text !== null) this.#remember(there.text);
    this.#kept.revision = Math.max(this.#kept.revision, there?.revision ?? 0) + 1;
    do this.#unwritten = !write(this.#name, this.#kept);
    while (this.#unwritten && this.#forgetOldest());
    if (!this.#unwritten) {
      this.#seen = this.#kept.revision;
      for (const { text, when } of this.#unkept.splice(0).reverse()) this.#remember(text, when); // there may be room again
    }
    this.#tell();
  }

  /** Another window has changed the program. */
  #follow() {
    const there = { ...EMPTY, ...read(this.#name) };
    if (there.revision === this.#seen && !this.#late) return;
    const { text, untouched } = this;
    if (!untouched && text !== there.text) this.#remember(text);
    clearTimeout(this.#late);
    this.#late = undefined;
    this.#unwritten = false;
    this.#kept = there;
    this.#seen = there.revision;
    this.#since = -Infinity;
    this.#tell();
    this.dispatchEvent(new Event("change"));
    if (text !== this.text) this.dispatchEvent(new Event("replaced"));
  }
}

/**
 * How to make `to` of `from`: at this place cut so many characters, and put these there.
 *
 * @param {string} from
 * @param {string} to
 * @returns {Difference}
 */
function difference(from, to) {
  const most = Math.min(from.length, to.length);
  let start = 0;
  while (start < most && from[start] === to[start]) start++;
  let end = 0;
  while (end < most - start && from[from.length - 1 - end] === to[to.length - 1 - end]) end++;
  return [start, from.length - start - end, to.slice(start, to.length - end)];
}
