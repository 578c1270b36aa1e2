// Holds the learner's program beside ours, and says of each task box whether its lines are there.
//
// "ours" is a promise: every line of the box stands in the program as in ours. Comments, empty lines, spaces within a
// line and the words in quotes that only a friend reads do not count. Anything else names the first line that differs.
// The program need not compile: lines are compared, and brackets or quotes that do not match hide nothing.

import { Program, find, margin, partsOf, programs } from "./program.js";

/** @typedef {import("./program.js").Piece} Piece */
/** @typedef {import("./program.js").Part} Part */

/**
 * What differs at a line of the learner's, or at several.
 *
 * @typedef {object} Fault
 * @property {number} number of the first of these lines
 * @property {number} last
 * @property {string} words
 * @property {number} [our] the line of ours
 * @property {boolean} [isOther] it may be on purpose
 * @property {boolean} [isGap] it has not been filled in
 * @property {boolean} [isLost] it stands in another place
 * @property {boolean} [isExtra] ours has no such line here
 * @property {boolean} [isOurs] it once was ours, or is there twice
 * @property {boolean} [isMissing] ours has a line more, below this one
 * @property {boolean} [isAbove] or above it
 * @property {number} [isLate] it must be above this line
 */

/**
 * How far a box is.
 *
 * @typedef {object} Verdict
 * @property {"missing" | "look" | "ours"} there
 * @property {Fault[]} faults the first one first
 * @property {Fault[]} [mends] the same, and what is wrong with the line that is being typed
 * @property {boolean} [isBegun]
 * @property {number} [typing] the line in which lines are to follow; if there is none,
 * @property {number} [below] they follow below this one
 * @property {number} [next] the line of ours that they begin with
 */

/** @typedef {{ my: number, last: number, isMoved: boolean, isSame: boolean }} Pair the learner's lines for one of ours */
/** @typedef {(our: number, my: number, more: Partial<Pair>) => void} Take */

const TOKEN =
  /[rbfuRBFU]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|[\p{L}_][\p{L}\p{M}\p{N}_]*|\d[\w.]*|\.{3}|->|:=|\*\*|[-+*/|&^%@<>=!]=|\S/gu;
const TEXT = /^([rbfuRBFU]{0,2})(["'])([\s\S]*)\2$/;
const MAKES =
  /^(?:\s*(?:async\s+)?(?:def|class)\s+|\s+self\.(?=\w+\s*(?::|=(?!=)))|(?=[\p{L}_]\w*\s*(?::[^=]*)?=(?!=)))((?!__)[\p{L}_]\w*)/u;
const TALK = /[^\s,:;] +[^\s{]|[!?.…]$/; // words for a friend: several of them, or a sentence
const QUERY = /^\s*(?:\{|[A-Z]{4,} )/; // JSON and SQL are for programs
const SHORT = 9; // characters; so short a line says little about where it belongs
const ALIKE = 0.5; // the share of two lines that must be the same for one to be a slip of the other
const MANY = 2000; // pairs of lines that are worth a comparison: more are another program
const PART = 4; // tokens of a line that are lost together, as a pair of brackets and what is in it
const FEW = 3; // lines that one line of ours may have been broken into

/** @type {(program: Program, number?: number) => Piece | undefined} */
const pieceAt = (program, number = 0) => program.pieces.findLast(({ from, to }) => from <= number && number <= to);
/** @param {string} code */
const tokensOf = (code) => code.match(TOKEN) ?? [];
/** @param {string} code */
const isBlock = (code) => /^(?:@|(?:async\s+)?def\b|class\b)/.test(code);

/**
 * How a token counts: quotes of either kind are the same, and what is only for a friend to read can be anything.
 *
 * @param {string} token
 * @param {string[]} said
 */
function counted(token, said) {
  const [, prefix, , typed] = TEXT.exec(token) ?? [];
  if (typed === undefined) return token;
  const inside = typed.replaceAll("...", "…"); // no keyboard has it
  const words = inside.replace(/\{[^{}]*\}/g, "");
  const isFree = TALK.test(words.trim()) && !QUERY.test(inside) && !said.includes(words.trim());
  const parts = prefix.toLowerCase().includes("f") ? (inside.match(/\{[^{}]*\}/g) ?? []).join("") : "";
  return `${prefix.toLowerCase()}"${isFree ? `…${parts}` : inside}"`;
}

/**
 * The share of two lists of tokens, or of two words, that is the same and in the same order.
 *
 * @param {string[]} a
 * @param {string[]} b
 */
function alike(a, b) {
  if (!a.length || !b.length) return 0;
  /** @type {number[]} */
  let above = new Array(b.length + 1).fill(0);
  for (const one of a) {
    const row = [0];
    for (let j = 0; j < b.length; j++) row.push(one === b[j] ? above[j] + 1 : Math.max(above[j + 1], row[j]));
    above = row;
  }
  return (2 * above[b.length]) / (a.length + b.length);
}

/**
 * The share of two lines that is the same at their beginnings and ends: a quote that is missing changes every token.
 *
 * @param {string} a
 * @param {string} b
 */
function ends(a, b) {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  return (start + end) / Math.max(a.length, b.length, 1);
}

/** The lines of a program that count. */
class Lines {
  #tokens;
  #keys;
  /** @type {Set<number>} */
  free = new Set(); // they begin within brackets or within a text, where spaces do not matter

  /**
   * @param {Program} program
   * @param {string[]} said
   */
  constructor(program, said) {
    this.program = program;
    this.numbers = program.lines
      .map((_, at) => at + 1)
      .filter((number) => program.code(number) && !program.code(number).startsWith("#"));
    this.#tokens = new Map(
      this.numbers.map((number) => [number, tokensOf(program.code(number)).map((token) => counted(token, said))]),
    );
    this.#keys = new Map(this.numbers.map((number) => [number, this.tokens(number).join(" ")]));
    let open = 0;
    let text = "";
    program.lines.forEach((line, at) => {
      if (!program.texts.has(at + 1)) text = ""; // it never ends
      if (open > 0 || text) this.free.add(at + 1);
      for (const [part] of line.matchAll(/\\.|"""|'''|["'#()[\]{}]/g)) {
        if (text) text = part === text ? "" : text;
        else if (part === "#") break;
        else if (/["']/.test(part)) text = part;
        else if (part.length === 1) open += "([{".includes(part) ? 1 : -1;
      }
      if (text.length === 1) text = ""; // it was not closed
    });
  }

  /** @param {number} number */
  tokens = (number) => this.#tokens.get(number) ?? [];

  /**
   * What a line is known by: nothing if it does not count.
   *
   * @param {number} number
   */
  key = (number) => this.#keys.get(number) ?? "";

  get keys() {
    return new Set(this.#keys.values());
  }

  /** The names that the program makes, but for those that only one function knows. */
  get made() {
    return new Set(this.numbers.flatMap((number) => MAKES.exec(this.program.line(number))?.[1] ?? []));
  }

  /** @param {string} word */
  has = (word) => this.numbers.some((number) => this.tokens(number).includes(word));

  /**
   * How many spaces it is moved to the right by.
   *
   * @param {number} number
   */
  width = (number) => margin(this.program.line(number)).replaceAll("\t", "    ").length;

  /**
   * How far in a line stands, to the space.
   *
   * @param {number} number
   */
  depth = (number) => this.width(number) / (this.program.unit === "\t" ? 4 : this.program.unit.length);

  /** @param {number} number */
  isShort = (number) => this.program.code(number).length < SHORT;
}

/**
 * A program of ours as the learner would write it, with these names in place of ours. What is in quotes stays.
 *
 * @param {string} text
 * @param {Map<string, string>} names
 */
export const renamed = (text, names) => (names.size ? text.replace(TOKEN, (token) => names.get(token) ?? token) : text);

/** @type {Map<string, Lines>} */
const read = new Map(); // programs of ours; there are only so many

/**
 * @param {string} text
 * @param {string[]} said
 */
function linesOf(text, said) {
  const lines = read.get(text) ?? new Lines(programs(text)[0], said);
  read.set(text, lines);
  return lines;
}

/**
 * Pairs of equal lines, in order: as many as can be, and such that stand together rather than apart.
 *
 * @param {Lines} ours
 * @param {number[]} our
 * @param {Lines} mine
 * @param {number[]} my
 */
function equal(ours, our, mine, my) {
  /** @type {(i: number, j: number) => boolean} */
  const isSame = (i, j) => ours.key(our[i]) === mine.key(my[j]);
  /** @type {(i: number, j: number) => boolean} */
  const isJust = (i, j) => isSame(i, j) && ours.depth(our[i]) === mine.depth(my[j]);
  /** @type {[number, number][]} */
  const pairs = [];
  let [start, end] = [0, 0];
  const most = Math.min(our.length, my.length);
  while (start < most && isJust(start, start)) pairs.push([our[start], my[start++]]);
  while (end < most - start && isJust(our.length - 1 - end, my.length - 1 - end)) end++;
  const [n, m] = [our.length - start - end, my.length - start - end];
  const width = m + 1;
  const best = [new Float32Array((n + 1) * width), new Float32Array((n + 1) * width)]; // [not] right after another pair
  /** @type {(i: number, j: number) => number} */
  const value = (i, j) => (ours.isShort(our[start + i]) ? 1 : 2) + (isJust(start + i, start + j) ? 0.5 : 0);
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      const apart = Math.max(best[0][(i + 1) * width + j], best[0][i * width + j + 1]);
      const pair = isSame(start + i, start + j) ? value(i, j) + best[1][(i + 1) * width + j + 1] : 0;
      best[0][i * width + j] = Math.max(apart, pair);
      best[1][i * width + j] = Math.max(apart, pair && pair + 0.25);
    }
  }
  for (let i = 0, j = 0, after = 0; i < n && j < m; ) {
    const here = best[after][i * width + j];
    if (
      isSame(start + i, start + j) &&
      Math.abs(here - after * 0.25 - value(i, j) - best[1][(i + 1) * width + j + 1]) < 1e-3
    ) {
      pairs.push([our[start + i++], my[start + j++]]);
      after = 1;
      continue;
    }
    after = 0;
    if (best[0][(i + 1) * width + j] >= best[0][i * width + j + 1]) i++;
    else j++;
  }
  for (let at = end; at > 0; at--) pairs.push([our[our.length - at], my[my.length - at]]);
  return pairs;
}

/**
 * Which lines of the learner's are which of ours.
 *
 * @param {Lines} ours
 * @param {Lines} mine
 * @param {(my: number) => boolean} isOld knows the lines that are to go
 * @param {(our: number, my: number) => boolean} isElsewhere knows those that belong to another piece
 */
function paired(ours, mine, isOld, isElsewhere) {
  /** @type {Map<number, Pair>} */
  const pairs = new Map();
  /** @type {Map<number, number>} */
  const taken = new Map();
  /** @type {Take} */
  const take = (our, my, more) => {
    if (isElsewhere(our, my)) return;
    pairs.set(our, { my, last: my, isMoved: false, isSame: true, ...more });
    for (let each = my; each <= (more.last ?? my); each++) taken.set(each, our);
  };
  /** @type {(lines: Lines, used: Map<number, unknown>) => number[]} */
  const left = (lines, used) => lines.numbers.filter((number) => !used.has(number));
  for (const [our, my] of equal(ours, ours.numbers, mine, mine.numbers)) take(our, my, {});
  for (let turn = 0; turn < 20; turn++) {
    const found = equal(
      ours,
      left(ours, pairs).filter((number) => !ours.isShort(number)),
      mine,
      left(mine, taken),
    );
    const { size } = pairs;
    for (const [our, my] of found) take(our, my, { isMoved: true });
    if (pairs.size === size) break;
  }
  for (const [at, our] of ours.numbers.entries()) {
    const above = pairs.get(ours.numbers[at - 1]);
    if (pairs.has(our) || !above) continue;
    const near = left(mine, taken).find((my) => mine.key(my) === ours.key(our) && Math.abs(my - above.last) <= FEW);
    if (near) take(our, near, { isMoved: near !== above.last + 1 });
  }
  // A few lines at a time: what is between two pairs, or beside one.
  for (let at = 0; at < ours.numbers.length; at++) {
    if (pairs.has(ours.numbers[at])) continue;
    let end = at;
    while (end + 1 < ours.numbers.length && !pairs.has(ours.numbers[end + 1])) end++;
    const our = ours.numbers.slice(at, end + 1);
    const above = pairs.get(ours.numbers[at - 1])?.last ?? 0;
    const below = pairs.get(ours.numbers[end + 1])?.my ?? Infinity;
    /** @param {number} number */
    const isBetween = (number) => number > above && number < below;
    /** @param {number} number */
    const isBeside = (number) => Math.min(Math.abs(number - above), Math.abs(number - below)) <= our.length + FEW;
    const my = left(mine, taken).filter(
      (number) => (above < below ? isBetween(number) : isBeside(number)) && !isOld(number),
    );
    if (our.length * my.length < MANY)
      slips(ours, our, mine, my, take, pairs.get(ours.numbers[at - 1])?.isMoved ?? false);
    at = end;
  }
  return { pairs, taken };
}

/**
 * Pairs of lines that are alike, and lines that were broken into several.
 *
 * @param {Lines} ours
 * @param {number[]} our
 * @param {Lines} mine
 * @param {number[]} my
 * @param {Take} take
 * @param {boolean} isMoved
 */
function slips(ours, our, mine, my, take, isMoved) {
  /** @param {string} text */
  const bare = (text) => text.replace(/\s+/g, "");
  for (const one of our) {
    const whole = bare(ours.program.code(one));
    for (let at = 0; at < my.length - 1; at++) {
      for (let last = at + 1; last < Math.min(my.length, at + FEW); last++) {
        if (
          my[last] - my[at] !== last - at ||
          bare(
            my
              .slice(at, last + 1)
              .map(mine.program.code)
              .join(""),
          ) !== whole
        )
          continue;
        take(one, my[at], { last: my[last], isMoved, isSame: false });
        [our, my] = [our.filter((each) => each !== one), my.filter((each) => each < my[at] || each > my[last])];
      }
    }
  }
  const like = our.map((one) =>
    my.map((other) => {
      const [a, b] = [ours.tokens(one), mine.tokens(other)];
      const common = a.filter((token) => b.includes(token)).length;
      const [whole, theirs] = [ours.program.code(one), mine.program.code(other)];
      const isBegun = theirs.length > SHORT && whole.startsWith(theirs);
      const same = isBegun ? 1 : ends(ours.key(one), mine.key(other));
      if (2 * common < 0.3 * (a.length + b.length) && same < ALIKE) return 0;
      const words = alike(a, b);
      const letters = words > 0.9 ? 0 : alike([...ours.key(one)], [...mine.key(other)]) - 0.1;
      const share = Math.max(words, letters, same);
      return share < ALIKE ? 0 : share + (ours.depth(one) === mine.depth(other) ? 0.05 : 0);
    }),
  );
  /** @type {number[][]} */
  const best = [...our, 0].map(() => new Array(my.length + 1).fill(0));
  for (let i = our.length - 1; i >= 0; i--) {
    for (let j = my.length - 1; j >= 0; j--)
      best[i][j] = Math.max(like[i][j] && like[i][j] + best[i + 1][j + 1], best[i + 1][j], best[i][j + 1]);
  }
  for (let i = 0, j = 0; i < our.length && j < my.length; ) {
    if (like[i][j] && best[i][j] === like[i][j] + best[i + 1][j + 1])
      take(our[i++], my[j++], { isMoved, isSame: false });
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
}

/**
 * In words, how a line of theirs differs from ours. It names theirs: ours may be what the learner is to find out.
 *
 * @param {number} number
 * @param {string[]} our
 * @param {string[]} my
 */
function difference(number, our, my) {
  const words = [our, my].map((tokens) => tokens.map((token) => (token.startsWith('"') ? token.slice(1, -1) : token)));
  let start = 0;
  while (start < our.length && our[start] === my[start]) start++;
  let end = 0;
  while (end < Math.min(our.length, my.length) - start && our.at(-1 - end) === my.at(-1 - end)) end++;
  const lost = our.slice(start, our.length - end);
  const more = my.slice(start, my.length - end);
  const place = end ? "" : " at its end";
  if (isNamed(lost) && !more.length) return `In your line ${number}, \`${together(lost)}\` is missing${place}.`;
  if (!lost.length && more.length === 1) return `Your line ${number} has one \`${more[0]}\` more than ours.`;
  const isSlip =
    lost.length &&
    more.length &&
    lost.length + more.length <= 4 &&
    alike([...lost.join("")], [...more.join("")]) > ALIKE;
  if (isSlip && words[1].length) return `Differs from ours at your line ${number}: \`${more.join(" ")}\`.`;
  return other(number);
}

/**
 * Are these few words worth a name? A program does without types, and a friend may read any words.
 *
 * @param {string[]} lost
 */
const isNamed = (lost) =>
  lost.length === 1 ||
  (lost.length > 0 && lost.length <= PART && !["->", ":"].includes(lost[0]) && !lost.join().includes('"…'));

/**
 * Tokens as one piece of code. A comma at either end says nothing.
 *
 * @param {string[]} tokens
 */
const together = (tokens) =>
  (tokens.length > 1 ? tokens.join(" ").replace(/^, | ,$/g, "") : tokens[0])
    .replace(/ ?([.()[\]]) ?/g, "$1")
    .replace(/ ([,:])/g, "$1");

/** @param {number} number */
const other = (number) => `Differs from ours at your line ${number}.`;

/** @type {(first: number, last: number) => string} */
const listed = (first, last) =>
  first === last ? `line ${first}` : `lines ${first} ${last === first + 1 ? "and" : "to"} ${last}`;

/** @typedef {{ all: Set<string>, keys: Set<string>, pieces: Set<string> }} OldLines */
/** @type {WeakMap<Lines, { before: string[], found: OldLines }>} */
const OLD_LINES = new WeakMap(); // for our programs

/** The task boxes of a page beside a program. */
export class Judge {
  #text;
  #ours;
  #mine;
  #boxes;
  #before;
  #later;
  #said;
  #old;
  #pairs;
  #taken;
  #extras; // lines of the learner's that are none of ours and that a box has to answer for
  #early; // lines that use a name which is made below them
  /** @type {Map<string, Judge>} */
  #others = new Map(); // judges of later programs
  /** @type {number | undefined} */
  #near; // the later program that the learner's is most like, from 1, or 0 if it is this one

  /**
   * @param {string} ours
   * @param {number[][]} boxes the lines of ours in each
   * @param {string | Program} mine
   * @param {object} [world]
   * @param {string | string[]} [world.before] our programs of the earlier steps
   * @param {string[]} [world.later] those of the later ones
   * @param {string[]} [world.said] the words that the promises of the steps insist on
   */
  constructor(ours, boxes, mine, { before = [], later = [], said = [] } = {}) {
    this.#text = ours;
    this.#boxes = boxes;
    this.#later = later;
    this.#said = said;
    this.#before = [before].flat();
    this.#ours = linesOf(ours, said);
    this.#mine = new Lines(mine instanceof Program ? mine : new Program(mine), said);
    this.#old = this.#keptOldLines();
    const { pairs, taken } = paired(
      this.#ours,
      this.#mine,
      (number) => this.#isOld(number),
      (our, my) => this.#isElsewhere(our, my),
    );
    this.#pairs = pairs;
    this.#taken = taken;
    this.#extras = this.#findExtras();
    this.#early = this.#tooEarly();
  }

  /** They are the same whatever the learner types. */
  #keptOldLines() {
    const kept = OLD_LINES.get(this.#ours);
    const before = this.#before;
    if (kept?.before.length === before.length && before.every((text, at) => text === kept.before[at]))
      return kept.found;
    const found = this.#oldLines();
    OLD_LINES.set(this.#ours, { before, found });
    return found;
  }

  /** The lines of our earlier programs that are gone in this one; those that are gone in one piece only, by its name. */
  #oldLines() {
    /** @type {OldLines} */
    const found = { all: new Set(), keys: new Set(), pieces: new Set() };
    const { program } = this.#ours;
    /** @type {(lines: Lines, number: number) => string} */
    const name = (lines, number) => `${lines.program.depth(number)} ${lines.key(number)}`;
    const all = new Set(this.#ours.numbers.map((number) => name(this.#ours, number)));
    const { keys } = this.#ours;
    for (const text of this.#before) {
      const old = linesOf(text, this.#said);
      for (const piece of old.program.pieces) {
        const twin = find(piece, old.program, program);
        const here = new Set(
          program
            .own(twin)
            .filter((number) => this.#ours.key(number))
            .map((number) => name(this.#ours, number)),
        );
        for (const number of old.program.own(piece).filter((each) => old.key(each))) {
          const line = name(old, number);
          if (!keys.has(old.key(number)) && !old.isShort(number)) found.keys.add(old.key(number));
          if (!all.has(line)) found.all.add(line);
          else if (twin && !here.has(line)) found.pieces.add(`${piece.key} ${line}`);
        }
      }
    }
    return found;
  }

  /** @param {number} number */
  #isOld(number) {
    const { program } = this.#mine;
    const line = `${program.depth(number)} ${this.#mine.key(number)}`;
    if (this.#old.all.has(line) || this.#old.keys.has(this.#mine.key(number))) return true;
    const piece = pieceAt(program, number);
    return this.#old.pieces.has(`${piece?.key} ${line}`);
  }

  /**
   * Does this line stand where it stood before this step, in another piece than this line of ours?
   *
   * @param {number} our
   * @param {number} my
   */
  #isElsewhere(our, my) {
    const [one, other] = [pieceAt(this.#ours.program, our), pieceAt(this.#mine.program, my)];
    if (!one || !other || one.key === other.key) return false;
    return this.#ours.program.pieces.some(({ key }) => key === other.key) && this.#isOldPlace(my, other.key);
  }

  /** Our program of the step before, if there is one. */
  get #previous() {
    const text = this.#before.at(-1);
    return text === undefined ? null : linesOf(text, this.#said);
  }

  /**
   * Does this line stand below the same line as in our program of the step before?
   *
   * @param {number} number
   */
  #isOldPlace(number, piece = "") {
    const old = this.#previous;
    if (!old) return false;
    /** @type {(lines: Lines, at: number) => string} */
    const above = (lines, at) => lines.key(lines.numbers[lines.numbers.indexOf(at) - 1]);
    /** @param {number} each */
    const isSame = (each) =>
      old.key(each) === this.#mine.key(number) &&
      above(old, each) === above(this.#mine, number) &&
      (!piece || pieceAt(old.program, each)?.key === piece);
    return old.numbers.some(isSame);
  }

  /**
   * The number of the box that a line of ours is in, or -1.
   *
   * @param {number} [our]
   */
  #boxOf = (our = 0) => this.#boxes.findIndex((lines) => lines.includes(our));

  #findExtras() {
    /** @type {{ number: number, box: number, words: string, isOurs: boolean, isOld: boolean, above?: number }[]} */
    const found = [];
    const mine = this.#mine;
    const { keys } = this.#ours;
    /** @type {Map<number, boolean>} */
    const owners = new Map(); // of blocks of the learner's own
    mine.numbers.forEach((number, at) => {
      if (this.#taken.has(number)) return;
      let isOld = this.#isOld(number);
      const isTwice = !mine.isShort(number) && keys.has(mine.key(number));
      const isNext = [at - 1, at + 1].some((each) => mine.key(mine.numbers[each]) === mine.key(number));
      const depth = mine.program.depth(number);
      const parent = mine.numbers.slice(0, at).findLast((each) => mine.program.depth(each) < depth);
      if (!isOld && !isTwice && !isNext) {
        const isOwn = !depth || isBlock(mine.program.code(number)) || (parent && owners.get(parent));
        if (isOwn && !mine.free.has(number)) {
          owners.set(number, true);
          return;
        }
      }
      const above = this.#taken.get(mine.numbers.slice(0, at).findLast((each) => this.#taken.has(each)) ?? 0);
      const next = this.#ours.numbers[this.#ours.numbers.indexOf(above ?? 0) + 1];
      const isBegun =
        next && !this.#pairs.has(next) && this.#ours.program.code(next).startsWith(mine.program.code(number));
      if (isBegun && this.#boxOf(next) >= 0) return;
      const below = this.#taken.get(mine.numbers.slice(at).find((each) => this.#taken.has(each)) ?? 0);
      const pieces = [above, below].map((our) => pieceAt(this.#ours.program, our));
      /** @param {number} our */
      const isIn = (our) =>
        pieces.some((piece) => piece && piece.kind !== "class" && piece.from <= our && our <= piece.to);
      // An old line waits for the new one that is to come in its place, or it belongs to the line above it, or below.
      const waits =
        isOld &&
        this.#ours.numbers.find((our) => our > (above ?? 0) && our < (below ?? Infinity) && !this.#pairs.has(our));
      let box = this.#boxOf(waits || above);
      if (box < 0) box = this.#boxOf(below);
      if (box < 0 && isOld) box = this.#boxes.findIndex((lines) => lines.some(isIn));
      if (box < 0) return;
      let words = `Ours has no line like your line ${number}.`;
      isOld ||= isTwice && this.#isOldPlace(number);
      if (isNext || (isTwice && !isOld)) words = `Your line ${number} is there twice.`;
      else if (isOld) words = `Your line ${number} is the old one. Delete it.`;
      found.push({ number, box, words, isOurs: isOld || isNext, isOld, above });
    });
    return found;
  }

  /** A line that uses a name stands above the one that makes it, and one of the two is not where ours is. */
  #tooEarly() {
    const found = [];
    const [{ program }, mine] = [this.#ours, this.#mine];
    for (const piece of program.pieces) {
      const makes = this.#pairs.get(piece.head);
      if (!makes || piece.parent || !(piece.isBlock || piece.kind === "=" || piece.isImport)) continue;
      for (const name of piece.isImport
        ? piece.names.map((each) => each.slice(each.lastIndexOf("=") + 1))
        : [piece.name]) {
        for (const [our, { my, isMoved }] of this.#pairs) {
          if (our <= piece.head || my >= makes.my || !(isMoved || makes.isMoved)) continue;
          const isNow = !mine.program.depth(my) && !/^(?:async\s+)?def\b/.test(mine.program.code(my));
          if (isNow && mine.tokens(my).includes(name))
            found.push({ our, my, makes: makes.my, head: piece.head, isMoved, name });
        }
      }
    }
    return found;
  }

  /**
   * What is wrong with a line of ours that is in the program, in words, or nothing.
   *
   * @param {number} our
   * @param {Pair} pair
   */
  #wrongWith(our, pair) {
    const [ours, mine] = [this.#ours, this.#mine];
    const { my, last, isSame } = pair;
    if (last > my) return `Your ${listed(my, last)} are one line.`;
    if (/(?<!\w)__{2,}(?!\w)/.test(mine.program.code(my)) && mine.program.code(my).includes("____"))
      return `Fill the gap in your line ${my}.`;
    if (!isSame) return difference(my, ours.tokens(our), mine.tokens(my));
    if (ours.free.has(our) || ours.depth(our) === mine.depth(my)) return "";
    const { unit } = mine.program;
    if (unit === "\t") return `Look at the spaces at the start of your line ${my}.`;
    const [is, wanted] = [mine.width(my), ours.depth(our) * unit.length];
    return `Your line ${my} starts ${is} space${is === 1 ? "" : "s"} in. Ours starts ${wanted} in.`;
  }

  /**
   * An import is there when its names are, in whatever order.
   *
   * @param {Piece} piece
   */
  #isImported(piece) {
    const theirs = this.#mine.program.pieces.filter(({ kind, key, from, to }) => {
      const text = this.#mine.program.lines.slice(from - 1, to).join("\n");
      return (
        kind === piece.kind && (kind === "import" || key === piece.key) && (from === to || /\([^()]*\)/.test(text))
      );
    });
    /** @param {string} code */
    const isPlain = (code) => /^(?:from [\w.]+ )?import [\w.]+( as \w+)?(, *[\w.]+( as \w+)?)*$|[()]/.test(code);
    const good = theirs.filter(
      ({ head, from }) => isPlain(this.#mine.program.code(head)) && this.#mine.depth(from) === 0,
    );
    return piece.names.every((name) => good.some(({ names }) => names.includes(name)));
  }

  /**
   * Of one part of a box: the lines that are lacking, and what is wrong with the others.
   *
   * @param {Part} part
   */
  #part({ piece, wanted }) {
    const lines = wanted.filter((our) => this.#ours.key(our));
    if (piece.isImport && this.#isImported(piece)) return { faults: [], missing: [], there: lines };
    const own = this.#ours.program.own(piece).filter((our) => this.#ours.key(our));
    const there = own.filter((our) => this.#pairs.has(our));
    const areMoved = there.every((our) => this.#pairs.get(our)?.isMoved);
    /** @type {Fault[]} */
    const faults = [];
    /** @type {Set<number>} */
    const stale = new Set(); // where the step before has them
    for (const our of lines) {
      const pair = this.#pairs.get(our);
      if (!pair) continue;
      const words = this.#wrongWith(our, pair);
      const above = own[own.indexOf(our) - 1];
      const isBelow = (this.#pairs.get(above)?.my ?? 0) > pair.my && this.#boxOf(above) < 0;
      const isMoved = pair.isMoved ? !areMoved || this.#isAstray(our, pair, there, piece) : isBelow;
      const isLost = isMoved && !piece.isImport;
      const spot = { our, number: pair.my, last: pair.last };
      if (isLost && this.#isOldPlace(pair.my)) stale.add(our);
      else if (isLost) faults.push({ ...spot, words: `Your line ${pair.my} stands in another place in ours.`, isLost });
      else if (words)
        faults.push({ ...spot, words, isGap: words.startsWith("Fill"), isOther: words === other(pair.my) });
    }
    /** @param {number} our */
    const isThere = (our) => this.#pairs.has(our) && !stale.has(our);
    return { faults, missing: lines.filter((our) => !isThere(our)), there: lines.filter(isThere) };
  }

  /**
   * All of this piece has moved. Does this line stand among lines of another piece, or before the one above it?
   *
   * @param {number} our
   * @param {Pair} pair
   * @param {number[]} there
   * @param {Piece} piece
   */
  #isAstray(our, { my }, there, piece) {
    const above = this.#pairs.get(there[there.indexOf(our) - 1])?.my;
    /** @param {number} number */
    const isOther = (number) => {
      const one = this.#taken.get(number);
      return one !== undefined && !(piece.from <= one && one <= piece.to);
    };
    if (above)
      return my < above || this.#mine.numbers.some((number) => number > above && number < my && isOther(number));
    /** @param {number} [number] */
    const pieceOf = (number = 0) =>
      this.#ours.program.pieces.find(({ from, to, kind }) => kind !== "class" && from <= number && number <= to);
    if (piece.parent && piece.kind === "=") return true;
    const members = this.#ours.program.pieces
      .filter(({ parent }) => parent && parent === piece.key)
      .map(({ head }) => this.#pairs.get(head)?.my ?? Infinity);
    if (Math.min(...members) < my) return true;
    const numbers = this.#mine.numbers;
    const last = this.#pairs.get(there[there.length - 1])?.my ?? my;
    const around = [numbers.findLast((each) => each < my), numbers.find((each) => each > last)].map((each) =>
      pieceOf(this.#taken.get(each ?? 0)),
    );
    return Boolean(around[0]) && around[0] === around[1];
  }

  /**
   * @param {number} box
   * @returns {Verdict}
   */
  of(box) {
    const lines = this.#boxes[box];
    const ours = this.#ours;
    const all = partsOf(ours.program, lines).filter(({ wanted }) => wanted.some((our) => ours.key(our)));
    const parts = all.map((part) => ({ ...part, ...this.#part(part) }));
    const wanted = lines.filter((our) => ours.key(our));
    const there = parts.flatMap((part) => part.there);
    const missing = parts.flatMap((part) => part.missing);
    // What stood there before this step, elsewhere or in the file to start with, is no beginning.
    const old = this.#previous?.keys ?? new Set();
    const telling = there.filter(
      (our) =>
        !ours.isShort(our) &&
        !old.has(ours.key(our)) &&
        !(this.#pairs.get(our)?.isMoved && missing.length > there.length),
    );
    if (wanted.length && (!there.length || (missing.length && !telling.length)))
      return this.#orLater({ there: "missing", faults: [], isBegun: false }, all);
    let faults = parts.flatMap((part) => part.faults);
    const extras = this.#extras.filter((each) => each.box === box);
    const tail = wanted.slice(wanted.findLastIndex((our) => there.includes(our)) + 1); // not typed yet
    const last = wanted.findLast((our) => there.includes(our));
    for (const { number, words, isOurs, isOld, above } of extras) {
      if (tail.length && (isOld || above === last)) continue; // typing goes on here
      faults.push({ number, last: number, words, isExtra: true, isOurs, isOther: !isOurs });
    }
    for (const { our, my, makes, head, isMoved, name } of this.#early) {
      if (isMoved && wanted.includes(our))
        faults.push({
          number: my,
          last: my,
          words: `Your line ${my} uses \`${name}\`. It must be below your line ${makes}.`,
          isLost: true,
          our,
        });
      else if (!isMoved && wanted.includes(head))
        faults.push({ number: makes, last: makes, words: `It must be above your line ${my}.`, isLate: my });
    }
    for (const our of missing) {
      if (tail.includes(our)) continue;
      const above =
        wanted.slice(0, wanted.indexOf(our)).findLast((each) => this.#pairs.has(each)) ??
        ours.numbers.findLast((each) => each < our && this.#pairs.has(each));
      const next = this.#pairs.get(wanted.find((each) => each > our && this.#pairs.has(each)) ?? 0);
      const number = this.#pairs.get(above ?? 0)?.last ?? 0;
      const isBelow =
        number && (!next || (number < next.my && pieceAt(ours.program, above) === pieceAt(ours.program, our)));
      const at = isBelow ? number : (next?.my ?? number);
      faults.push({
        number: at,
        last: at,
        words: `A line of ours is missing ${isBelow ? "below" : "above"} your line ${at}.`,
        isMissing: true,
        isAbove: !isBelow,
        our,
      });
    }
    faults = faults.sort((a, b) => a.number - b.number);
    const typing = last ? this.#typing(last, tail) : 0;
    const mends = faults;
    if (typing) faults = faults.filter(({ number, our }) => our !== last || number !== typing);
    const isOpen = tail.length || typing || (faults.length && faults.every(({ isGap }) => isGap));
    const state = isOpen ? "missing" : faults.length ? "look" : "ours";
    const below = last && this.#pairs.get(last)?.last;
    return this.#orLater({ there: state, faults, mends, isBegun: true, typing, below, next: tail[0] }, all);
  }

  /**
   * Where the last line of a box stands if it is, as it stands, the beginning of ours, or else 0.
   *
   * @param {number} our
   * @param {number[]} tail
   */
  #typing(our, tail) {
    const pair = this.#pairs.get(our);
    if (!pair || pair.isSame || pair.last > pair.my) return 0;
    const { my } = pair;
    const [whole, theirs] = [this.#ours.program.code(our), this.#mine.program.code(my)];
    return whole.startsWith(theirs) || (tail.length > 0 && theirs.length < whole.length * 0.8) ? my : 0;
  }

  #nearest() {
    if (this.#near !== undefined) return this.#near;
    const mine = this.#mine.keys;
    /** @param {Lines} lines */
    const shared = (lines) => {
      const common = lines.numbers.filter((number) => mine.has(lines.key(number))).length;
      return 2 * common - lines.numbers.length;
    };
    const values = [this.#ours, ...this.#later.map((text) => linesOf(text, this.#said))].map(shared);
    this.#near = values.indexOf(Math.max(...values));
    return this.#near;
  }

  /**
   * Is this piece just as in a later program of ours?
   *
   * @param {string} text
   * @param {Piece} piece
   */
  #isIn(text, piece) {
    const { program } = linesOf(text, this.#said);
    const twin = find(piece, this.#ours.program, program);
    if (!twin) return false;
    let judge = this.#others.get(text);
    if (!judge) {
      const boxes = program.pieces.map((each) => program.own(each));
      judge = new Judge(text, boxes, this.#mine.program, {
        before: [...this.#before, this.#text],
        said: this.#said,
      });
      this.#others.set(text, judge);
    }
    return judge.of(program.pieces.indexOf(twin)).there === "ours";
  }

  /**
   * A later step may have changed these lines again. What is like ours there is like ours.
   *
   * @param {Verdict} found
   * @param {Part[]} parts
   * @returns {Verdict}
   */
  #orLater(found, parts) {
    if (found.there === "ours" || !this.#later.length) return found;
    const nearest = this.#nearest();
    /** @param {Part} part */
    const isLike = ({ piece, wanted }) => {
      const { faults, missing } = this.#part({ piece, wanted });
      if (!faults.length && !missing.length && found.faults.every(({ isExtra }) => !isExtra)) return true;
      return this.#later.slice(0, nearest).some((text) => this.#isIn(text, piece));
    };
    return nearest > 0 && parts.every(isLike) ? { there: "ours", faults: [], isBegun: true } : found;
  }

  /** What the learner calls something else, wherever it stands: our name for it, and theirs. */
  get names() {
    const [ours, mine] = [this.#ours, this.#mine];
    const [made, theirs] = [ours.made, mine.made];
    /** @type {Map<string, Set<string>>} */
    const found = new Map();
    for (const [our, { my, last }] of this.#pairs) {
      const [a, b] = [ours.tokens(our), mine.tokens(my)];
      if (last > my || a.length !== b.length) continue;
      for (const [at, name] of a.entries())
        if (name !== b[at] && made.has(name)) found.set(name, (found.get(name) ?? new Set()).add(b[at]));
    }
    /** @type {Map<string, string>} */
    const names = new Map();
    for (const [name, [other, ...more]] of found)
      if (!more.length && theirs.has(other) && !mine.has(name) && !ours.has(other)) names.set(name, other);
    return names;
  }

  /**
   * The number in the learner's program of the first line of a box that is there.
   *
   * @param {number} box
   */
  first = (box) => this.#pairs.get(this.#boxes[box].find((our) => this.#pairs.has(our)) ?? 0)?.my;

  /**
   * The number in the learner's program of a line of ours, if it is there.
   *
   * @param {number} our
   */
  number = (our) => this.#pairs.get(our)?.my;

  /**
   * The program with a box's lines as in ours, where they are there at all. What is the learner's own stays.
   *
   * @param {number} box
   */
  repaired(box) {
    const { mends = [] } = this.of(box);
    const [ours, mine] = [this.#ours, this.#mine];
    /** @type {Set<number>} */
    const gone = new Set();
    /** @type {Map<number, string[]>} */
    const put = new Map(); // after a line of theirs: lines of ours
    /** @param {number} our */
    const text = (our) =>
      mine.program.unit.repeat(ours.program.depth(our)) + ours.program.line(our).trim() + mine.program.end;
    /** @type {(number: number, lines: string[]) => void} */
    const add = (number, lines) => put.set(number, [...(put.get(number) ?? []), ...lines]);
    const isLost = new Set(mends.filter((each) => each.isLost).map(({ our }) => our));
    /** @type {Set<number | undefined>} */
    const done = new Set();
    for (const { our, number, last, isExtra, isOurs, isMissing, isLate } of mends) {
      if (our && done.has(our)) continue;
      done.add(our);
      if (isLate) return this.#moved(number, isLate);
      if (isExtra && !isOurs) continue;
      if (isExtra || !isMissing) for (let each = number; each <= last; each++) gone.add(each);
      if (isExtra || !our) continue;
      if (!isMissing && !isLost.has(our)) {
        add(number, [text(our)]);
        continue;
      }
      const piece = pieceAt(ours.program, our);
      const own = ours.numbers.filter(
        (each) => piece && piece.from <= each && each <= piece.to && this.#pairs.has(each) && !isLost.has(each),
      );
      const above = this.#pairs.get(own.findLast((each) => each < our) ?? 0);
      const below = this.#pairs.get(own.find((each) => each > our) ?? 0);
      const at = above ? above.last : below ? below.my - 1 : number;
      add(at, [...(above ? new Array(ours.program.gapAbove(our)).fill(mine.program.end) : []), text(our)]);
    }
    const out = [...(put.get(0) ?? [])];
    mine.program.lines.forEach((line, at) => {
      if (!gone.has(at + 1)) out.push(line);
      out.push(...(put.get(at + 1) ?? []));
    });
    return out.map((line) => `${line}\n`).join("");
  }

  /**
   * The program with the piece at this line moved above another line.
   *
   * @param {number} number
   * @param {number} user
   */
  #moved(number, user) {
    const { program } = this.#mine;
    const found = program.pieces.find(({ from, to, parent }) => !parent && from <= number && number <= to);
    const above = program.pieces.find(({ from, to, parent }) => !parent && from <= user && user <= to);
    if (!found || !above) return program.lines.map((line) => `${line}\n`).join("");
    const { lines, end } = program;
    const [from, to] = [found.from - 1, found.to];
    const moved = [
      ...lines.slice(0, above.from - 1),
      ...lines.slice(from, to),
      end,
      end,
      ...lines.slice(above.from - 1, from),
      ...lines.slice(to),
    ];
    return moved.map((line) => `${line}\n`).join("");
  }
}
