// Finds its way in a learner's program, which need not compile: where lines of ours go, whether they are there, and
// the program with them. It knows lines and indents, no grammar; a parser gives up on a broken program.
//
// `ours` is a step's whole program, `mine` the learner's, and `before` our program of the step before, or a list of
// all the earlier ones: only lines that stand there may be replaced. Lines are numbered from 1.

const HEAD = /^(?:async\s+)?(def|class|from)\s+([^\s(:]+)/u;
const ASSIGNED = /^([\p{L}_][\p{L}\p{M}\p{N}_.]*)\s*(?::(?!=)[^=]*)?(?:=(?!=)|$)/u;
const GOES_ON = /^(?:[)\]}]|(?:elif|else|except|finally)\b)/;
const DOOR = /^\s*(?:@[^\s(]+\.(\w+)|[^\s(]+\.(frontend|mount|add_\w*route))\(\s*["']([^"']*)["'](.*)/gmu;
const COMMENT = /^((?:[^#"']|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')*)#.*$/;
const ALIKE = 0.4; // the share of two lines that must be the same at their beginnings and ends
const LONG = 36; // characters; a longer line is called by its number

const margin = (line) => /^[ \t]*/.exec(line)[0];
const isEmpty = (line) => !line.trim();

/** A line without the spaces and the comment around it; a comment on a line of its own stays. */
const codeOf = (line) => line.replace(COMMENT, "$1").trim() || line.trim();

/** How many brackets a line leaves open. */
const opened = (code) => code.split(/[([{]/).length - code.split(/[)\]}]/).length;

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
  const text = lines.map(codeOf).join("\n");
  return [...text.matchAll(DOOR)].map(([, verb, call, path, rest]) => {
    let method = verb ?? call;
    if (method.includes("websocket")) method = "websocket";
    else if (method.includes("route")) method = /methods\s*=\s*.["'](\w+)/.exec(rest)?.[1].toLowerCase() ?? "get";
    return `${method} ${path.replace(/\{[^}]*\}/g, "{}")}`;
  });
}

const SPLIT = /[\s,()\\]+/;

/** The names that an import brings; `a as b` is one. */
function namesOf(lines) {
  const text = lines.map((line) => line.replace(COMMENT, "$1")).join(" ");
  const names = text.replace(/^.*?\bimport\b/, "").replace(/\s+as\s+/g, "=");
  return names.split(SPLIT).filter(Boolean);
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

/** Which of these lines belong together, in order: as many equal ones as can be, then such as are alike. */
function align(a, b) {
  const best = Array.from({ length: a.length + 1 }, () => new Array(b.length + 1).fill(0));
  const like = a.map((one) => b.map((other) => likeness(one, other)));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const together = like[i][j] && like[i][j] + best[i + 1][j + 1];
      best[i][j] = Math.max(together, best[i + 1][j], best[i][j + 1]);
    }
  }
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (like[i][j] && best[i][j] === like[i][j] + best[i + 1][j + 1]) pairs.push([i++, j++]);
    else if (best[i][j] === best[i + 1][j]) i++;
    else j++;
  }
  return pairs;
}

/** A program, its lines and its pieces. */
class Program {
  constructor(text) {
    this.text = text;
    this.lines = text.split("\n");
    this.end = text.includes("\r\n") ? "\r" : "";
    if (this.lines.at(-1) === "") this.lines.pop();
    else this.lines.push(this.lines.pop() + this.end);
    this.unit = unitOf(this.lines);
    this.pieces = this.#pieces();
  }

  line(number) {
    return this.lines[number - 1] ?? "";
  }

  code(number) {
    return codeOf(this.line(number));
  }

  /** How far in a line stands. One space too many or two too few make no difference. */
  depth(number) {
    const width = this.unit === "\t" ? 4 : this.unit.length;
    return Math.round(margin(this.line(number)).replaceAll("\t", " ".repeat(width)).length / width);
  }

  codes(numbers) {
    return numbers.map((number) => this.code(number));
  }

  /** All of a line that means something: its indent, its code and its comment. */
  whole(number) {
    return `${this.depth(number)} ${this.line(number).trim()}`;
  }

  gapAbove(number) {
    let above = number - 1;
    while (above > 0 && isEmpty(this.line(above))) above--;
    return number - 1 - above;
  }

  /** The numbers of a piece's own lines: no empty ones, and none of a class's methods. */
  own(piece) {
    if (!piece) return [];
    const inside = this.pieces.filter(({ parent }) => parent === piece.key && piece.kind === "class");
    const isOwn = (number) => !isEmpty(this.line(number)) && !inside.some(({ from, to }) => from <= number && number <= to);
    return Array.from({ length: piece.to - piece.from + 1 }, (_, at) => piece.from + at).filter(isOwn);
  }

  #pieces() {
    const found = [];
    let owner = null; // the class that we are in
    let last = null;
    let waiting = 0; // the first of the decorators and comments that the next piece has above it
    let decorated = false;
    let open = 0; // brackets of a decorator
    this.lines.forEach((line, at) => {
      const number = at + 1;
      const code = codeOf(line);
      if (!code) {
        if (!decorated) waiting = 0;
        return;
      }
      const depth = this.depth(number);
      const isInside = depth > 0 && !(depth === 1 && owner);
      if (decorated && open > 0 && (isInside || GOES_ON.test(code))) {
        open += opened(code);
        return;
      }
      if ((isInside && !decorated) || GOES_ON.test(code)) {
        waiting = 0;
        if (last) last.to = number;
        if (owner) owner.to = number;
        return;
      }
      if ("#@".includes(code[0])) {
        waiting ||= number;
        decorated ||= code[0] === "@";
        open = opened(code);
        return;
      }
      if (depth === 0) owner = null;
      const [, keyword, name] = HEAD.exec(code) ?? [];
      const kind = keyword ?? (/^import\b/.test(code) ? "import" : ASSIGNED.test(code) ? "=" : "");
      const key = kind === "from" ? `from ${name}` : name ?? (kind === "=" ? ASSIGNED.exec(code)[1] : code.replace(/:$/, ""));
      const parent = owner?.key ?? "";
      last = { key: parent ? `${parent}.${key}` : key, name: key, kind, parent, from: waiting || number, head: number, to: number };
      found.push(last);
      if (owner) owner.to = number;
      if (kind === "class" && depth === 0) owner = last;
      waiting = 0;
      decorated = false;
    });
    for (const piece of found) {
      piece.doors = piece.kind === "class" ? [] : doorsOf(this.lines.slice(piece.from - 1, piece.to));
      piece.door = piece.doors[0] ?? "";
      piece.isImport = ["import", "from"].includes(piece.kind);
      piece.isBlock = ["def", "class"].includes(piece.kind);
      if (piece.isImport) piece.names = namesOf(this.lines.slice(piece.head - 1, piece.to));
    }
    return found;
  }
}

/** The piece of `mine` that is this one of `ours`: it has the same door, or else the same name. */
function find(piece, ours, mine) {
  const isOther = ({ doors }) => ours.pieces.some((other) => other.doors.some((door) => doors.includes(door)));
  const isSame = ({ kind, names }) => kind === "import" && piece.kind === kind && piece.names.every((name) => names.includes(name));
  return (
    mine.pieces.find(({ doors }) => doors.some((door) => piece.doors.includes(door))) ??
    mine.pieces.find((other) => isSame(other) || (other.key === piece.key && !isOther(other)))
  );
}

/** The names that an import of ours brings and the learner lacks. */
function namesLacking(piece, mine) {
  const known = mine.pieces.filter(({ kind, key }) => kind === piece.kind && (kind === "import" || key === piece.key));
  return piece.names.filter((name) => !known.some(({ names }) => names.includes(name)));
}

/**
 * What makes a piece of the learner's like ours: changes that put lines of ours after a line, `instead` of others.
 * One that `isFree` takes away no line of the learner's own. One that cannot be put in is for the eye only.
 */
function compare(piece, ours, found, mine, before) {
  const [our, my] = [ours.own(piece), mine.own(found)];
  const same = (one, numbers, other, others) =>
    align(one.codes(numbers), other.codes(others)).map(([i, j]) => [numbers[i], others[j]]).filter(([n, m]) => one.whole(n) === other.whole(m));
  const old = new Set(); // lines of theirs that stand just so in an earlier program of ours, and no longer in ours
  for (const earlier of before) {
    const its = earlier.own(find(piece, ours, earlier));
    const kept = new Map(same(earlier, its, ours, our));
    for (const [line, its_] of same(mine, my, earlier, its)) if (!kept.has(its_)) old.add(line);
  }
  const pairs = align(ours.codes(our), mine.codes(my)).map(([i, j]) => {
    const isOld = old.has(my[j]) && ours.whole(our[i]) !== mine.whole(my[j]);
    return { our: our[i], my: my[j], isOld, isSame: !isOld && ours.code(our[i]) === mine.code(my[j]) };
  });
  // Beside a line that is indented otherwise, or leaves other brackets open, ours would not fit.
  const isFirm = (pair) => !pair || pair.isOld ||
    (ours.depth(pair.our) === mine.depth(pair.my) && opened(ours.code(pair.our)) === opened(mine.code(pair.my)));
  const paired = new Set(pairs.map((pair) => pair.my));
  const loose = mine.codes(my.filter((number) => !paired.has(number) && !old.has(number)));
  const changes = [];
  let above;
  for (const below of [...pairs, undefined]) {
    const between = (number, side) => number > (above?.[side] ?? 0) && number < (below?.[side] ?? Infinity);
    const put = our.filter((number) => between(number, "our"));
    const theirs = my.filter((number) => between(number, "my"));
    const isMoved = put.some((number) => loose.includes(ours.code(number)));
    const isFree = isFirm(above) && isFirm(below) && !isMoved && theirs.every((number) => old.has(number));
    const canBe = isFree || (above && isFirm(above) && !put.includes(piece.head)); // never a second head
    const after = above?.my ?? found.from - 1;
    changes.push({ put, instead: isFree ? theirs : [], after, isFree, canBe, words: wordsFor(mine, found, above) });
    if (below && !below.isSame) {
      const { our: ourLine, my: myLine, isOld } = below;
      changes.push({ put: [ourLine], instead: [myLine], after: myLine - 1, isFree: isOld, canBe: isOld });
    }
    above = below;
  }
  return { changes, pairs };
}

function wordsFor(mine, found, above) {
  if (!above) return `above \`${found.name}\``;
  if (found.isBlock && above.my === found.head) return `at the start of \`${found.name}\``;
  const code = mine.code(above.my);
  return `inside \`${found.name}\`, below ${code.length > LONG ? `your line ${above.my}` : `\`${code}\``}`;
}

/** Where a whole piece goes that the learner lacks: beside its nearest neighbour in ours. */
function insertion(piece, ours, mine) {
  const { parent, isBlock, isImport } = piece;
  const owner = parent && mine.pieces.find(({ key, kind }) => key === parent && kind === "class");
  if (parent && !owner) return { missing: parent };
  const beside = ours.pieces.filter((other) => other.parent === parent);
  const inMine = (other) => {
    const found = find(other, ours, mine);
    return found?.parent === parent ? found : mine.pieces.find(({ key }) => key === found?.parent);
  };
  const at = beside.indexOf(piece);
  let above = beside.slice(0, at).reverse().map(inMine).find(Boolean);
  let below = beside.slice(at + 1).map(inMine).find(Boolean);
  const lastImport = mine.pieces.findLast((other) => other.isImport && !(below?.from < other.from));
  if (above ? above.isImport && !isImport : isImport && !below) above = lastImport ?? above;
  if (above) below = undefined;
  const end = mine.lines.length - mine.gapAbove(mine.lines.length + 1);
  let after = above?.to ?? owner?.to ?? (isImport ? 0 : end);
  if (below) after = below.from - 1 - mine.gapAbove(below.from);
  let words = "at the top";
  if (after && after === end && !parent) words = "at the end of the file";
  else if (above) words = above.isImport ? "below the imports" : `below \`${above.name}\``;
  else if (owner) words = `inside \`${owner.name}\``;
  else if (after) words = `above \`${below.name}\``;

  const wide = parent ? 1 : 2;
  const neighbour = mine.pieces.find((other) => other.parent === parent && other.to === after);
  const isFirst = after === 0 || (owner && !neighbour);
  const gap = isFirst ? 0 : isBlock || neighbour?.isBlock ? wide : ours.gapAbove(piece.from);
  let next = after + 1;
  while (next <= mine.lines.length && isEmpty(mine.line(next))) next++;
  const nextPiece = mine.pieces.find(({ from }) => from === next);
  const nextOfOurs = beside[at + 1];
  let want = 0;
  if (next > mine.lines.length) want = 0;
  else if (parent && nextPiece?.parent !== parent) want = 2;
  else if (isBlock || nextPiece?.isBlock) want = wide;
  else if (nextOfOurs && inMine(nextOfOurs) === nextPiece) want = ours.gapAbove(nextOfOurs.from);
  const gapBelow = Math.max(0, want - (next - after - 1));
  return { put: ours.own(piece), instead: [], after, gap, gapBelow, words, isFree: true, canBe: true };
}

/** The changes that bring these lines of a piece of ours, and the ones that only take old lines away. */
function plan(piece, wanted, ours, mine, before) {
  const found = find(piece, ours, mine);
  if (!found) {
    if (!wanted.has(piece.head)) return [{ missing: piece.key }];
    const all = insertion(piece, ours, mine);
    return [all.missing ? all : { ...all, put: all.put.filter((number) => wanted.has(number)) }];
  }
  if (!piece.isImport) {
    const { changes } = compare(piece, ours, found, mine, before);
    return changes
      .map((change) => ({ ...change, put: change.put.filter((number) => wanted.has(number)), isCut: !change.put.length }))
      .filter(({ put, isCut, instead }) => put.length || (isCut && instead.length));
  }
  const [our, my] = [ours.own(piece), mine.own(found)];
  const text = mine.codes(my).join();
  const isOld = before.some((earlier) => earlier.codes(earlier.own(find(piece, ours, earlier))).join() === text);
  const lacking = namesLacking(piece, mine);
  if (isOld && text !== ours.codes(our).join()) {
    return [{ put: our, instead: my, after: my[0] - 1, isFree: true, canBe: true }];
  }
  if (!lacking.length) return [];
  const extra = `${piece.kind === "from" ? piece.key : ""} import ${lacking.join(", ")}`.trim().replaceAll("=", " as ");
  return [{ put: our, extra, instead: [], after: found.to, isFree: true, canBe: true, words: `below your line ${found.to}` }];
}

/** For each piece of ours that has some of these lines: the piece and these lines. */
function partsOf(ours, lines) {
  return ours.pieces
    .map((piece) => ({ piece, wanted: new Set(ours.own(piece).filter((number) => lines.includes(number))) }))
    .filter(({ wanted }) => wanted.size);
}

function changed(ours, mine, changes) {
  const gone = new Set(changes.flatMap(({ instead }) => instead));
  const empty = (count) => new Array(count).fill("");
  const out = [];
  for (let number = 0; number <= mine.lines.length; number++) {
    if (number && !gone.has(number)) out.push(mine.line(number));
    for (const { put, extra, after, gap = 0, gapBelow = 0 } of changes) {
      if (after !== number) continue;
      const text = put.flatMap((each, at) => [
        ...empty(at ? ours.gapAbove(each) : gap),
        mine.unit.repeat(ours.depth(each)) + ours.line(each).trim(),
      ]);
      out.push(...[...(extra ? [extra] : text), ...empty(gapBelow)].map((line) => line + mine.end));
    }
  }
  return out.map((line) => `${line}\n`).join("");
}

const programs = (texts) => [texts ?? []].flat().map((text) => new Program(text));

/** The pieces of a program, in order. A class has its methods after it; decorators and comments above belong to a piece. */
export function pieces(text) {
  return new Program(text).pieces;
}

/** Where these lines of ours go: `{ after, line, indent, words }`, or `{ missing }`, what must be built first. */
export function place(ours, lines, mine, before) {
  const [our, my] = programs([ours, mine]);
  const parts = partsOf(our, lines);
  const earlier = programs(before);
  const [change] = parts.flatMap(({ piece, wanted }) => plan(piece, wanted, our, my, earlier)).filter(({ isCut }) => !isCut);
  if (!change) {
    const line = find(parts[0].piece, our, my).from;
    return { after: line - 1, line, indent: margin(my.line(line)).length, words: `your line ${line}` };
  }
  if (change.missing) return change;
  const { put, instead, after, gap = 0 } = change;
  const last = instead.length > 1 ? `s ${instead[0]} to ${instead.at(-1)}` : ` ${instead[0]}`;
  const words = instead.length ? `in place of your line${last}` : change.words;
  return { after, line: after + gap + 1, indent: our.depth(put[0]) * my.unit.length, words };
}

/** Are these lines of ours there? "ours": like ours, "yours": there, but different, or "missing". */
export function state(ours, lines, mine, before) {
  const [our, my] = programs([ours, mine]);
  const earlier = programs(before);
  const found = partsOf(our, lines).map(({ piece, wanted }) => {
    const there = find(piece, our, my);
    if (!there) return "missing";
    if (piece.isImport) {
      const [change] = plan(piece, wanted, our, my, earlier);
      return !change ? "ours" : change.instead.length ? "missing" : "yours";
    }
    const { pairs, changes } = compare(piece, our, there, my, earlier);
    const same = new Set(pairs.filter(({ isSame }) => isSame).map(({ our: number }) => number));
    const code = [...wanted].filter((number) => !our.code(number).startsWith("#"));
    if (code.every((number) => same.has(number))) return "ours";
    const isOther = ({ put, isFree }) => !isFree && put.some((number) => wanted.has(number) && (number === piece.head));
    const isAlike = pairs.some(({ our: number, isOld }) => wanted.has(number) && !isOld);
    return isAlike || changes.some(isOther) ? "yours" : "missing";
  });
  return found.every((each) => each === found[0]) ? found[0] : "yours";
}

function merged(ours, parts, mine, before, isRight) {
  const earlier = programs(before);
  let text = mine;
  for (const { piece, wanted } of parts) {
    const my = new Program(text);
    const changes = plan(piece, wanted, ours, my, earlier).filter((change) => !change.missing && isRight(change));
    if (changes.length) text = changed(ours, my, changes);
  }
  return text;
}

/** The program with these lines put in where they go. */
export function putIn(ours, lines, mine, before) {
  const our = new Program(ours);
  return merged(our, partsOf(our, lines), mine, before, ({ canBe }) => canBe);
}

/** The program with all that it lacks of ours. All lines of the learner's own stay. */
export function fill(ours, mine, before) {
  const our = new Program(ours);
  const all = our.lines.map((_, at) => at + 1);
  return merged(our, partsOf(our, all), mine, before, ({ isFree }) => isFree);
}
