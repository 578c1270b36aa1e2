// @ts-nocheck: not typed yet
// Small slips in lines that are ours but for a few symbols: what to look at, and how to mend it. A program that is right
// has none, however different it is from ours: each of these is something that Python would stumble over.

import { Program, align, find, margin, partsOf, programs } from "./pieces.js";

const NEEDS = {
  else: ["if", "elif", "for", "while", "except"],
  elif: ["if", "elif"],
  except: ["try", "except"],
  finally: ["try", "except", "else"],
};
const TURNS = 40; // mending one slip may bring another to light

const width = (line) => margin(line).replaceAll("\t", "        ").length;
const isCode = (code) => code && !code.startsWith("#");
const wordOf = (code) => /^(?:async\s+)?(\w*)/.exec(code)[1];

/** The numbers of the lines that begin inside brackets or inside a text: there, spaces are free. `left` are the brackets left open. */
function middles(lines) {
  const found = new Set();
  let open = 0;
  let quote = "";
  lines.forEach((line, at) => {
    if (open > 0 || quote) found.add(at + 1);
    for (const [part] of line.matchAll(/\\.|"""|'''|["'#()[\]{}]/g)) {
      if (quote) quote = part === quote ? "" : quote;
      else if (part === "#") break;
      else if (/["']/.test(part)) quote = part;
      else if (part.length === 1) open += "([{".includes(part) ? 1 : -1;
    }
    if (line.trimEnd().endsWith("\\")) found.add(at + 2);
    else if (quote.length === 1) quote = ""; // it was not closed
  });
  return Object.assign(found, { left: open });
}

/** The lines that start too far to the left or to the right: `[number, width it should have]`. */
function askew(my, inside) {
  const found = [];
  const levels = [0];
  const last = {}; // level -> the first word of its newest line
  let above = "";
  my.all.forEach((code, at) => {
    const number = at + 1;
    if (!isCode(code)) return;
    if (!inside.has(number)) {
      const word = wordOf(code);
      const wide = width(my.line(number));
      const opens = above.endsWith(":");
      const fits = NEEDS[word] && levels.filter((level) => NEEDS[word].includes(last[level]));
      let wanted = wide;
      if (fits?.length && !fits.includes(wide)) wanted = fits.at(-1);
      else if (opens && wide <= levels.at(-1))
        wanted = my.code(at) ? levels.at(-1) + 4 : wide; // below a gap: something else is missing
      else if (!opens && wide > levels.at(-1)) wanted = levels.at(-1);
      else if (!opens && !levels.includes(wide)) wanted = levels.findLast((level) => level < wide);
      if (wanted !== wide) found.push([number, wanted]);
      while (levels.at(-1) > wide) delete last[levels.pop()];
      if (levels.at(-1) < wide) levels.push(wide);
      last[wide] = word;
    }
    above = code;
  });
  return found;
}

/** The lines that are ours but for their spaces get those of ours. Failing that, the one that is wrong moves, and its block. */
function straightened(our, wanted, my, number, by) {
  const there = my.lines.map((_, at) => at + 1).filter(my.code);
  const pairs = new Map(align(our, wanted, my, there).map(([one, other]) => [other, one]));
  const moved = my.lines.map((line, at) => {
    const twin = pairs.get(at + 1);
    return twin && our.code(twin) === my.code(at + 1) ? my.unit.repeat(our.depth(twin)) + line.trim() + my.end : line;
  });
  if (moved.some((line, at) => line !== my.lines[at])) return moved;
  const next = my.lines.findIndex((line, at) => at >= number && line.trim() && width(line) <= width(my.line(number)));
  const isInBlock = (at) => at + 1 === number || (at >= number && (next < 0 || at < next));
  const shift = (line) => (by > 0 ? " ".repeat(by) + line : line.replace(new RegExp(`^ {0,${-by}}`), ""));
  return my.lines.map((line, at) => (isInBlock(at) && line.trim() ? shift(line) : line));
}

function spaces(our, wanted, my, number, column) {
  const mend = () => straightened(our, wanted, my, number, column - width(my.line(number)));
  return { number, words: `Look at the spaces at the start of your line ${number}.`, mend };
}

/** Lines instead of these. */
const instead = (from, to, put) => (lines) => [...lines.slice(0, from - 1), ...put, ...lines.slice(to)];

/** A line that was broken in two, as it looks where there is no room for it. */
function broken(our, wanted, my, inside) {
  for (const line of wanted.map((number) => our.line(number).trim())) {
    for (let number = 1; number < my.lines.length; number++) {
      const start = my.line(number).trim();
      const rest = line.slice(start.length);
      if (!start || !rest || !line.startsWith(start)) continue;
      const to = [number + 1, number + 2].find((end) => {
        const below = my.lines.slice(number, end).map((each) => each.trim());
        return below.every(Boolean) && [below.join(""), below.join(" ")].includes(rest.trim());
      });
      if (!to || rest.trim().startsWith("#")) continue;
      const isInWord = /\w$/.test(start) && /^\w/.test(rest);
      const isInText = start.split('"').length % 2 === 0;
      if (inside.has(number + 1) && !isInWord && !isInText) continue; // in brackets a line may go on below
      const words = `Your lines ${number} and ${number + 1} are one line. Join them.`;
      return { number, words, mend: instead(number, to, [margin(my.line(number)) + line + my.end]) };
    }
  }
}

/** A symbol that is missing. What Python minds comes from the line above. */
function symbol(our, wanted, my, { left }) {
  for (const line of wanted) {
    const code = our.code(line);
    for (let number = 1; number <= my.lines.length; number++) {
      const theirs = my.code(number);
      if (theirs.length !== code.length - 1) continue;
      let at = 0;
      while (theirs[at] === code[at] && at < theirs.length) at++;
      if (!":()[]{}\"'".includes(code[at]) || code.slice(at + 1) !== theirs.slice(at)) continue;
      if (our.all.includes(theirs) || ("()[]{}".includes(code[at]) && !left)) continue; // it comes further down
      const words = `Your line ${number} needs a \`${code[at]}\`${at === code.length - 1 ? " at its end" : ""}.`;
      return {
        number,
        words,
        mend: instead(number, number, [margin(my.line(number)) + our.line(line).trim() + my.end]),
      };
    }
  }
}

/** Spaces that make no sense to Python, or that put a line of ours into another block. */
function shifted(our, parts, wanted, my, inside) {
  const codes = wanted.map(our.code);
  const isHere = (number) => {
    const isOnce = our.all.filter((code) => code === my.code(number)).length === 1;
    return (
      codes.includes(my.code(number)) &&
      (isOnce || parts.some(({ found }) => found?.from <= number && number <= found.to))
    );
  };
  const wrong = askew(my, inside).find(([number]) => isHere(number));
  if (wrong) return spaces(our, wanted, my, ...wrong);
  for (const { piece, found } of parts) {
    const unit = my.unit === "\t" ? 8 : my.unit.length;
    if (found) {
      // All lines are there, in order, and one stands further in or out.
      const [ours, theirs] = [our.own(piece), my.own(found)].map((numbers, at) =>
        numbers.filter((n) => isCode([our, my][at].code(n))),
      );
      if (ours.length !== theirs.length || ours.some((number, at) => our.code(number) !== my.code(theirs[at])))
        continue;
      const at = ours.findIndex(
        (number, at) =>
          wanted.includes(number) && !inside.has(theirs[at]) && our.depth(number) !== my.depth(theirs[at]),
      );
      if (at >= 0) return spaces(our, wanted, my, theirs[at], our.depth(ours[at]) * unit);
      continue;
    }
    // It stands inside something of ours to which it does not belong.
    const number = my.all.indexOf(our.code(piece.head)) + 1;
    const around = my.pieces.findLast(({ from, to, isBlock }) => isBlock && from < number && number <= to);
    const isOurs = our.pieces.some(({ key }) => key === around?.key);
    if (number && wanted.includes(piece.head) && isOurs && my.depth(number) > our.depth(piece.head))
      return spaces(our, wanted, my, number, our.depth(piece.head) * unit);
  }
}

/** What Python reads too early: a line that uses this piece stands above it. */
function tooLate(our, parts, my) {
  for (const { piece, found } of parts) {
    if (!found || piece.parent || piece.isImport || /[^\p{L}\p{N}_]/u.test(piece.name)) continue;
    const uses = new RegExp(`(?<![\\w.])${piece.name}\\b`);
    const user = my.pieces.find((other) => {
      const twin = our.pieces.find(({ key }) => key === other.key);
      return (
        twin?.kind === "=" &&
        !other.parent &&
        other.to < found.from &&
        twin.from > piece.to &&
        uses.test(our.code(twin.head)) &&
        uses.test(my.code(other.head))
      );
    });
    if (!user || my.pieces.find(({ key }) => key === piece.key) !== found) continue;
    const mend = (lines) => [
      ...lines.slice(0, user.from - 1),
      ...lines.slice(found.from - 1, found.to),
      ...[my.end, my.end],
      ...lines.slice(user.from - 1, found.from - 1),
      ...lines.slice(found.to),
    ];
    return { number: found.from, words: `It must be above your line ${user.from}.`, mend };
  }
}

/** An old line that was to be replaced, and comes again below. */
function leftOver(parts, my, earlier) {
  for (const { piece, found } of parts) {
    const again = my.pieces.findLast(({ key, kind }) => key === found?.key && kind === piece.kind);
    if (!again || again.from <= found.to || piece.isImport) continue;
    const isOld = earlier.some((old) =>
      old.pieces.some((other) => other.key === piece.key && old.textOf(other) === my.textOf(again)),
    );
    if (!isOld || my.textOf(again) === my.textOf(found)) continue;
    const words = `Delete your line ${again.from}. It is the old one.`;
    return { number: again.from, words, mend: instead(again.from, again.to, []) };
  }
}

/** The first slip in these lines of ours, or nothing: `{ number, words, mend }`. */
export function slip(ours, lines, mine, before) {
  const [our] = programs(ours);
  const my = new Program(mine);
  const parts = partsOf(our, lines).map((part) => ({ ...part, found: find(part.piece, our, my) }));
  const wanted = lines.filter((number) => isCode(our.code(number)));
  const inside = middles(my.lines);
  return (
    broken(our, lines, my, inside) ??
    symbol(our, wanted, my, inside) ??
    shifted(our, parts, wanted, my, inside) ??
    tooLate(our, parts, my) ??
    leftOver(parts, my, programs(before))
  );
}

/** The program without slips in these lines. */
export function mended(ours, lines, mine, before) {
  for (let turn = 0; turn < TURNS; turn++) {
    const found = slip(ours, lines, mine, before);
    if (!found) break;
    mine = `${found.mend(new Program(mine).lines).join("\n")}\n`;
  }
  return mine;
}

/** The number of the first line that the learner has in another way than ours, or nothing. */
export function different(ours, lines, mine) {
  const [our] = programs(ours);
  const my = new Program(mine);
  for (const { piece, wanted } of partsOf(our, lines)) {
    const pairs = align(our, wanted, my, my.own(find(piece, our, my)));
    const pair = pairs.find(([one, other]) => our.code(one) !== my.code(other));
    if (pair) return pair[1];
  }
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
