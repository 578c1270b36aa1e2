// The workbench: the learner's own program beside the words, ours to look at, and the club that runs what is shown.
//
// There is one for the tab. It stays when the reader goes to another page, and so do Python, the talk and the undo.

import { button, copy, dialog, element, inline, paragraph } from "./dom.js";
import { keep } from "./keep.js";
import { layout, press } from "./layout.js";
import { OwnTest } from "./own-test.js";
import { report, wordsOf } from "./report.js";
import { isAway, verdictOn } from "./runtime.js";

const SCREEN = 20_000; // characters that the terminal keeps
const WIDE = matchMedia("(min-width: 1100px)"); // as in bench.css

/** @typedef {import("./mine.js").Mine} Mine */
/** @typedef {import("./page.js").Site} Site */
/** @typedef {import("./page.js").Step} Step */
/** @typedef {import("../messages.d.ts").Report} Report */
/** @typedef {import("../messages.d.ts").Verdict} Verdict */
/** @typedef {import("../editor.js").Editor} Editor */
/** @typedef {import("../editor.js").Which} Which */
/** @typedef {"read" | "code" | "club"} View */
/** @typedef {Node | false | null | undefined | 0 | ""} Maybe what is there under a condition */

/** @param {number} bytes */
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Why the club cannot run in this browser, or nothing. */
export function unable() {
  if (!globalThis.WebAssembly || !globalThis.Worker || !globalThis.DecompressionStream)
    return "This browser is too old.";
  const { deviceMemory = 1 } = /** @type {{ deviceMemory?: number }} */ (navigator); // GB; Chromium tells
  if (deviceMemory < 1) return "This computer has too little memory.";
  return "";
}

export class Bench {
  #here;
  #site;
  #mine;
  #runtime;
  /** @type {Step | null} */
  #step = null; // of the page that is open
  #topic = ""; // "own" or "test" on a page about a feature or a test of one's own
  #ownTest;
  /** @type {Which} */
  #shown = "mine";
  /** @type {{ which: Which, text: string } | null} */
  #running = null; // what is on the air
  /** @type {Editor | null} */
  #editor = null;
  /** @type {AbortController | null} */
  #checking = null;
  /** @type {{ x: number, y: number } | undefined} */
  #touched; // where the program was touched first
  /** @type {HTMLIFrameElement | null} */
  #frame = null;
  /** @type {Promise<unknown>} */
  #onAir = Promise.resolve(); // settled when the last Run has come to its end
  #part = layout();
  box = this.#part.box;
  tabs = this.#part.tabs;
  #isWhole = true;
  /** @type {Map<Element, string>} */
  #about = new Map(); // the program that a card speaks of

  /**
   * @param {Site} site
   * @param {Mine} mine
   * @param {typeof import("./page.js").here} here what a class builds on
   */
  constructor(site, mine, here) {
    this.#here = here;
    this.#site = site;
    this.#mine = mine;
    this.#runtime = site.runtime;
    this.#ownTest = new OwnTest(site.place);
    this.#build();
    /** @type {(kind: string, hear: (detail: any) => void) => void} */
    const on = (kind, hear) =>
      this.#runtime.addEventListener(kind, (event) => {
        if (!this.box.hidden) hear(/** @type {CustomEvent} */ (event).detail);
      });
    on("progress", (detail) => this.progress(detail));
    on("terminal", (detail) => this.terminal(detail));
    on("error", (detail) => this.error(detail));
    on("broken", (detail) => this.broken(detail));
    mine.addEventListener("change", () => this.#refresh());
    mine.addEventListener("trouble", () => {
      this.#refresh();
      if (mine.trouble) this.say(mine.trouble, undefined, true);
    });
    mine.addEventListener("replaced", () => this.#show(this.#shown));
  }

  #build() {
    const part = this.#part;
    part.mine.onclick = () => this.#show("mine");
    part.ours.onclick = () => {
      this.#show("ours");
      void this.#edit(); // only there the new lines have their colour
    };
    part.test.onclick = () => this.#show("test");
    part.tryTest.onclick = () => this.tryTest();
    part.way.onsubmit = (event) => {
      event.preventDefault();
      this.visit(part.address.value.trim().replace(/^(?:(?:https?:\/\/)?[\w.]+:\d+)?\//, ""));
    };
    part.run.onclick = () => this.run();
    part.run.onpointerdown = () => unable() || this.#runtime.wake(); // while the finger comes up again
    part.stop.onclick = () => this.stop();
    part.check.onclick = () => this.check();
    part.help.onclick = () => this.help();
    part.keep.onclick = () => keep(this, this.#mine, this.#site);
    part.copy.onclick = async () => {
      await copy(this.#open.source);
      this.say("Copied.");
    };
    part.undo.onclick = () => this.#mine.takeBack();
    part.terminalButton.onclick = () => this.#openTerminal(part.terminal.hidden !== false);
    for (const each of part.sizes) each.onclick = () => this.#resize(String(each.dataset.name));
    for (const each of part.views) each.onclick = () => this.view(/** @type {View} */ (each.dataset.name));
    part.plain.addEventListener("focus", () => this.#edit());
    part.plain.addEventListener("pointerdown", ({ clientX, clientY }) => this.#edit({ x: clientX, y: clientY }));
    document.body.append(this.box, this.tabs);
    this.#resize("both");
    this.view("read");
    addEventListener("popstate", () => this.#pushed && this.view("read", true));
    const screen = visualViewport;
    screen?.addEventListener("resize", () => {
      const { height, offsetTop } = screen;
      document.documentElement.style.setProperty("--keyboard", `${Math.max(0, innerHeight - height - offsetTop)}px`);
    });
  }

  /**
   * A page has been opened: with a step, or with null if it is about none.
   *
   * @param {Step | null} step
   * @param {string} topic what the page is about, if that comes after the step: "own" or "test"
   */
  arrive(step, topic = "") {
    this.box.hidden = this.tabs.hidden = !step;
    if (!step || (step === this.#step && topic === this.#topic)) return;
    if (this.#step) this.#mine.goOn();
    [this.#step, this.#topic] = [step, topic];
    const given = topic ? step.number : step.number - 1; // what the page is about comes after the step
    this.#mine.first = { text: this.#site.steps[given - 1]?.source ?? this.#site.starter, given };
    this.#part.verdict.hidden = true;
    this.#part.status.classList.remove("not-yet");
    this.#checking?.abort();
    this.#show("mine");
  }

  get text() {
    return { mine: this.#mine.text, test: this.#ownTest.text, ours: this.#open.source }[this.#shown];
  }

  get step() {
    return this.#step;
  }

  /** The step, where a page of one must be open. */
  get #open() {
    if (!this.#step) throw new Error("No step's page has been open yet.");
    return this.#step;
  }

  get parcel() {
    return new URL(`take-home/${this.#open.name}.zip`, this.#site.place).href;
  }

  // --- what is shown ---

  /** @param {Which} which */
  #show(which) {
    if (!this.#step) return;
    this.#shown = which;
    if (this.#editor) this.#editor.show(which, this.text, which === "ours" ? this.#step.new : []);
    else {
      const lines = this.text.split(/(?<=\n)/);
      this.#part.plain.style.setProperty("--digits", String(Math.max(2, String(lines.length + 1).length))); // the numbers need as much room as in the editor
      this.#part.plain.replaceChildren(...lines.map((textContent) => element("span", { textContent })));
    }
    this.#refresh();
  }

  #refresh() {
    const part = this.#part;
    if (!this.#step) return;
    const isOurs = this.#shown === "ours";
    const isTest = this.#shown === "test";
    const isTestPage = this.#topic === "test";
    part.mine.ariaPressed = String(!isOurs && !isTest);
    part.ours.ariaPressed = String(isOurs);
    part.test.ariaPressed = String(isTest);
    part.plain.ariaLabel = isOurs ? "our main.py" : isTest ? "test_mine.py" : "main.py";
    for (const each of [part.test, part.tryTest]) each.hidden = !isTestPage;
    for (const each of [part.check, part.run, part.stop]) each.hidden = isTest;
    part.help.hidden = isTestPage;
    part.copy.hidden = !isOurs;
    const { undo, untouched, given } = this.#mine;
    part.undo.hidden = isOurs || isTest || !undo;
    part.undo.title = undo ? `Undo: ${undo.words}` : "";
    part.run.classList.toggle("due", this.#running?.text !== this.text);
    for (const card of [part.verdict, part.oops])
      card.classList.toggle("old", this.#about.get(card) !== this.#mine.text);
    const begun = untouched && given ? `You begin here with our program of step ${given}. It earns no stars.` : "";
    const ours = `This is our program of step ${this.#step.number}. Yours is safe under “Mine”.`;
    part.notice.textContent = this.#mine.trouble || (isOurs ? ours : begun);
  }

  /**
   * The editor. The first time it comes in place of the plain text, which may have been touched at this point.
   *
   * @param {{ x: number, y: number }} [point]
   */
  async #edit(point) {
    if (this.#editor) return this.#editor;
    this.#touched ??= point;
    /** @type {typeof import("../editor.js")} */
    const { edit } = await import(new URL("editor.js", this.#site.folder).href);
    if (this.#editor) return this.#editor;
    const { plain, code } = this.#part;
    const hadFocus = document.activeElement === plain;
    const top = plain.scrollTop;
    code.replaceChildren();
    this.#editor = edit(code, {
      text: this.#mine.text,
      test: this.#ownTest.text,
      hint: "keys",
      onChange: (text, which) => {
        if (which === "test") this.#ownTest.text = text;
        else this.#mine.type(text);
        if (!unable()) this.#runtime.wake();
      },
      onRun: () => (this.#shown === "test" ? this.tryTest() : this.run()),
    });
    this.#show(this.#shown);
    if (hadFocus) this.#editor.focus(this.#touched, top);
    return this.#editor;
  }

  /**
   * Mark the line with the trouble in the program that is shown. 0 takes the mark away.
   *
   * @param {number} line
   */
  async #mark(line) {
    if (!line) return this.#editor?.markWrong(0);
    const shown = this.#shown;
    const editor = await this.#edit();
    if (shown === this.#shown) editor.markWrong(line);
  }

  /** @param {string} size "code", "both" or "club" */
  #resize(size) {
    this.box.dataset.size = size;
    press(this.#part.sizes, size);
  }

  /** @param {boolean} open */
  #openTerminal(open) {
    this.#part.terminal.hidden = !open;
    this.#part.terminalButton.ariaPressed = String(open);
    this.#part.terminal.scrollTop = this.#part.terminal.scrollHeight;
  }

  #pushed = false; // Back leads from the bench to the words
  #place = 0; // where the reader was in them

  /**
   * On a phone there is room for one at a time.
   *
   * @param {View} name
   */
  view(name, isBack = false) {
    const old = document.documentElement.dataset.view;
    if (name === "read" && this.#pushed && !isBack) return history.back(); // which shows them
    if (old === "read") this.#place = scrollY;
    document.documentElement.dataset.view = name;
    if (name === "read" && old !== "read" && !WIDE.matches) scrollTo({ top: this.#place, behavior: "instant" });
    press(this.#part.views, name);
    if (WIDE.matches || isBack || !old) {
      this.#pushed &&= !isBack;
    } else if (name !== "read" && !this.#pushed) {
      this.#pushed = true;
      history.pushState(history.state, "");
    }
  }

  /** @param {string} words */
  say(words, state = this.box.dataset.state ?? "", isNotYet = false) {
    this.#part.status.textContent = words;
    this.#part.status.classList.toggle("not-yet", isNotYet);
    this.box.dataset.state = state;
  }

  /**
   * Show the program's own lines.
   *
   * @param {(editor: Editor) => void} change
   */
  async inMine(change) {
    const editor = await this.#edit();
    this.#show("mine");
    if (this.box.dataset.size === "club") this.#resize("both");
    this.view("code");
    change(editor);
  }

  // --- on the air ---

  async run() {
    const part = this.#part;
    const why = unable();
    if (why) return this.say(`It cannot run in this page. ${why} Your terminal can run it.`, "wrong");
    part.run.disabled = true;
    part.stop.disabled = false;
    part.oops.hidden = true;
    part.terminal.textContent = "";
    this.say("Starting…", "starting");
    if (!WIDE.matches) this.view("club");
    const running = { which: this.#shown, text: this.text };
    this.#running = running;
    try {
      this.#mark(0);
      this.#onAir = this.#runtime.run(running.text, this.parcel);
      this.#openClub(); // it gets ready while Python does
      const ok = await this.#onAir;
      part.progress.hidden = true;
      part.stop.disabled = !ok;
      if (ok) {
        if (running.which === "mine") this.#mine.runs(running.text);
        this.say(running.which === "mine" ? "On the air" : "On the air: our program", "running");
        const worker = new URL(`service-worker.js?runtime=${this.#site.version}`, this.#site.place);
        setTimeout(() => navigator.serviceWorker?.register(worker).catch(() => {}), 2000); // when the friends are in
      } else {
        this.#running = null;
        if (this.box.dataset.state === "starting")
          this.say(`It did not start.${part.oops.hidden ? " The terminal says why." : ""}`, "wrong");
      }
    } catch (error) {
      this.broken({ text: wordsOf(error) });
    }
    part.run.disabled = false;
    this.#refresh();
  }

  async stop() {
    this.#part.stop.disabled = true;
    await this.#runtime.stop();
    this.#part.progress.hidden = true;
    this.#part.run.disabled = false;
    this.#running = null;
    this.say("Stopped", "");
    this.#refresh();
  }

  /** Back to where this page begins, with a Python that has run nothing. */
  async startOver() {
    const { text, given } = this.#mine.first;
    this.#mine.replace(text, "started over", given);
    this.#show("mine");
    await this.stop();
    await this.#runtime.forget();
    navigator.serviceWorker?.controller?.postMessage("keep everything anew");
    this.say("You have started over. “Undo” brings your program back.");
  }

  /** Another program has taken the air. */
  gone() {
    this.#running = null;
    this.#part.stop.disabled = true;
    this.say("", "");
    this.#refresh();
  }

  /** The clubhouse as it is; only its network is different. */
  #openClub() {
    if (this.#frame) return;
    const network = { ...this.#runtime.network(), me: this.#here.nickname }; // as club.js wants it
    const { get } = network;
    network.get = (path) => this.#onAir.then(() => get(path)); // the first question waits for the program
    const frame = Object.assign(element("iframe", { title: "The clubhouse" }), { network });
    this.#frame = frame;
    const { host, pathname } = new URL("assets/clubhouse/", this.#site.place);
    frame.onload = () => {
      const view = /** @type {(Window & typeof globalThis) | null} */ (frame.contentWindow);
      if (!view) return;
      const inside = view.document;
      const style = new view.CSSStyleSheet();
      style.replaceSync("a[target=_blank] { display: none !important }"); // another window would have no program behind it
      inside.adoptedStyleSheets = [style];
      const dress = () => {
        inside.documentElement.style.colorScheme = getComputedStyle(document.body).colorScheme;
      };
      dress();
      new MutationObserver(dress).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    };
    frame.src = `${location.protocol}//${host}${pathname}index.html`;
    this.#part.club.replaceChildren(frame);
  }

  // --- what Python reports ---

  /** @param {Report["progress"]} detail */
  progress(detail) {
    const { progress } = this.#part;
    if (this.box.dataset.state !== "starting") return; // it wakes while the learner types
    progress.hidden = false;
    if ("stage" in detail) {
      progress.removeAttribute("value");
      this.say(detail.stage === "python" ? "Waking Python…" : "Starting FastAPI…");
    } else if (detail.loaded < detail.total) {
      progress.max = detail.total;
      progress.value = detail.loaded;
      this.say(`Fetching Python: ${megabytes(detail.loaded)} of ${megabytes(detail.total)} MB`);
    } else {
      progress.hidden = true;
    }
  }

  /** @param {Report["terminal"]} detail */
  terminal({ text }) {
    const { terminal } = this.#part;
    terminal.append(text.slice(-SCREEN));
    while (terminal.textContent.length > SCREEN && terminal.childNodes.length > 1) terminal.firstChild?.remove();
    terminal.scrollTop = terminal.scrollHeight;
  }

  /** @param {Report["error"]} detail */
  error({ text, line, means, do: advice }) {
    const { oops, verdict } = this.#part;
    this.terminal({ text });
    const isShown = this.#running?.which === this.#shown;
    this.#about.set(oops, this.#running?.which === "mine" ? this.#running.text : this.#mine.text);
    const { ran, text: mine } = this.#mine;
    // Python often stumbles over the line below the one with the slip.
    const slip =
      this.#running?.text === mine &&
      /^\w*(?:Syntax|Indentation|Tab)Error/m.test(text) &&
      line &&
      this.boxes?.slipAbove(line);
    if (slip) [line, means, advice] = [slip.number, slip.words, ""];
    if (isShown) this.#mark(line ?? 0);
    const isUp = this.box.dataset.state === "running";
    if (!verdict.hidden && !verdict.matches(".old"))
      return this.say(
        `${isUp ? "Something went wrong" : "It did not start"}. ${line ? `Look at line ${line}.` : "The terminal says why."}`,
        isUp ? "running" : "wrong",
      );
    oops.replaceChildren(
      element(
        "p",
        {},
        element("b", { textContent: line ? `Look at line ${line}. ` : "Oops! " }),
        ...inline(`${means ?? "The terminal says what is wrong."} ${advice ?? ""}`),
      ),
      element(
        "p",
        { className: "buttons" },
        ran &&
          ran !== mine &&
          isShown &&
          button("Back to when it last ran", () => this.#mine.replace(ran, "back to when it last ran")),
        button("Close", () => {
          oops.hidden = true;
        }),
      ),
    );
    oops.hidden = false; // there is room for one card and the program: the other waits below it
    oops.scrollTop = 0;
    this.#refresh();
    if (!WIDE.matches) this.view("code");
  }

  /** @param {Report["broken"]} detail */
  broken({ text }) {
    this.#running = null;
    this.#part.progress.hidden = true;
    this.#part.run.disabled = false;
    this.terminal({ text: `${text}\n` });
    this.say("Python did not start in this browser. Your terminal can run the club.", "wrong");
    if (isAway(text))
      this.#tell(paragraph("Python did not come: this computer is offline, or a filter holds it back."));
    else this.#tell(...report("Python did not start here.", text, this.#site.version));
  }

  /**
   * Something in this page has broken, other than Python. What comes after the first fault says little.
   *
   * @param {string} what
   */
  fault(what) {
    if (!this.#isWhole || this.box.hidden) return;
    this.#isWhole = false;
    this.#tell(...report("Something in this page broke. Load the page anew to go on.", what, this.#site.version));
  }

  // --- the checker ---

  /** Hold the learner's program to this step and all before it. Resolves to what the checker says. */
  async check() {
    const { verdict, oops, check } = this.#part;
    const { text } = this.#mine;
    if (this.#checking) return this.#checking.abort();
    if (!canCheck()) {
      this.#tell(
        paragraph(
          "This browser cannot check in the page. Chrome, Edge and the newest Firefox can. In a terminal: `uv run club check`",
        ),
      );
      return;
    }
    this.#checking = new AbortController();
    check.textContent = "Stop checking";
    verdict.hidden = oops.hidden = true;
    this.say("Waking Python for the checker…");
    const found = await this.verdict(this.#open.number, this.#checking.signal);
    this.#checking = null;
    check.textContent = "Check me";
    const { state } = this.box.dataset;
    this.say(state === "running" ? "On the air" : state === "wrong" ? "It did not start." : "");
    if (!found) return;
    this.#judge(found, text);
    this.#here.dispatchEvent(new CustomEvent("verdict", { detail: found }));
  }

  /**
   * Resolves to null if this browser cannot check.
   *
   * @param {number} goal the number of a step
   * @returns {Promise<Verdict | null>}
   */
  async verdict(goal, signal = new AbortController().signal) {
    if (!canCheck()) return null;
    const names = this.#site.steps.map(({ subject }) => subject);
    const order = { source: this.#mine.text, parcel: this.parcel, goal, names };
    return verdictOn(this.#site.folder, order, (step) => this.say(`Looking at step ${step}…`), signal);
  }

  /** Try a test of the learner's own on their program. */
  async tryTest() {
    if (this.#checking) return this.#checking.abort();
    if (!canCheck()) return this.check();
    this.#checking = new AbortController();
    this.#part.tryTest.textContent = "Stop";
    this.say("Waking Python for your test…");
    const [source, test, goal] = [this.#mine.text, this.#ownTest.text, this.#open.number];
    const order = { source, test, parcel: this.parcel, goal, names: [] };
    const found = await verdictOn(this.#site.folder, order, () => {}, this.#checking.signal);
    this.#checking = null;
    this.#part.tryTest.textContent = "Run my test";
    this.say("");
    if (!found) return;
    /** @type {{ headline: string, tests?: { name: string, words: string }[] }} */
    const { headline, tests = [] } = found;
    const rows = tests.map(({ name, words }) =>
      element("li", {}, element("b", { textContent: `${words ? "✗" : "✓"} ${name}` }), words && ` ${words}`),
    );
    this.#tell(element("p", { className: "words" }, headline), element("ul", { className: "tests" }, ...rows));
    const isBad = tests.some(({ words }) => words);
    this.say(headline, undefined, isBad);
  }

  /**
   * @param {Verdict} verdict
   * @param {string} text that was judged
   */
  #judge(
    { headline, means = "", stars: count = 0, goal, wanted, instead, line, code, missing = "", hints = [], fault },
    text,
  ) {
    if (goal)
      this.#mine.earn(
        this.#site.steps.slice(0, count).map(({ number }) => number),
        count < goal ? count + 1 : 0,
        text,
      );
    const rows = Object.entries({
      Wanted: wanted,
      Instead: instead,
      "Look at": line && `${missing} line ${line}: \`${code}\``.trim(),
    }).flatMap(([name, text]) => (text ? { name, text } : []));
    const said = element("ol");
    const beside = line && text === this.#mine.text && this.boxes?.beside(line);
    const all = [...hints.map(inline), ...(beside ? [beside] : [])];
    const more = button("Give me a hint", () => {
      said.append(element("li", {}, ...all[said.children.length]));
      more.hidden = said.children.length === all.length;
      this.#part.verdict.scrollTop = this.#part.verdict.scrollHeight;
    });
    const { given } = this.#mine;
    const isThere = goal && count === goal;
    const slip = isThere && text === this.#mine.text && this.boxes?.slip;
    this.#tell(
      goal && goal > given && stars(Math.max(0, count - given), goal - given),
      element("p", { className: "words" }, element("b", { textContent: headline }), " ", ...inline(means)),
      ...(isThere ? this.#onwards(goal) : []),
      slip && paragraph(`One more look before you go on: ${slip.words} A later step may need it as ours has it.`),
      given > 0 &&
        paragraph(`You began with our program of step ${given}. Your own stars begin with step ${given + 1}.`),
      element(
        "dl",
        { hidden: !rows.length },
        ...rows.flatMap(({ name, text }) => [element("dt", { textContent: name }), element("dd", {}, ...inline(text))]),
      ),
      all.length && said,
      all.length && more,
      ...(fault ? report("The checker broke.", fault, this.#site.version) : []),
    );
    this.#about.set(this.#part.verdict, text);
    this.#refresh();
    this.say(headline, undefined, !isThere);
    if (this.#shown === "mine" && text === this.#mine.text) this.#mark(line ?? 0);
  }

  /**
   * The way on from a step that is there.
   *
   * @param {number} goal its number
   */
  #onwards(goal) {
    const next = this.#site.steps.find(({ number }) => number === goal + 1);
    /** @type {(textContent: string, page: string) => HTMLElement} */
    const link = (textContent, page) =>
      element("a", { className: "button", textContent, href: new URL(page, this.#site.place).href });
    const on = next
      ? link(`Go on with step ${next.number}`, `steps/${next.name}.html`)
      : link("Build something of your own", "toolbox/own.html");
    const isMine = this.#mine.stars.includes(goal);
    const words = goal === 5 ? "Your club is open!" : next ? "" : "You are at the top!";
    const party = isMine && words;
    return [
      party
        ? element(
            "p",
            { className: "party" },
            element("span", { textContent: "🎉", ariaHidden: "true" }),
            ` ${party} Show it to a friend, or press “Keep” to take it home.`,
          )
        : null,
      on,
    ];
  }

  /**
   * What the club says at this address, for somebody who opens a link to it.
   *
   * @param {string} path
   */
  async visit(path) {
    if (!this.#running) {
      const link = element("a", {
        href: `http://127.0.0.1:8000/${path}`,
        target: "_blank",
        textContent: "open it in a new window",
      });
      return this.#tell(
        element(
          "p",
          {},
          "Your club is asleep. Press “Run”, then open it again. Does your club run on your own computer? Then ",
          link,
          ".",
        ),
      );
    }
    if (!path) {
      if (this.box.dataset.size === "code") this.#resize("both");
      this.view("club");
      return this.say("Your club is already here, below the program.");
    }
    const answer = await this.#runtime.http("GET", `/${path}`).then(
      (answer) => answer.text(),
      () => "No answer came back. The terminal may say why.",
    );
    this.#tell(paragraph(`\`/${path}\` says:`), element("pre", { className: "answer", textContent: answer }));
  }

  /** @param {...Maybe} inside */
  #tell(...inside) {
    const { verdict, oops } = this.#part;
    oops.hidden = true; // there is room for one card and the program
    this.#about.set(verdict, this.#mine.text);
    const there = inside.filter((each) => each instanceof Element);
    const isAct = (/** @type {Element} */ each) => each.matches("button, a.button");
    const [acts, words] = [there.filter(isAct), there.filter((each) => !isAct(each))];
    verdict.replaceChildren(
      ...words,
      element(
        "p",
        { className: "buttons" },
        ...acts,
        button("Close", () => {
          verdict.hidden = true;
        }),
      ),
    );
    verdict.hidden = false;
    verdict.scrollTop = 0;
    this.#refresh();
    if (!WIDE.matches) this.view("code");
  }

  // --- help ---

  /** @type {import("./boxes.js").Boxes | null} */
  boxes = null; // those of the page

  /** Help with one box of the page, or with the first that is not there yet. */
  help() {
    if (this.boxes?.next) return this.boxes.help(this.boxes.next);
    dialog("Help me", (close) => [
      paragraph("Every box on this page is in your program. “Check me” says what may still be wrong."),
      element(
        "p",
        { className: "buttons" },
        button("Check me", () => {
          close();
          this.check();
        }),
      ),
    ]);
  }
}

export const canCheck = () => "Suspending" in WebAssembly;

/**
 * @param {number} count
 * @param {number} goal
 */
export const stars = (count, goal) =>
  element("p", {
    className: "stars",
    role: "img",
    ariaLabel: `${count} of ${goal} stars`,
    textContent: "★ ".repeat(count) + "☆ ".repeat(goal - count),
  });
