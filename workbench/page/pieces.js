// @ts-nocheck: not typed yet
// Finds its way in a learner's program, which need not compile: where lines of ours go, whether they are there, and
// the program with them. It knows lines and indents, and no grammar: a parser gives up on a broken program.
//
// `ours` is a step's whole program, `mine` the learner's, and `before` our program of the step before, or a list of
// all the earlier ones: only lines that stand there are ever replaced. Lines are numbered from 1.

const HEAD = /^(?:async\s+)?(def|class|from|import)\s+([^\s(:]+)/;
const ASSIGNED = /^([\p{L}_][\p{L}\p{M}\p{N}_.]*)\s*(?::(?!=)[^=]*)?(?:=(?!=)|$)/u;
const GOES_ON = /^(?:[)\]}]|(?:elif|else|except|finally)\b)/;
const DOOR = /^(?:@[^\s(]+\.(\w+)|[^\s(]+\.(frontend|mount|add_\w*route))\(\s*["']([^"']*)["'](.*)/gm;
const COMMENT = /^((?:[^#"']|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')*)#.*$/;
const ALIKE = 0.4; // the share of two lines that must be the same at their beginnings and ends
const LONG = 36; // characters; a longer line is called by its number

export const margin = (line) => /^[ \t]*/.exec(line)[0];
const withoutComment = (line) => (line.includes("#") ? line.replace(COMMENT, "$1") : line).trim();
const codeOf = (line) => withoutComment(line) || line.trim(); // a comment on a line of its own stays
const opened = (code) => code.split(/[([{]/).length - code.split(/[)\]}]/).length; // brackets

/** What the program moves lines to the right with, most of the time. */
function unitOf(lines) {
  const seen = { "    ": 0 };
  lines.forEach((line, at) => {
    const more = margin(lines[at + 1] ?? "").slice(margin(line).length);
    if (codeOf(line).endsWith(":") && /^(?:\t| {2}| {4}| {8})$/.test(more)) seen[more] = (seen[more] ?? 0) + 1;
  });
  return Object.keys(seen).reduce((best, each) => (seen[each] > seen[best] ? each : best));
}

function doorsOf(lines) {
  return [...lines.map(codeOf).join("\n").matchAll(DOOR)].map(([, verb, call, path, rest]) => {
    let method = verb ?? call;
    if (method.includes("websocket")) method = "websocket";
    else if (method.includes("route")) method = /methods\s*=\s*.["'](\w+)/.exec(rest)?.[1].toLowerCase() ?? "get";
    return `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`;
  });
}

/** The numbers of the lines that begin within a text of several lines. A text that never ends hides nothing. */
function textLines(lines) {
  const found = [];
  let [quotes, from] = ["", 0];
  lines.forEach((line, at) => {
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

/** The names that an import brings; `a as b` is one. */
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

/** A program in lines and pieces. */
export class Program {
  #own = new Map(); // of pieces

  constructor(text) {
    this.end = text.includes("\r\n") ? "\r" : "";
    this.lines = text.split("\n");
    const last = this.lines.pop();
    if (last) this.lines.push(last + this.end);
    this.unit = unitOf(this.lines);
    this.all = this.lines.map(codeOf);
    this.texts = textLines(this.lines);
    this.pieces = this.#pieces();
  }

  line = (number) => this.lines[number - 1] ?? "";
  code = (number) => this.all[number - 1] ?? "";
  codes = (numbers) => numbers.map(this.code);

  /** How far in a line stands. One space too many or two too few make no difference. */
  depth = (number) => {
    const width = this.unit.length === 1 ? 4 : this.unit.length;
    return Math.round(margin(this.line(number)).replaceAll("\t", " ".repeat(width)).length / width);
  };

  whole = (number) => `${this.depth(number)} ${this.line(number).trim()}`;
  textOf = (piece) => this.own(piece).map(this.whole).join("\n");

  gapAbove(number) {
    let above = number - 1;
    while (above > 0 && !this.code(above)) above--;
    return number - 1 - above;
  }

  /** The numbers of a piece's own lines: no empty ones, and none of a class's methods. */
  own(piece) {
    if (!this.#own.has(piece)) this.#own.set(piece, this.#find(piece));
    return this.#own.get(piece);
  }

  #find(piece) {
    const inside = this.pieces.filter(({ parent }) => piece?.kind === "class" && parent === piece.key);
    const isOwn = (number) => this.code(number) && !inside.some(({ from, to }) => from <= number && number <= to);
    return piece ? Array.from({ length: piece.to - piece.from + 1 }, (_, at) => piece.from + at).filter(isOwn) : [];
  }

  #pieces() {
    const found = [];
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
      const names = { from: `from ${word}`, def: word, class: word, "=": ASSIGNED.exec(code)?.[1] };
      const name = names[kind] ?? code.replace(/:$/, "");
      const piece = { key: parent ? `${parent}.${name}` : name, name, kind, parent, from, head: number, to: number };
      found.push(piece);
      if (owner) owner.to = number;
      if (kind === "class" && !owner) owner = piece;
      from = 0;
      isDecorated = false;
    });
    for (const piece of found) {
      const lines = this.lines.slice(piece.from - 1, piece.to);
      piece.isImport = ["import", "from"].includes(piece.kind);
      piece.isBlock = ["def", "class"].includes(piece.kind);
      piece.doors = piece.kind === "class" ? [] : doorsOf(lines);
      piece.door = piece.doors[0] ?? "";
      piece.names = piece.isImport ? namesOf(lines.slice(piece.head - piece.from)) : [];
    }
    return found;
  }
}

const read = new Map();

/** Programs of ours; there are only so many. */
export function programs(texts) {
  return [texts ?? []].flat().map((text) => {
    if (!read.has(text)) read.set(text, new Program(text));
    return read.get(text);
  });
}

/** From 0 to 1: how much of two lines is the same at their beginnings and ends, if it is enough. */
function likeness(a, b) {
  if (a === b) return 1;
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const share = (start + end) / Math.max(a.length, b.length);
  return share < ALIKE ? 0 : share / 2;
}

/** Which lines belong together, in order: as many equal ones as can be, then such as are alike. */
export function align(one, numbers, other, others) {
  const [a, b] = [one.codes(numbers), other.codes(others)];
  const like = a.map((code) => b.map((another) => likeness(code, another)));
  const best = [...a, ""].map(() => new Array(b.length + 1).fill(0));
  const together = (i, j) => like[i][j] && like[i][j] + best[i + 1][j + 1];
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) best[i][j] = Math.max(together(i, j), best[i + 1][j], best[i][j + 1]);
  }
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (like[i][j] && best[i][j] === together(i, j)) pairs.push([numbers[i++], others[j++]]);
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
  return pairs;
}

/** The piece of `mine` that is this one of `ours`: it has the same door, or else the same name. */
export function find(piece, ours, mine) {
  const hasDoorOf = (one) => (other) => one.doors.some((door) => other.doors.includes(door));
  const hasName = ({ kind, key, names }) =>
    key === piece.key ||
    (kind === "import" && piece.kind === kind && piece.names.every((name) => names.includes(name)));
  return (
    mine.pieces.find(hasDoorOf(piece)) ??
    mine.pieces.find((other) => hasName(other) && !ours.pieces.some(hasDoorOf(other)))
  );
}

/**
 * A piece of the learner's beside ours: `pairs` of lines, and the `changes` that would make theirs like ours. A change
 * puts lines of ours after one of theirs, `instead` of others. One that `isFree` takes nothing of the learner's own
 * away; one that cannot be made (`canBe`) is for the eye only.
 */
function compare(piece, ours, found, mine, before) {
  const [our, my] = [ours.own(piece), mine.own(found)];
  const old = new Set(); // lines of theirs that stand just so in an earlier program of ours, and are gone in ours
  for (const earlier of before) {
    const its = earlier.own(find(piece, ours, earlier));
    const same = (other, numbers) =>
      align(earlier, its, other, numbers).filter(([a, b]) => earlier.whole(a) === other.whole(b));
    const kept = new Map(its.length ? same(ours, our) : []);
    for (const [line, number] of same(mine, my)) if (!kept.has(line)) old.add(number);
  }
  const pairs = align(ours, our, mine, my).map(([one, other]) => {
    const isOld = old.has(other) && ours.whole(one) !== mine.whole(other);
    const isSame = !isOld && ours.code(one) === mine.code(other);
    // Beside a line that is indented otherwise, or leaves other brackets open, ours would not fit.
    const isLike = ours.depth(one) === mine.depth(other) && opened(ours.code(one)) === opened(mine.code(other));
    return { our: one, my: other, isOld, isSame, isFirm: isOld || isLike };
  });
  const elsewhere = mine.codes(my.filter((number) => !old.has(number) && !pairs.some((pair) => pair.my === number)));
  const known = my.filter((number) => old.has(number) || pairs.some((pair) => pair.my === number && pair.isSame));
  const isStrange = known.length < my.length / 2; // written in another way; lines of ours would not fit
  const changes = [];
  let above;
  for (const below of [...pairs, undefined]) {
    const between = (side) => (number) => number > (above?.[side] ?? 0) && number < (below?.[side] ?? Infinity);
    const put = our.filter(between("our"));
    const theirs = my.filter(between("my"));
    const fits =
      [above, below].every((pair) => pair?.isFirm ?? true) && !ours.codes(put).some((code) => elsewhere.includes(code));
    const isFree = fits && !isStrange && theirs.every((number) => old.has(number));
    const canBe = isFree || (above?.isFirm && !put.includes(piece.head)); // never a second head
    const words = wordsFor(mine, found, above);
    changes.push({ put, instead: isFree ? theirs : [], after: above?.my ?? found.from - 1, isFree, canBe, words });
    if (below && !below.isSame) {
      changes.push({
        put: [below.our],
        instead: [below.my],
        after: below.my - 1,
        isFree: below.isOld && !isStrange,
        canBe: below.isOld,
      });
    }
    above = below;
  }
  // Where the learner changed what ours changed too, old lines stay together.
  if (changes.some(({ put, isFree }) => put.length && !isFree)) {
    const isMoved = changes.some(({ instead }) => instead.length); // then half of it would make no sense
    for (const change of changes) change.isFree &&= !isMoved;
  }
  return { pairs, changes };
}

function wordsFor(mine, { name, isBlock, head }, above) {
  if (!above) return `above \`${name}\``;
  if (isBlock && above.my === head) return `at the start of \`${name}\``;
  const code = mine.code(above.my);
  return `inside \`${name}\`, below ${code.length > LONG ? `your line ${above.my}` : `\`${code}\``}`;
}

/** An import is taken as a whole: `from` lines of the learner's own stay, and get one more with the names they lack. */
function changesOfImport(piece, ours, found, mine, before) {
  const put = ours.own(piece);
  const isOld = before.some((earlier) => earlier.textOf(find(piece, ours, earlier)) === mine.textOf(found));
  if (isOld) return [{ put, instead: mine.own(found), after: found.from - 1, isFree: true, canBe: true }];
  const theirs = mine.pieces.filter(({ kind, key }) => kind === piece.kind && (kind === "import" || key === piece.key));
  const lacking = piece.names.filter((name) => !theirs.some(({ names }) => names.includes(name)));
  if (!lacking.length) return [];
  const extra = `${piece.name} import ${lacking.join(", ").replaceAll("=", " as ")}`;
  const words = `below your line ${found.to}`;
  return [{ put, extra, instead: [], after: found.to, isFree: true, canBe: true, words }];
}

/** Where a whole piece goes that the learner lacks: beside its nearest neighbour in ours. */
function insertion(piece, ours, mine) {
  const { parent, isBlock, isImport } = piece;
  const owner = parent && mine.pieces.find(({ key, kind }) => key === parent && kind === "class");
  if (parent && !owner) return { missing: parent };
  const inMine = (other) => {
    const found = find(other, ours, mine);
    return found?.parent === parent ? found : mine.pieces.find(({ key }) => key === found?.parent);
  };
  const beside = ours.pieces.filter((other) => other.parent === parent);
  const at = beside.indexOf(piece);
  let above = beside.slice(0, at).reverse().map(inMine).find(Boolean);
  const below = beside
    .slice(at + 1)
    .map(inMine)
    .find(Boolean);
  const lastImport = mine.pieces.findLast((other) => other.isImport && !(below?.from < other.from));
  if (above ? above.isImport && !isImport : isImport && !below) above = lastImport ?? above;

  const end = mine.lines.length - mine.gapAbove(mine.lines.length + 1);
  let after = owner?.to ?? (isImport ? 0 : end);
  if (above) after = above.to;
  else if (below) after = below.from - 1 - mine.gapAbove(below.from);
  let words = "at the top";
  if (after && after === end && !parent) words = "at the end of the file";
  else if (above) words = above.isImport ? "below the imports" : `below \`${above.name}\``;
  else if (owner) words = `inside \`${owner.name}\``;
  else if (after) words = `above \`${below.name}\``;

  const wide = parent ? 1 : 2;
  const neighbour = mine.pieces.find((other) => other.parent === parent && other.to === after);
  let gap = isBlock || neighbour?.isBlock ? wide : ours.gapAbove(piece.from);
  if (!after || (owner && !neighbour)) gap = 0;
  let next = after + 1;
  while (next <= mine.lines.length && !mine.code(next)) next++;
  const nextPiece = mine.pieces.find(({ from }) => from === next);
  let gapBelow = isBlock || nextPiece?.isBlock ? wide : 0;
  if (parent && nextPiece?.parent !== parent) gapBelow = 2;
  gapBelow = next > mine.lines.length ? 0 : Math.max(0, gapBelow - (next - after - 1));
  return { put: ours.own(piece), instead: [], after, gap, gapBelow, words, isFree: true, canBe: true };
}

/** The changes that bring these lines of a piece of ours, and those (`isCut`) that only take old lines away. */
function plan({ piece, wanted }, ours, mine, before) {
  const found = find(piece, ours, mine);
  if (!found && !wanted.includes(piece.head)) return [{ missing: piece.key }];
  if (found && mine.textOf(found) === ours.textOf(piece)) return [];
  if (found && piece.isImport) return changesOfImport(piece, ours, found, mine, before);
  const changes = found ? compare(piece, ours, found, mine, before).changes : [insertion(piece, ours, mine)];
  if (changes[0]?.missing) return changes;
  return changes
    .map((change) => ({
      ...change,
      put: change.put.filter((number) => wanted.includes(number)),
      isCut: !change.put.length,
    }))
    .filter(({ put, isCut, instead }) => put.length || (isCut && instead.length));
}

/** The pieces of ours that have some of these lines, and which. */
export function partsOf(ours, lines) {
  const parts = ours.pieces.map((piece) => ({
    piece,
    wanted: ours.own(piece).filter((number) => lines.includes(number)),
  }));
  return parts.filter(({ wanted }) => wanted.length);
}

function withChanges(ours, mine, changes) {
  const empty = (count) => new Array(count).fill("");
  const moved = (number) => mine.unit.repeat(ours.depth(number)) + ours.line(number).trim();
  const gone = changes.flatMap(({ instead }) => instead);
  const out = [];
  for (let number = 0; number <= mine.lines.length; number++) {
    if (number && !gone.includes(number)) out.push(mine.line(number));
    for (const { put, extra, gap = 0, gapBelow = 0 } of changes.filter(({ after }) => after === number)) {
      const lines = put.flatMap((each, at) => [...empty(at ? ours.gapAbove(each) : gap), moved(each)]);
      out.push(...[...(extra ? [extra] : lines), ...empty(gapBelow)].map((line) => line + mine.end));
    }
  }
  return out.map((line) => `${line}\n`).join("");
}

function merged(ours, parts, mine, before, isRight) {
  const earlier = programs(before);
  let [text, my] = [mine, new Program(mine)];
  for (const part of parts) {
    const changes = plan(part, ours, my, earlier).filter((change) => !change.missing && isRight(change));
    if (!changes.length) continue;
    text = withChanges(ours, my, changes);
    my = new Program(text);
  }
  return text;
}

/** The pieces of a program, in order. A class has its methods behind it; decorators and comments above belong to a piece. */
export function pieces(text) {
  return new Program(text).pieces;
}

/**
 * Where these lines of ours go: `{ after, line, indent, words, instead }`, or `{ missing }`, what must be built first.
 * `instead` are the numbers of the old lines that they replace.
 */
export function place(ours, lines, mine, before) {
  const [our] = programs(ours);
  const my = new Program(mine);
  const parts = partsOf(our, lines);
  const change = parts.flatMap((part) => plan(part, our, my, programs(before))).find(({ isCut }) => !isCut);
  if (!change) {
    const { piece, wanted } = parts[0];
    const found = find(piece, our, my);
    const pair = align(our, our.own(piece), my, my.own(found)).find(([number]) => wanted.includes(number));
    const line = pair?.[1] ?? found.from;
    return { after: line - 1, line, indent: margin(my.line(line)).length, words: `your line ${line}`, instead: [] };
  }
  if (change.missing) return change;
  const { put, instead, after, gap = 0 } = change;
  const range = instead.length > 1 ? `s ${instead[0]} to ${instead.at(-1)}` : ` ${instead[0]}`;
  const words = instead.length ? `in place of your line${range}` : change.words;
  return { after, line: after + gap + 1, indent: our.depth(put[0]) * my.unit.length, words, instead };
}

/** The program with these lines put in where they go. */
export function putIn(ours, lines, mine, before) {
  const [our] = programs(ours);
  return merged(our, partsOf(our, lines), mine, before, ({ canBe }) => canBe);
}

/** The program with all that it lacks of ours. All lines of the learner's own stay. */
export function fill(ours, mine, before) {
  const [our] = programs(ours);
  const parts = our.pieces.map((piece) => ({ piece, wanted: our.own(piece) }));
  return merged(our, parts, mine, before, ({ isFree }) => isFree);
}

/** The names of the pieces that are new in this program of ours, and not in the learner's. */
export function missing(ours, mine, before) {
  const [our, old] = programs([ours, before]);
  const my = new Program(mine);
  return our.pieces.filter((piece) => !find(piece, our, old) && !find(piece, our, my)).map(({ key }) => key);
}

/** The program with these lines of ours in place of what the learner has there. */
export function swapped(ours, lines, mine) {
  const [our] = programs(ours);
  for (const { piece, wanted } of partsOf(our, lines)) {
    const my = new Program(mine);
    const theirs = my.own(find(piece, our, my));
    const pairs = align(our, our.own(piece), my, theirs);
    const put = our.own(piece).filter((number) => wanted.includes(number) || pairs.some(([one]) => one === number));
    const text = put.map((number) => my.unit.repeat(our.depth(number)) + our.line(number).trim() + my.end);
    const kept = my.lines.flatMap((line, at) => (at + 1 === theirs[0] ? text : theirs.includes(at + 1) ? [] : [line]));
    mine = `${kept.join("\n")}\n`;
  }
  return mine;
}
