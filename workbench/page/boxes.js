// @ts-nocheck: not typed yet
// The task boxes in the words: each knows the learner's program, says where its lines go, and helps to get them there.

import { button, dialog, element, inline, paragraph } from "./dom.js";
import { fill, missing, place, putIn, state } from "./pieces.js";
import { different, mended, slip, swapped } from "./slips.js";

const BADGE = {
  missing: "not there yet",
  part: "not all there yet",
  nearly: "nearly",
  yours: "yours",
  ours: "like ours",
};

export class Boxes {
  #bench;
  #mine;
  #site;
  #step;
  #boxes;
  #notice;

  constructor(page, bench, mine, site) {
    [this.#bench, this.#mine, this.#site, this.#step] = [bench, mine, site, bench.step];
    this.#boxes = [...page.querySelectorAll("[data-new]")].map((code) => this.#dress(code));
    this.#notice = element("p", { className: "skipped", hidden: true });
    page.querySelector("h1").after(this.#notice);
    this.#look();
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

  /** The first box that is not in the learner's program yet, or has a slip in it. */
  get next() {
    return this.#boxes.find((box) => ["missing", "part", "nearly"].includes(this.#found(box).there));
  }

  /** How far the learner is with a box: `there` (see BADGE), and the slip if there is one. */
  #found({ lines }) {
    const about = [this.#step.source, lines, this.#mine.text, this.#before()];
    const wrong = slip(...about);
    if (wrong) return { there: "nearly", wrong };
    const there = state(...about);
    // What the checker has praised lacks nothing.
    return { there: there === "part" && this.#mine.stars.includes(this.#step.number) ? "yours" : there };
  }

  /** Our programs before this step. */
  #before(step = this.#step) {
    const earlier = this.#site.steps.filter(({ number }) => number < step.number);
    return [this.#site.starter, ...earlier.map(({ source }) => source)];
  }

  #dress(code) {
    const lines = code.dataset.new.split(" ").map(Number);
    const title = code.closest(".admonition")?.querySelector(".admonition-title")?.textContent ?? "This box";
    const badge = element("b", { className: "badge" });
    const where = element("span");
    const box = { code, lines, title, badge, where };
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
      const { lines, badge, where } = box;
      await spareTime();
      if (text !== this.#mine.text || !this.#notice.isConnected) return;
      const { there, wrong } = this.#found(box);
      const found = place(this.#step.source, lines, text, this.#before());
      badge.textContent = BADGE[there];
      badge.dataset.there = there;
      let words = wrong?.words ?? `Your line ${found.line}.`;
      if (found.missing && !wrong) words = `First build \`${found.missing}\`.`;
      else if (["missing", "part"].includes(there))
        words = found.words.includes("your line")
          ? `Goes ${found.words}.`
          : `Goes ${found.words}, your line ${found.line}.`;
      where.replaceChildren(...inline(words));
      if (found.line && !wrong) this.#number(box, found.line);
    }
    await spareTime();
    this.#lookBack(text);
  }

  /** The numbers beside the lines in the box are those in the learner's program. */
  #number({ code, lines }, line) {
    const numbers = [...code.querySelectorAll("[data-linenos]")];
    const above = this.#step.source.split("\n")[lines[0] - 2];
    const isOldFirst = above?.trim() && numbers[0]?.parentElement.textContent.trimEnd() === above;
    for (const [at, each] of numbers.entries())
      each.dataset.linenos = `${Math.max(1, line + at - Boolean(isOldFirst))} `;
  }

  /** Is something of an earlier step not there? A program that the checker has praised lacks nothing. */
  #lookBack(text) {
    const earlier = this.#site.steps.filter(
      ({ number }) => number < this.#step.number && !this.#mine.stars.includes(number),
    );
    const skipped = earlier.find((step) => missing(step.source, text, this.#before(step).at(-1)).length);
    this.#notice.hidden = !skipped;
    if (!skipped || this.#notice.dataset.step === String(skipped.number)) return;
    this.#notice.dataset.step = skipped.number;
    const link = element("a", {
      href: new URL(`steps/${skipped.name}.html`, this.#site.place).href,
      textContent: "Go there",
    });
    const fillIn = button("Fill it in", () => this.#fill(skipped));
    this.#notice.replaceChildren(`Some of step ${skipped.number} is not in your program yet. `, link, " ", fillIn);
  }

  #show(box) {
    const { source } = this.#step;
    const { lines } = box;
    const look = () => place(source, lines, this.#mine.text, this.#before());
    const { wrong } = this.#found(box);
    if (!wrong && look().missing) return this.#bench.say(`First build ${look().missing}.`);
    this.#bench.inMine((editor) => {
      if (wrong) return editor.select(wrong.number, wrong.number);
      editor.close();
      const { line, after, indent, instead } = look();
      const isThere = !["missing", "part"].includes(this.#found(box).there);
      if (isThere) editor.select(line, line);
      else if (instead.length)
        editor.select(instead[0], instead.at(-1)); // what is typed now takes their place
      else editor.open(after, gapAbove(source, lines[0]), indent);
    });
  }

  // --- help, from little to much ---

  help(box) {
    const { source } = this.#step;
    const code = box.lines.map((line) => source.split("\n")[line - 1]);
    dialog(`Help with “${box.title}”`, (close) => {
      const act = (words, work) =>
        button(words, () => {
          close();
          work();
        });
      const more = element("div", { className: "more", ariaLive: "polite" });
      const tell = (...inside) => more.replaceChildren(...inside);
      return [
        element(
          "p",
          { className: "buttons" },
          act("Show me where", () => this.#show(box)),
          button("A hint", () => tell(...this.#hint(box, code))),
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

  /** Something that the box does not show: what is wrong with the learner's lines, or where the lines go. */
  #hint(box, code) {
    const { source } = this.#step;
    const { text } = this.#mine;
    const { there, wrong } = this.#found(box);
    const number = wrong?.number ?? different(source, box.lines, text);
    const yours = number && listing([text.split("\n")[number - 1]]);
    if (wrong) return [paragraph(wrong.words), yours];
    if (number) return [paragraph(`Compare your line ${number} with the box, letter by letter.`), yours];
    if (there === "ours") return [paragraph("These lines are all there. Look for the trouble somewhere else.")];
    const { words, indent, missing } = place(source, box.lines, text, this.#before());
    if (missing) return [paragraph(`First build \`${missing}\`. These lines go inside it.`)];
    const start = indent ? `The first line starts ${indent} spaces in.` : "The first line starts at the very left.";
    return [paragraph(`They go ${words}. ${start} Each line begins like this:`), listing(code.map(begin))];
  }

  #putIn({ lines, title }) {
    const about = [this.#step.source, lines];
    const { text } = this.#mine;
    const put = (mine) => putIn(...about, mended(...about, mine, this.#before()), this.#before());
    const take = (more) => {
      this.#mine.replace(more, `put in “${title}”`);
      const { line } = place(...about, more, this.#before());
      if (line) this.#bench.inMine((editor) => editor.select(line, line));
    };
    if (put(text) !== text) return take(put(text));
    const more = put(swapped(...about, text));
    if (more === text || state(...about, text, this.#before()) === "ours")
      return this.#bench.say("Your program has these lines already. Nothing has changed.");
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

  /** Everything up to this step that the program lacks. A program that already does it all stays as it is. */
  async #fill(step) {
    const { text } = this.#mine;
    this.#bench.say("Looking at your program…");
    const here = this.#step.number;
    const found = await this.#bench.verdict(here);
    if (this.#mine.text !== text) return this.#bench.say("You went on typing, so nothing was filled in.");
    const isDone = found?.stars >= (step === this.#step ? here : here - 1);
    if (isDone) return this.#bench.say("Your program already does all this. Nothing has changed.");
    const more = fill(step.source, text, this.#before(step));
    if (more === text) return this.#bench.say("There is nothing to fill in. “Check me” says what is still wrong.");
    this.#mine.replace(more, `filled in up to step ${step.number}`, Math.max(this.#mine.given, step.number));
    this.#bench.say(`Filled in up to step ${step.number}. Filled-in steps earn no stars.`);
  }
}

const spareTime = () =>
  new Promise((done) =>
    globalThis.requestIdleCallback ? requestIdleCallback(done, { timeout: 100 }) : setTimeout(done),
  );

/** How many empty lines our program has above this one. */
function gapAbove(source, line) {
  const lines = source.split("\n");
  let gap = 0;
  while (line - 2 - gap >= 0 && !lines[line - 2 - gap].trim()) gap++;
  return gap;
}

/** The first word of a line, and its place. */
const begin = (line) => line.replace(/^(\s*(?:async def|@\w+|\S+?\b)).*/, "$1 …");

const listing = (lines) => element("pre", { tabIndex: 0 }, lines.join("\n"));

/** The lines in a wrong order, to be put in the right one; then they can be put in. */
function puzzle(code, putIn) {
  const list = element("ol", { className: "puzzle" });
  const said = element("p", { role: "status" });
  const order = () => [...list.children].map((item) => item.firstChild.textContent);
  const move = (item, by) => {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    by < 0 ? other.before(item) : other.after(item);
    const isRight = order().join("\n") === code.join("\n");
    said.replaceChildren(...(isRight ? ["That is the right order! ", putIn] : []));
  };
  for (const line of shuffled(code)) {
    const item = element("li", {}, element("code", { textContent: line }));
    for (const [sign, name, by] of [
      ["↑", "Up", -1],
      ["↓", "Down", 1],
    ]) {
      const mover = button(sign, () => {
        move(item, by);
        mover.focus();
      });
      mover.ariaLabel = `${name}: ${line.trim()}`;
      item.append(mover);
    }
    list.append(item);
  }
  return [paragraph("Put the lines in the right order."), list, said];
}

function shuffled(lines) {
  const left = [...lines];
  const mixed = [];
  while (left.length) mixed.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  return lines.length > 1 && mixed.join("\n") === lines.join("\n") ? [...mixed.slice(1), mixed[0]] : mixed;
}
