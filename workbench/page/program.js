// A program in lines and pieces. It need not compile, so this knows lines and indents, and no grammar: a parser gives up
// on a broken program. Lines are numbered from 1.

const HEAD = /^(?:async\s+)?(def|class|from|import)\s+([^\s(:]+)/;
const ASSIGNED = /^([\p{L}_][\p{L}\p{M}\p{N}_.]*)\s*(?::(?!=)[^=]*)?(?:=(?!=)|$)/u;
const GOES_ON = /^(?:[)\]}]|(?:elif|else|except|finally)\b)/;
const DOOR = /^(?:@[^\s(]+\.(\w+)|[^\s(]+\.(frontend|mount|add_\w*route))\(\s*["']([^"']*)["'](.*)/gm;
const COMMENT = /^((?:[^#"']|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')*)#.*$/;

/**
 * What stands at the left of a program or of a class, with the decorators and comments above it.
 *
 * @typedef {object} Piece
 * @property {string} key its name, behind that of its class
 * @property {string} name
 * @property {string} kind "def", "class", "from", "import", "=" or nothing
 * @property {string} parent the key of its class
 * @property {number} from
 * @property {number} head the first line below the decorators and comments
 * @property {number} to
 * @property {boolean} isImport
 * @property {boolean} isBlock
 * @property {string[]} doors each as a method and a path
 * @property {string[]} names that an import brings
 */

/** @typedef {{ piece: Piece, wanted: number[] }} Part of a program: some lines of a piece */

/** @param {string} line */
export const margin = (line) => line.slice(0, line.search(/[^ \t]|$/));
/** @param {string} line */
const withoutComment = (line) => (line.includes("#") ? line.replace(COMMENT, "$1") : line).trim();
/** @param {string} line */
const codeOf = (line) => withoutComment(line) || line.trim(); // a comment on a line of its own stays

/**
 * What the program moves lines to the right with, most of the time.
 *
 * @param {string[]} lines
 * @param {string[]} codes
 */
function unitOf(lines, codes) {
  /** @type {Record<string, number>} */
  const seen = { "    ": 0 };
  codes.forEach((code, at) => {
    if (!code.endsWith(":")) return;
    const more = margin(lines[at + 1] ?? "").slice(margin(lines[at]).length);
    if (/^(?:\t| {2}| {4}| {8})$/.test(more)) seen[more] = (seen[more] ?? 0) + 1;
  });
  return Object.keys(seen).reduce((best, each) => (seen[each] > seen[best] ? each : best));
}

/** @param {string[]} codes */
function doorsOf(codes) {
  return [...codes.join("\n").matchAll(DOOR)].map(([, verb, call, path, rest]) => {
    let method = verb ?? call;
    if (method.includes("websocket")) method = "websocket";
    else if (method.includes("route")) method = /methods\s*=\s*.["'](\w+)/.exec(rest)?.[1].toLowerCase() ?? "get";
    return `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`;
  });
}

/**
 * The numbers of the lines that begin within a text of several lines. A text that never ends hides nothing.
 *
 * @param {string[]} lines
 */
function textLines(lines) {
  /** @type {number[]} */
  const found = [];
  let [quotes, from] = ["", 0];
  lines.forEach((line, at) => {
    if (!quotes && !/"""|'''/.test(line)) return; // none begins here
    for (const [part] of line.matchAll(/\\.|"""|'''|["'#]/g)) {
      if (!quotes && part === "#") break;
      if (!quotes && part.length !== 2) [quotes, from] = [part, at + 1];
      else if (part === quotes) {
        for (let number = from + 1; number <= at + 1; number++) found.push(number);
        quotes = "";
      }
    }
    if (quotes.length === 1) quotes = ""; // it was not closed
  });
  return new Set(found);
}

/**
 * The names that an import brings; `a as b` is one.
 *
 * @param {string[]} lines
 */
function namesOf(lines) {
  const words = lines
    .map(withoutComment)
    .join(" ")
    .replace(/^.*?\bimport\b/, "");
  return words
    .replace(/\s+as\s+/g, "=")
    .split(/[\s,()\\]+/)
    .filter(Boolean);
}

export class Program {
  /** @type {Map<Piece | undefined, number[]>} */
  #own = new Map();

  /** @param {string} text */
  constructor(text) {
    this.end = text.includes("\r\n") ? "\r" : "";
    this.lines = text.split("\n");
    const last = this.lines.pop();
    if (last) this.lines.push(last + this.end);
    this.all = this.lines.map(codeOf);
    this.unit = unitOf(this.lines, this.all);
    const width = this.unit.length === 1 ? 4 : this.unit.length;
    const tab = " ".repeat(width);
    this.depths = this.lines.map((line) => Math.round(margin(line).replaceAll("\t", tab).length / width));
    this.texts = textLines(this.lines);
    this.pieces = this.#pieces();
  }

  /** @param {number} number */
  line = (number) => this.lines[number - 1] ?? "";
  /** @param {number} number */
  code = (number) => this.all[number - 1] ?? "";
  /** @param {number[]} numbers */
  codes = (numbers) => numbers.map(this.code);

  /**
   * How far in a line stands. One space too many or two too few make no difference.
   *
   * @param {number} number
   */
  depth = (number) => this.depths[number - 1] ?? 0;

  /** @param {number} number */
  whole = (number) => `${this.depth(number)} ${this.line(number).trim()}`;
  /** @param {Piece} [piece] */
  textOf = (piece) => this.own(piece).map(this.whole).join("\n");

  /** @param {number} number */
  gapAbove(number) {
    let above = number - 1;
    while (above > 0 && !this.code(above)) above--;
    return number - 1 - above;
  }

  /**
   * The numbers of a piece's own lines: no empty ones, and none of a class's methods.
   *
   * @param {Piece} [piece]
   */
  own(piece) {
    const own = this.#own.get(piece) ?? this.#find(piece);
    this.#own.set(piece, own);
    return own;
  }

  /** @param {Piece} [piece] */
  #find(piece) {
    const inside = this.pieces.filter(({ parent }) => piece?.kind === "class" && parent === piece.key);
    /** @param {number} number */
    const isOwn = (number) => this.code(number) && !inside.some(({ from, to }) => from <= number && number <= to);
    return piece ? Array.from({ length: piece.to - piece.from + 1 }, (_, at) => piece.from + at).filter(isOwn) : [];
  }

  #pieces() {
    /** @type {Piece[]} */
    const found = [];
    /** @type {Piece | undefined} */
    let owner; // the class that we are in
    let from = 0; // the first of the decorators and comments above the next piece
    let isDecorated = false;
    this.all.forEach((code, at) => {
      const number = at + 1;
      if (!code) {
        if (!isDecorated) from = 0;
        return;
      }
      const depth = this.depth(number);
      const goesOn = GOES_ON.test(code) || this.texts.has(number) || depth > (owner ? 1 : 0);
      if (isDecorated && goesOn && (code.startsWith(")") || /[(,]$/.test(this.code(at)))) return; // a decorator of many lines
      if (goesOn && !isDecorated) {
        for (const each of [found.at(-1), owner]) if (each) each.to = number;
        from = 0;
        return;
      }
      from ||= number;
      if (code.startsWith("@")) isDecorated = true;
      if ("@#".includes(code[0])) return;
      if (depth === 0) owner = undefined;
      const parent = owner?.key ?? "";
      const [, keyword, word] = HEAD.exec(code) ?? [];
      const kind = keyword ?? (ASSIGNED.test(code) ? "=" : "");
      /** @type {Record<string, string | undefined>} */
      const names = { from: `from ${word}`, def: word, class: word, "=": ASSIGNED.exec(code)?.[1] };
      const name = names[kind] ?? code.replace(/:$/, "");
      const piece = {
        key: parent ? `${parent}.${name}` : name,
        name,
        kind,
        parent,
        from,
        head: number,
        to: number,
        isImport: kind === "import" || kind === "from",
        isBlock: kind === "def" || kind === "class",
        doors: [],
        names: [],
      };
      found.push(piece);
      if (owner) owner.to = number;
      if (kind === "class" && !owner) owner = piece;
      from = 0;
      isDecorated = false;
    });
    for (const piece of found) {
      if (piece.kind !== "class") piece.doors = doorsOf(this.all.slice(piece.from - 1, piece.to));
      if (piece.isImport) piece.names = namesOf(this.lines.slice(piece.head - 1, piece.to));
    }
    return found;
  }
}

/** @type {Map<string, Program>} */
const read = new Map();

/**
 * Programs of ours; there are only so many.
 *
 * @param {string | string[]} [texts]
 */
export function programs(texts) {
  return [texts ?? []].flat().map((text) => {
    const program = read.get(text) ?? new Program(text);
    read.set(text, program);
    return program;
  });
}

/**
 * The piece of `mine` that is this one of `ours`: it has the same door, or else the same name.
 *
 * @param {Piece} piece
 * @param {Program} ours
 * @param {Program} mine
 */
export function find(piece, ours, mine) {
  /** @type {(one: Piece) => (other: Piece) => boolean} */
  const hasDoorOf = (one) => (other) => one.doors.some((door) => other.doors.includes(door));
  /** @param {Piece} other */
  const hasName = ({ kind, key, names }) =>
    key === piece.key ||
    (kind === "import" && piece.kind === kind && piece.names.every((name) => names.includes(name)));
  return (
    mine.pieces.find(hasDoorOf(piece)) ??
    mine.pieces.find((other) => hasName(other) && !ours.pieces.some(hasDoorOf(other)))
  );
}

/**
 * The pieces of ours that have some of these lines, and which.
 *
 * @param {Program} ours
 * @param {number[]} lines
 */
export function partsOf(ours, lines) {
  const parts = ours.pieces.map((piece) => ({
    piece,
    wanted: ours.own(piece).filter((number) => lines.includes(number)),
  }));
  return parts.filter(({ wanted }) => wanted.length);
}
