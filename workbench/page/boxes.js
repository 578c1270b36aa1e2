// The task boxes in the words: each knows the learner's program, says where its lines go, and helps to get them there.

import { button, dialog, element, inline, paragraph } from "./dom.js";
import { fill, missing, place, putIn, state } from "./pieces.js";

const BADGE = { missing: "not there yet", yours: "yours", ours: "like ours" };

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

  /** The first box that is not in the learner's program yet. */
  get next() {
    return this.#boxes.find(({ lines }) => state(this.#step.source, lines, this.#mine.text, this.#before()) === "missing");
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
    const box = { lines, title, badge, where };
    const show = button("Show me where", () => this.#show(box));
    code.before(element("p", { className: "place" }, badge, " ", where, " ", show, " ", button("Help me", () => this.help(box))));
    return box;
  }

  /** One box after another, so that the page can do other things in between. */
  async #look() {
    const { text } = this.#mine;
    for (const { lines, badge, where } of this.#boxes) {
      await spareTime();
      if (text !== this.#mine.text || !this.#notice.isConnected) return;
      const there = state(this.#step.source, lines, text, this.#before());
      const found = place(this.#step.source, lines, text, this.#before());
      badge.textContent = BADGE[there];
      badge.dataset.there = there;
      const goes = found.missing ? `First build \`${found.missing}\`.` : `Goes ${found.words}, your line ${found.line}.`;
      where.replaceChildren(...inline(there === "missing" ? goes : `Your line ${found.line}.`));
    }
    await spareTime();
    this.#lookBack(text);
  }

  /** Is something of an earlier step not there? A program that the checker has praised lacks nothing. */
  #lookBack(text) {
    const earlier = this.#site.steps.filter(({ number }) => number < this.#step.number && !this.#mine.stars.includes(number));
    const skipped = earlier.find((step) => missing(step.source, text, this.#before(step).at(-1)).length);
    this.#notice.hidden = !skipped;
    if (!skipped || this.#notice.dataset.step === String(skipped.number)) return;
    this.#notice.dataset.step = skipped.number;
    const link = element("a", { href: new URL(`steps/${skipped.name}.html`, this.#site.place).href, textContent: "Go there" });
    const fillIn = button("Fill it in", () => this.#fill(skipped));
    this.#notice.replaceChildren(`Some of step ${skipped.number} is not in your program yet. `, link, " ", fillIn);
  }

  #show({ lines }) {
    const { source } = this.#step;
    const found = place(source, lines, this.#mine.text, this.#before());
    if (found.missing) return this.#bench.say(`First build ${found.missing}.`);
    const isThere = state(source, lines, this.#mine.text, this.#before()) !== "missing";
    this.#bench.inMine((editor) => {
      if (isThere) editor.select(found.line, found.line);
      else editor.open(found.after, gapAbove(source, lines[0]), found.indent);
    });
  }

  // --- help, from little to much ---

  help(box) {
    const { source } = this.#step;
    const code = box.lines.map((line) => source.split("\n")[line - 1]);
    dialog(`Help with “${box.title}”`, (close) => {
      const act = (words, work) => button(words, () => (close(), work()));
      const more = element("div", { className: "more", ariaLive: "polite" });
      const tell = (...inside) => more.replaceChildren(...inside);
      return [
        element(
          "p",
          { className: "buttons" },
          act("Show me where", () => this.#show(box)),
          button("A hint", () => tell(paragraph("Each line starts like this:"), listing(code.map(begin)))),
          button("Shuffle the lines", () => tell(...puzzle(code))),
          act("Put it in", () => this.#putIn(box)),
          act("Fill in all that is missing", () => this.#fill(this.#step)),
        ),
        more,
      ];
    });
  }

  #putIn({ lines, title }) {
    const { source } = this.#step;
    const { text } = this.#mine;
    const more = putIn(source, lines, text, this.#before());
    if (more === text) return this.#bench.say("Your program has these lines, or lines of your own in their place. Nothing has changed.");
    this.#mine.replace(more, `put in “${title}”`);
    const { line } = place(source, lines, more, this.#before());
    if (line) this.#bench.inMine((editor) => editor.select(line, line));
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

const spareTime = () => new Promise((done) => (globalThis.requestIdleCallback ?? setTimeout)(done));

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

/** The lines in a wrong order, to be put in the right one. */
function puzzle(code) {
  const list = element("ol", { className: "puzzle" });
  const said = element("p", { role: "status" });
  const order = () => [...list.children].map((item) => item.firstChild.textContent);
  const move = (item, by) => {
    const other = by < 0 ? item.previousElementSibling : item.nextElementSibling;
    if (!other) return;
    by < 0 ? other.before(item) : other.after(item);
    said.textContent = order().join("\n") === code.join("\n") ? "That is the right order!" : "";
  };
  for (const line of shuffled(code)) {
    const item = element("li", {}, element("code", { textContent: line }));
    for (const [sign, name, by] of [["↑", "Up", -1], ["↓", "Down", 1]]) {
      const mover = button(sign, () => (move(item, by), mover.focus()));
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
