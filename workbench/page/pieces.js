// Finds its way in a learner's program: where lines of ours go, whether they are there, and the program with them.
//
// `ours` is a step's whole program, `mine` the learner's, and `before` our program of the step before, or a list of
// all the earlier ones: only lines that stand there are ever replaced.

import { Program, find, margin, partsOf, programs } from "./program.js";

const ALIKE = 0.4; // the share of two lines that must be the same at their beginnings and ends
const LONG = 36; // characters; a longer line is called by its number

/** @typedef {import("./program.js").Piece} Piece */
/** @typedef {import("./program.js").Part} Part */
/** @typedef {{ missing: string }} Missing what must be built first */

/**
 * Puts lines of ours after one of theirs, `instead` of others.
 *
 * @typedef {object} Change
 * @property {number[]} put
 * @property {string} [extra] what is put in place of these lines
 * @property {number[]} instead
 * @property {number} after
 * @property {number} [gap] empty lines above
 * @property {number} [gapBelow]
 * @property {boolean} isFree it takes nothing of the learner's own away
 * @property {boolean} [canBe] if not, it is for the eye only
 * @property {boolean} [isCut] it only takes old lines away
 * @property {string} [words] where that is
 */

/** @type {(change: Change | Missing) => change is Change} */
const isChange = (change) => "put" in change;

/** @param {string} code */
const opened = (code) => code.split(/[([{]/).length - code.split(/[)\]}]/).length; // brackets

/**
 * From 0 to 1: how much of two lines is the same at their beginnings and ends, if it is enough.
 *
 * @param {string} a
 * @param {string} b
 */
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

/**
 * Which lines belong together, in order: as many equal ones as can be, then such as are alike.
 *
 * @param {Program} one
 * @param {number[]} numbers
 * @param {Program} other
 * @param {number[]} others
 */
function align(one, numbers, other, others) {
  const [a, b] = [one.codes(numbers), other.codes(others)];
  const like = a.map((code) => b.map((another) => likeness(code, another)));
  /** @type {number[][]} */
  const best = [...a, ""].map(() => new Array(b.length + 1).fill(0));
  /** @type {(i: number, j: number) => number} */
  const together = (i, j) => like[i][j] && like[i][j] + best[i + 1][j + 1];
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) best[i][j] = Math.max(together(i, j), best[i + 1][j], best[i][j + 1]);
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (like[i][j] && best[i][j] === together(i, j)) pairs.push([numbers[i++], others[j++]]);
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
  return pairs;
}

/**
 * The changes that would make a piece of the learner's like ours.
 *
 * @param {Piece} piece
 * @param {Program} ours
 * @param {Piece} found
 * @param {Program} mine
 * @param {Program[]} before
 */
function compare(piece, ours, found, mine, before) {
  const [our, my] = [ours.own(piece), mine.own(found)];
  const old = new Set(); // lines of theirs that stand just so in an earlier program of ours, and are gone in ours
  for (const earlier of before) {
    const its = earlier.own(find(piece, ours, earlier));
    /** @type {(other: Program, numbers: number[]) => [number, number][]} */
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
  /** @type {Change[]} */
  const changes = [];
  /** @type {(typeof pairs)[number] | undefined} */
  let above;
  for (const below of [...pairs, undefined]) {
    /** @type {(side: "our" | "my") => (number: number) => boolean} */
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
  return changes;
}

/**
 * @param {Program} mine
 * @param {Piece} piece
 * @param {{ my: number }} [above]
 */
function wordsFor(mine, { name, isBlock, head }, above) {
  if (!above) return `above \`${name}\``;
  if (isBlock && above.my === head) return `at the start of \`${name}\``;
  const code = mine.code(above.my);
  return `inside \`${name}\`, below ${code.length > LONG ? `your line ${above.my}` : `\`${code}\``}`;
}

/**
 * An import is taken as a whole: `from` lines of the learner's own stay, and get one more with the names they lack.
 *
 * @param {Piece} piece
 * @param {Program} ours
 * @param {Piece} found
 * @param {Program} mine
 * @param {Program[]} before
 * @returns {Change[]}
 */
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

/**
 * Where a whole piece goes that the learner lacks: beside its nearest neighbour in ours.
 *
 * @param {Piece} piece
 * @param {Program} ours
 * @param {Program} mine
 * @returns {Change | Missing}
 */
function insertion(piece, ours, mine) {
  const { parent, isBlock, isImport } = piece;
  const owner = parent ? mine.pieces.find(({ key, kind }) => key === parent && kind === "class") : undefined;
  if (parent && !owner) return { missing: parent };
  /** @param {Piece} other */
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
  const lastImport = mine.pieces.findLast((other) => other.isImport && !(below && below.from < other.from));
  if (above ? above.isImport && !isImport : isImport && !below) above = lastImport ?? above;

  const end = mine.lines.length - mine.gapAbove(mine.lines.length + 1);
  let after = owner?.to ?? (isImport ? 0 : end);
  if (above) after = above.to;
  else if (below) after = below.from - 1 - mine.gapAbove(below.from);
  let words = "at the top";
  if (after && after === end && !parent) words = "at the end of the file";
  else if (above) words = above.isImport ? "below the imports" : `below \`${above.name}\``;
  else if (owner) words = `inside \`${owner.name}\``;
  else if (after && below) words = `above \`${below.name}\``;

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

/**
 * The changes that bring these lines of a piece of ours, and those that only take old lines away.
 *
 * @param {Part} part
 * @param {Program} ours
 * @param {Program} mine
 * @param {Program[]} before
 * @returns {(Change | Missing)[]}
 */
function plan({ piece, wanted }, ours, mine, before) {
  const found = find(piece, ours, mine);
  if (!found && !wanted.includes(piece.head)) return [{ missing: piece.key }];
  if (found && mine.textOf(found) === ours.textOf(piece)) return [];
  if (found && piece.isImport) return changesOfImport(piece, ours, found, mine, before);
  const changes = found ? compare(piece, ours, found, mine, before) : [insertion(piece, ours, mine)];
  return changes.flatMap(
    /** @returns {(Change | Missing)[]} */ (change) => {
      if (!isChange(change)) return [change];
      const put = change.put.filter((number) => wanted.includes(number));
      const isCut = !change.put.length;
      return put.length || (isCut && change.instead.length) ? [{ ...change, put, isCut }] : [];
    },
  );
}

/**
 * @param {Program} ours
 * @param {Program} mine
 * @param {Change[]} changes
 */
function withChanges(ours, mine, changes) {
  /** @type {(count: number) => string[]} */
  const empty = (count) => new Array(count).fill("");
  /** @param {number} number */
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

/**
 * @param {Program} ours
 * @param {Part[]} parts
 * @param {string} mine
 * @param {string | string[] | undefined} before
 * @param {(change: Change) => boolean | undefined} isRight
 */
function merged(ours, parts, mine, before, isRight) {
  const earlier = programs(before);
  let [text, my] = [mine, new Program(mine)];
  for (const part of parts) {
    const changes = plan(part, ours, my, earlier).filter(isChange).filter(isRight);
    if (!changes.length) continue;
    text = withChanges(ours, my, changes);
    my = new Program(text);
  }
  return text;
}

/**
 * @typedef {object} Spot
 * @property {number} after
 * @property {number} line
 * @property {number} indent
 * @property {string} words
 * @property {number[]} instead the old lines that they replace
 */

/**
 * Where these lines of ours go.
 *
 * @param {string} ours
 * @param {number[]} lines
 * @param {string} mine
 * @param {string | string[]} [before]
 * @returns {Spot | Missing}
 */
export function place(ours, lines, mine, before) {
  const [our] = programs(ours);
  const my = new Program(mine);
  const parts = partsOf(our, lines);
  const changes = parts.flatMap((part) => plan(part, our, my, programs(before)));
  const change = changes.find((change) => !isChange(change) || !change.isCut);
  if (!change) {
    const { piece, wanted } = parts[0];
    const found = /** @type {Piece} */ (find(piece, our, my)); // one that is lacking would be a change
    const pair = align(our, our.own(piece), my, my.own(found)).find(([number]) => wanted.includes(number));
    const line = pair?.[1] ?? found.from;
    return { after: line - 1, line, indent: margin(my.line(line)).length, words: `your line ${line}`, instead: [] };
  }
  if (!isChange(change)) return change;
  const { put, instead, after, gap = 0 } = change;
  const gone = changes.flatMap((each) => (isChange(each) ? each.instead : []));
  const words = gone.length ? `in place of your ${inWords(gone)}` : (change.words ?? "");
  return { after, line: after + gap + 1, indent: our.depth(put[0]) * my.unit.length, words, instead };
}

/**
 * Such as “line 5”, or “lines 5 to 7 and 9”.
 *
 * @param {number[]} numbers
 */
function inWords(numbers) {
  /** @type {number[][]} */
  const runs = [];
  for (const number of numbers.toSorted((one, other) => one - other)) {
    if (runs.at(-1)?.at(-1) === number - 1) runs.at(-1)?.push(number);
    else runs.push([number]);
  }
  const said = runs.map((run) => (run.length > 1 ? `${run[0]} to ${run.at(-1)}` : `${run[0]}`));
  return `line${numbers.length > 1 ? "s" : ""} ${new Intl.ListFormat("en").format(said)}`;
}

/**
 * The program with these lines put in where they go.
 *
 * @param {string} ours
 * @param {number[]} lines
 * @param {string} mine
 * @param {string | string[]} [before]
 */
export function putIn(ours, lines, mine, before) {
  const [our] = programs(ours);
  return merged(our, partsOf(our, lines), mine, before, ({ canBe }) => canBe);
}

/**
 * The program with all that it lacks of ours. All lines of the learner's own stay.
 *
 * @param {string} ours
 * @param {string} mine
 * @param {string | string[]} [before]
 */
export function fill(ours, mine, before) {
  const [our] = programs(ours);
  const parts = our.pieces.map((piece) => ({ piece, wanted: our.own(piece) }));
  return merged(our, parts, mine, before, ({ isFree }) => isFree);
}

/**
 * The names of the pieces that are new in this program of ours, and not in the learner's.
 *
 * @param {string} ours
 * @param {string} mine
 * @param {string} before
 */
export function missing(ours, mine, before) {
  const [our, old] = programs([ours, before]);
  const my = new Program(mine);
  return our.pieces.filter((piece) => !find(piece, our, old) && !find(piece, our, my)).map(({ key }) => key);
}

/**
 * The program with these lines of ours in place of what the learner has there.
 *
 * @param {string} ours
 * @param {number[]} lines
 * @param {string} mine
 */
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
