// The task boxes in the words: each knows the learner's program, says where its lines go, and helps to get them there.

import { part } from "../clubhouse/dom.js";
import { button, dialog, element, inline, paragraph } from "./dom.js";
import { Judge, renamed } from "./judge.js";
import { fill, missing, place, putIn, swapped } from "./pieces.js";

const NEAR = 4; // lines above the one that Python complains about

/** @typedef {import("./bench.js").Bench} Bench */
/** @typedef {import("./judge.js").Fault} Fault */
/** @typedef {import("./judge.js").Verdict} Verdict */
/** @typedef {import("./mine.js").Mine} Mine */
/** @typedef {import("./page.js").Site} Site */
/** @typedef {import("./page.js").Step} Step */
/** @typedef {import("./pieces.js").Missing} Missing */
/** @typedef {import("./pieces.js").Spot} Spot */

/**
 * @typedef {object} Box
 * @property {HTMLElement} code
 * @property {number[]} lines of ours
 * @property {string} of which program they are
 * @property {string} source this program
 * @property {string} title
 * @property {HTMLElement} badge
 * @property {HTMLElement} where
 */

/** @typedef {{ judge: Judge, boxes: Box[], found: Verdict[] }} Judged the boxes of one program */
/** @typedef {Omit<Verdict, "there"> & { there: Verdict["there"] | "yours", line?: number }} Found */

export class Boxes {
  #bench;
  #mine;
  #site;
  #step;
  #boxes;
  #notice;
  #called;
  /** @type {{ text: string, names: string, judges: Record<string, Judged> }} */
  #judged = { text: "", names: "", judges: {} }; // the program that was looked at last, and what came of it
  /** @type {{ text: string, names: Map<string, string> }} */
  #praised = { text: "", names: new Map() }; // what the checker praised last, and what it calls something else

  /**
   * @param {Element} page
   * @param {Bench} bench
   * @param {Mine} mine
   * @param {Site} site
   */
  constructor(page, bench, mine, site) {
    this.#bench = bench;
    this.#mine = mine;
    this.#site = site;
    this.#step = /** @type {Step} */ (bench.step); // no page has a workbench without one
    const codes = /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-new]"));
    this.#boxes = [...codes].map((code) => this.#dress(code));
    this.#notice = element("p", { className: "skipped", hidden: true });
    this.#called = element("p", { className: "skipped called", hidden: true });
    part(page, "h1").after(this.#notice, this.#called);
    this.#look();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let soon;
    this.look = () => {
      clearTimeout(soon);
      soon = setTimeout(() => this.#look(), 150); // typing comes first
    };
    mine.addEventListener("change", this.look);
  }

  leave() {
    this.#mine.removeEventListener("change", this.look);
  }

  /** The first box that is not in the learner's program yet, or differs from ours. */
  get next() {
    return this.#boxes.find((box) => ["missing", "look"].includes(this.#found(box).there));
  }

  /**
   * The first line that differs from ours at this line of the program or just above it, or nothing.
   *
   * @param {number} line
   */
  slipAbove(line) {
    const faults = this.#boxes.flatMap((box) => this.#found(box).faults).filter(({ isOther }) => !isOther);
    return faults.sort((a, b) => a.number - b.number).find(({ number }) => number <= line && number > line - NEAR);
  }

  /** A word of this step that is not ours, though the step works without it: a later one may ask for it by its name. */
  get slip() {
    const ofStep = this.#boxes.filter(({ of }) => of === this.#step.name);
    const all = ofStep.flatMap((box) => {
      const { judge, boxes } = this.#judge(box);
      return judge.of(boxes.indexOf(box)).faults;
    });
    return all.find(({ isOther, words }) => !isOther && words.includes("`"));
  }

  /**
   * This line of the program and ours, one below the other, if they differ. An old line is to go.
   *
   * @param {number} line
   */
  beside(line) {
    for (const box of this.#boxes) {
      const fault = this.#found(box).faults.find(({ number, last }) => number <= line && line <= last);
      if (fault) return fault.isOurs ? [paragraph(fault.words)] : this.#besideOurs(box, fault);
    }
  }

  /**
   * @param {Box} box
   * @param {Fault} fault
   */
  #besideOurs({ source }, { number, last, our, isMissing }) {
    const theirs = listing(this.#mine.text.split("\n").slice(number - 1, last));
    const ours = our && listing([source.split("\n")[our - 1]]);
    if (!ours) return [element("p", {}, "Ours has no such line:"), theirs];
    const parts = isMissing ? ["This line of ours is missing:", ours] : ["Yours:", theirs, "Ours:", ours];
    return [element("div", { className: "beside" }, ...parts)];
  }

  /**
   * The judge of this box and of all others that come from the same program of ours.
   *
   * @param {Box} box
   */
  #judge({ of, source }) {
    const { text } = this.#mine;
    const names = [...this.#names].join();
    if (this.#judged.text !== text || this.#judged.names !== names) this.#judged = { text, names, judges: {} };
    this.#judged.judges[of] ??= this.#newJudge(of, source, text);
    return this.#judged.judges[of];
  }

  /**
   * @param {string} of
   * @param {string} source
   * @param {string} text
   * @returns {Judged}
   */
  #newJudge(of, source, text) {
    const boxes = this.#boxes.filter((box) => box.of === of);
    const isStep = of === this.#step.name;
    const later = this.#site.steps.filter(({ number }) => isStep && number > this.#step.number);
    const judge = new Judge(
      source,
      boxes.map(({ lines }) => lines),
      text,
      { before: this.#before(of), later: later.map((step) => this.#ours(step.source)), said: this.#site.said },
    );
    return { judge, boxes, found: [] };
  }

  /**
   * How far the learner is with a box, as the judge says. What the checker has praised, just as it is, is right.
   *
   * @param {Box} box
   * @returns {Found}
   */
  #found(box) {
    const { judge, boxes, found } = this.#judge(box);
    const at = boxes.indexOf(box);
    found[at] ??= judge.of(at);
    const isPraised =
      found[at].there !== "ours" && box.of === this.#step.name && this.#mine.isPraised(this.#step.number);
    return isPraised ? { there: "yours", faults: [], line: judge.first(at) } : { ...found[at], line: judge.first(at) };
  }

  /**
   * The names from before this page that the learner calls something else, in a program that works: ours and theirs.
   *
   * @returns {Map<string, string>}
   */
  get #names() {
    const { praised, text } = this.#mine;
    const { steps, starter, said } = this.#site;
    const source = steps.find(({ number }) => number === praised?.step)?.source;
    if (!praised || !source) return new Map();
    if (this.#praised.text !== praised.text) {
      const { names } = new Judge(source, [], praised.text, { said });
      this.#praised = { text: praised.text, names };
    }
    /** @type {(text: string, name: string) => boolean} */
    const has = (text, name) => new RegExp(`(?<!\\w)${name}(?!\\w)`).test(text);
    const before = steps.findLast(({ number }) => number < this.#step.number)?.source ?? starter;
    const isStill = (/** @type {[string, string]} */ [our, their]) => has(before, our) && has(text, their);
    return new Map([...this.#praised.names].filter(isStill));
  }

  /**
   * A program of ours, with the learner's names.
   *
   * @param {string} source
   */
  #ours = (source) => renamed(source, this.#names);

  /** Our programs before a step, or before an idea that adds to the step of this page. */
  #before(name = this.#step.name) {
    const last = this.#site.steps.find((step) => step.name === name)?.number ?? this.#step.number + 1;
    const earlier = this.#site.steps.filter(({ number }) => number < last);
    return [this.#site.starter, ...earlier.map(({ source }) => this.#ours(source))];
  }

  /** @param {HTMLElement} code */
  #dress(code) {
    const { new: fresh = "", of = "" } = code.dataset;
    const lines = fresh.split(" ").map(Number);
    const source = [...this.#site.steps, ...this.#site.ideas].find(({ name }) => name === of)?.source ?? "";
    const title = code.closest(".admonition")?.querySelector(".admonition-title")?.textContent ?? "This box";
    const badge = element("b", { className: "badge" });
    const where = element("span");
    const ours = () => this.#ours(source);
    const box = {
      code,
      lines,
      of,
      title,
      badge,
      where,
      get source() {
        return ours();
      },
    };
    const show = button("Show me where", () => this.#show(box));
    code.before(
      element(
        "p",
        { className: "place" },
        badge,
        " ",
        where,
        " ",
        show,
        " ",
        button("Help me", () => this.help(box)),
      ),
    );
    return box;
  }

  /** One box after another, so that the page can do other things in between. */
  async #look() {
    const { text } = this.#mine;
    for (const box of this.#boxes) {
      await spareTime();
      if (text !== this.#mine.text || !this.#notice.isConnected) return;
      const found = this.#found(box);
      const names = {
        missing: "not there yet",
        look: `look at line ${found.faults[0]?.number}`,
        yours: "yours",
        ours: "like ours",
      };
      box.badge.textContent = names[found.there];
      box.badge.dataset.there = found.there;
      const spot =
        found.isBegun || found.there === "yours" ? null : place(box.source, box.lines, text, this.#before(box.of));
      box.where.replaceChildren(...inline(wordsFor(found, spot)));
      this.#number(box, spot && "line" in spot ? spot.line : undefined);
    }
    await spareTime();
    this.#lookBack(text);
    this.#sayNames();
  }

  /** Names of the learner's own work as well as ours, but the boxes are printed with ours. */
  #sayNames() {
    const printed = this.#boxes.map(({ code }) => code.textContent).join("\n");
    const told = [...this.#names]
      .filter(([our]) => new RegExp(`(?<!\\w)${our}(?!\\w)`).test(printed))
      .map(([our, their], at) => `Where ${at ? "it" : "this page"} says \`${our}\`, type \`${their}\`.`);
    this.#called.hidden = !told.length;
    this.#called.replaceChildren(...inline(`Your program works, with names of your own. ${told.join(" ")}`));
  }

  /**
   * The numbers beside the lines in the box are those in the learner's program.
   *
   * @param {Box} box
   * @param {number} [start] where the first goes, if it is not there
   */
  #number(box, start) {
    const { code, lines } = box;
    const { judge } = this.#judge(box);
    const shown = (code.dataset.lines ?? "").split(" ").map(Number);
    /** @type {(number | undefined)[]} */
    const numbers = [];
    for (const [at, our] of shown.entries()) {
      const gap = our === shown[at - 1] + 1 ? 0 : gapAbove(box.source, our); // or the box shows the empty lines, too
      const next = at ? Number(numbers[at - 1]) + 1 + gap : undefined;
      numbers.push(judge.number(our) ?? (our === lines[0] ? (start ?? next) : next));
    }
    const first = numbers.findIndex(Boolean);
    for (let at = first - 1; at >= 0; at--)
      numbers[at] = Math.max(1, Number(numbers[at + 1]) - shown[at + 1] + shown[at]);
    const printed = /** @type {NodeListOf<HTMLElement>} */ (code.querySelectorAll("[data-linenos]"));
    for (const [at, each] of printed.entries()) {
      each.dataset.printed ??= each.dataset.linenos; // paper does not know this program: there, boxes count through
      // Where something has to be built first, nobody knows yet.
      each.dataset.linenos = numbers[at] ? `${numbers[at]} ` : each.dataset.printed;
    }
  }

  /**
   * Is something of earlier steps not there? What the program that the checker praised did not need, no program needs.
   *
   * @param {string} text
   */
  #lookBack(text) {
    const earlier = this.#site.steps.filter(({ number }) => number < this.#step.number);
    const { praised } = this.#mine;
    /** @type {(step: Step, mine: string) => string[]} */
    const lacks = (step, mine) =>
      missing(this.#ours(step.source), mine, this.#before(step.name).at(-1) ?? this.#site.starter);
    const skipped = earlier.filter((step) => {
      const needless = praised && praised.step >= step.number ? lacks(step, praised.text) : [];
      return lacks(step, text).some((name) => !needless.includes(name));
    });
    const named = skipped
      .map(({ number }) => number)
      .join(", ")
      .replace(/, (\d+)$/, " and $1");
    this.#notice.hidden = !skipped.length;
    if (!skipped.length || this.#notice.dataset.step === named) return;
    this.#notice.dataset.step = named;
    const link = element("a", {
      href: new URL(`steps/${skipped[0].name}.html`, this.#site.place).href,
      textContent: `Go to step ${skipped[0].number}`,
    });
    const fillIn = button("Fill it in", () =>
      this.#fill(earlier[earlier.length - 1], skipped[skipped.length - 1].number),
    );
    const steps = skipped.length > 1 ? `steps ${named}` : `step ${named}`;
    this.#notice.replaceChildren(`Some of ${steps} is not in your program yet. `, link, " ", fillIn);
  }

  /** @param {Box} box */
  #show(box) {
    const { source } = box;
    const look = () => {
      const found = this.#found(box);
      const spot = found.isBegun ? null : place(source, box.lines, this.#mine.text, this.#before(box.of));
      return { ...found, spot };
    };
    const { spot } = look();
    if (spot && "missing" in spot) return this.#bench.say(`First build ${spot.missing}.`);
    this.#bench.inMine((editor) => {
      editor.close();
      const { faults, line, typing, below, next, spot, there } = look();
      const [fault] = faults;
      const lines = source.split("\n");
      /** @param {number} our */
      const indent = (our) => lines[our - 1].search(/[^ ]|$/);
      const open = (after = 0, our = 1) => editor.open(after, gapAbove(source, our), indent(our));
      if (fault?.isMissing && fault.our) editor.open(fault.number - (fault.isAbove ? 1 : 0), 0, indent(fault.our));
      else if (fault) editor.select(fault.number, fault.last);
      else if (there === "ours" || there === "yours") {
        if (line) editor.select(line, line);
      } else if (typing) editor.select(typing, typing);
      else if (!spot) open(below, next);
      else if ("missing" in spot) return;
      else if (spot.instead.length)
        editor.select(spot.instead[0], spot.instead[spot.instead.length - 1]); // what is typed now takes their place
      else open(spot.after, box.lines[0]);
    });
  }

  // --- help, from little to much ---

  /** @param {Box} box */
  help(box) {
    const { source } = box;
    const code = box.lines.map((line) => source.split("\n")[line - 1]);
    dialog(`Help with “${box.title}”`, (close) => {
      /** @type {(words: string, work: () => void) => HTMLElement} */
      const act = (words, work) =>
        button(words, () => {
          close();
          work();
        });
      const more = element("div", { className: "more", ariaLive: "polite" });
      /** @param {...Node} inside */
      const tell = (...inside) => more.replaceChildren(...inside);
      const hints = this.#hints(box, code);
      const given = element("ol", { className: "hints" });
      const hint = button("A hint", () => {
        given.append(element("li", {}, ...hints[given.children.length]));
        tell(given);
        hint.disabled = given.children.length === hints.length;
      });
      return [
        element(
          "p",
          { className: "buttons" },
          act("Show me where", () => this.#show(box)),
          hint,
          button("Shuffle the lines", () =>
            tell(
              ...puzzle(
                code,
                act("Put them in", () => this.#putIn(box)),
              ),
            ),
          ),
          act("Put it in", () => this.#putIn(box)),
          act("Fill in all that is missing", () => this.#fill(this.#step)),
        ),
        more,
      ];
    });
  }

  /**
   * From vague to plain: what is wrong with the learner's lines, or where the lines go. The last shows ours.
   *
   * @param {Box} box
   * @param {string[]} code
   */
  #hints(box, code) {
    const { source } = box;
    const { text } = this.#mine;
    const { there, faults, isBegun, next } = this.#found(box);
    const [fault] = faults;
    if (fault)
      return [
        [paragraph(`Your line ${fault.number} and the lines around it are not like ours. What is different?`)],
        [paragraph(fault.words)],
        this.#besideOurs(box, fault),
      ];
    if (there === "ours" || there === "yours")
      return [[paragraph("These lines are all there. Look for the trouble somewhere else.")]];
    const spot = isBegun ? null : place(source, box.lines, text, this.#before(box.of));
    if (spot && "missing" in spot) return [[paragraph(`First build \`${spot.missing}\`. These lines go inside it.`)]];
    const rest = isBegun && next ? code.slice(box.lines.indexOf(next)) : code;
    const start = spot?.indent
      ? `The first line starts ${spot.indent} spaces in.`
      : "The first line starts at the very left.";
    return [
      [paragraph(spot ? `They go ${spot.words}. ${start}` : wordsFor(this.#found(box)))],
      [paragraph("Each line begins like this:"), listing(rest.map(begin))],
      [paragraph("Ours:"), listing(rest)],
    ];
  }

  /** @param {Box} box */
  #putIn(box) {
    const { lines, title, source } = box;
    const before = this.#before(box.of);
    const { text } = this.#mine;
    const { there, faults } = this.#found(box);
    const nothing = () => this.#bench.say("Your program has these lines already. Nothing has changed.");
    if (there === "ours") return nothing();
    /** @param {string} more */
    const take = (more) => {
      this.#mine.replace(more, `put in “${title}”`);
      const { line } = this.#found(box);
      if (line) this.#bench.inMine((editor) => editor.select(line, line));
    };
    const mended = this.#judge(box).judge.repaired(this.#judge(box).boxes.indexOf(box));
    let more = putIn(source, lines, mended, before);
    if (more !== text && !faults.some(({ isOther }) => isOther) && there !== "yours") return take(more);
    if (more === text) more = putIn(source, lines, swapped(source, lines, text), before);
    if (more === text) return nothing();
    dialog("These lines are your own", (close) => [
      paragraph("Your program has other lines in this place. Do you want ours there instead? You can undo it."),
      element(
        "p",
        { className: "buttons" },
        button("Put ours in their place", () => {
          close();
          take(more);
        }),
      ),
    ]);
  }

  /**
   * Everything up to this step that the program lacks. A program that already does it all stays as it is. Stars begin
   * after the `last` step of which something was lacking.
   *
   * @param {Step} step
   */
  async #fill(step, last = step.number) {
    const { text } = this.#mine;
    this.#bench.say("Looking at your program…");
    const here = this.#step.number;
    const found = await this.#bench.verdict(here);
    if (this.#mine.text !== text) return this.#bench.say("You went on typing, so nothing was filled in.");
    const isDone = (found?.stars ?? -1) >= (step === this.#step ? here : here - 1);
    if (isDone) return this.#bench.say("Your program already does all this. Nothing has changed.");
    const more = fill(this.#ours(step.source), text, this.#before(step.name));
    if (more === text) return this.#bench.say("There is nothing to fill in. “Check me” says what is still wrong.");
    this.#mine.replace(more, `filled in up to step ${last}`, Math.max(this.#mine.given, last));
    this.#bench.say(`Filled in up to step ${last}. Filled-in steps earn no stars.`);
  }
}

/**
 * In words, where the lines of a box are, or go, or what differs.
 *
 * @param {Found} found
 * @param {Spot | Missing | null} [spot] where they go, if none is there
 */
function wordsFor({ there, faults, line, typing, below }, spot) {
  if (faults.length) return faults[0].words;
  if (there !== "missing") return line ? `Your line ${line}.` : "You do it in your own way.";
  if (typing) return `Goes on in your line ${typing}.`;
  if (!spot) return `Goes on below your line ${below}.`;
  if ("missing" in spot) return `First build \`${spot.missing}\`.`;
  return spot.words.includes("your line") ? `Goes ${spot.words}.` : `Goes ${spot.words}, your line ${spot.line}.`;
}

const spareTime = () =>
  new Promise((done) =>
    "requestIdleCallback" in globalThis ? requestIdleCallback(done, { timeout: 100 }) : setTimeout(done),
  );

/**
 * How many empty lines our program has above this one.
 *
 * @param {string} source
 * @param {number} line
 */
function gapAbove(source, line) {
  const lines = source.split("\n");
  let gap = 0;
  while (line - 2 - gap >= 0 && !lines[line - 2 - gap].trim()) gap++;
  return gap;
}

/**
 * The first word of a line, and its place.
 *
 * @param {string} line
 */
const begin = (line) => line.replace(/^(\s*(?:async def|@\w+|\S+?\b)).*/, "$1 …");

/** @param {string[]} lines */
const listing = (lines) => element("pre", { tabIndex: 0 }, lines.join("\n"));

/**
 * The lines in a wrong order, to be put in the right one; then they can be put in.
 *
 * @param {string[]} code
 * @param {HTMLElement} putIn
 */
function puzzle(code, putIn) {
  const list = element("ol", { className: "puzzle" });
  const said = element("p", { role: "status" });
  const order = () => [...list.children].map((item) => item.firstChild?.textContent ?? "");
  const look = () => {
    const isRight = sorted(order()) === sorted(code);
    said.replaceChildren(...(isRight ? ["That is the right order! ", putIn] : []));
  };
  /** @type {(item: HTMLElement, by: number) => void} */
  const move = (item, by) => {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    by < 0 ? other.before(item) : other.after(item);
    look();
  };
  for (const line of shuffled(code)) {
    const item = element("li", {}, element("code", { textContent: line }));
    for (const [sign, name, by] of /** @type {const} */ ([
      ["↑", "Up", -1],
      ["↓", "Down", 1],
    ])) {
      const mover = button(sign, () => {
        move(item, by);
        mover.focus();
      });
      mover.ariaLabel = `${name}: ${line.trim()}`;
      item.append(mover);
    }
    list.append(item);
  }
  look(); // imports are right in any order
  return [paragraph("Put the lines in the right order."), list, said];
}

/**
 * Lines as one text. Imports that stand together may be in any order.
 *
 * @param {string[]} lines
 */
function sorted(lines) {
  /** @param {string} line */
  const isImport = (line) => /^(?:from|import)\b/.test(line ?? "");
  const out = [];
  for (let at = 0; at < lines.length; ) {
    let end = at + 1;
    while (isImport(lines[at]) && isImport(lines[end])) end++;
    out.push(...lines.slice(at, end).sort());
    at = end;
  }
  return out.join("\n");
}

/** @param {string[]} lines */
function shuffled(lines) {
  const left = [...lines];
  const mixed = [];
  while (left.length) mixed.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  return lines.length > 1 && mixed.join("\n") === lines.join("\n") ? [...mixed.slice(1), mixed[0]] : mixed;
}
