// The workbench: the learner's own program beside the words, ours to look at, and the club that runs what is shown.
//
// There is one for the tab. It stays when the reader goes to another page, and so do Python, the talk and the undo.

import { button, copy, dialog, element, inline, paragraph } from "./dom.js";
import { keep } from "./keep.js";
import { verdictOn } from "./runtime.js";

const SCREEN = 20_000; // characters that the terminal keeps
const WIDE = matchMedia("(min-width: 1100px)"); // as in bench.css

const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

/** Why the club cannot run in this browser, or nothing. */
export function unable() {
  if (!globalThis.WebAssembly || !globalThis.Worker || !globalThis.DecompressionStream)
    return "This browser is too old.";
  if (navigator.deviceMemory < 1) return "This computer has too little memory.";
  return "";
}

export class Bench {
  #here; // what a class builds on
  #site; // as page.js finds it
  #mine;
  #runtime;
  #step = null; // of the page that is open
  #shown = "mine";
  #running = null; // { which, text } while a program is on the air
  #editor = null;
  #checking = null;
  #touched; // where the program was touched first
  #frame = null;
  #part = {};

  constructor(site, mine, here) {
    this.#here = here;
    this.#site = site;
    this.#mine = mine;
    this.#runtime = site.runtime;
    this.#build();
    for (const kind of ["progress", "terminal", "error", "broken"]) {
      this.#runtime.addEventListener(kind, ({ detail }) => this.box.hidden || this[kind](detail));
    }
    mine.addEventListener("change", () => this.#refresh());
    mine.addEventListener("replaced", () => this.#show(this.#shown));
  }

  #build() {
    const part = this.#part;
    part.mine = button("Mine", () => this.#show("mine"));
    part.ours = button("Ours", () => this.#show("ours"));
    part.run = button("Run", () => this.run(), "start");
    part.stop = button("Stop", () => this.stop());
    part.check = button("Check me", () => this.check());
    part.help = button("Help me", () => this.help());
    part.keep = button("Keep", () => keep(this, this.#mine, this.#site));
    part.copy = button("Copy", async () => {
      await copy(this.#step.source);
      this.say("Copied.");
    });
    part.undo = button("Undo", () => this.#mine.takeBack(), "undo");
    part.stop.disabled = true;
    part.status = element("p", { className: "status", role: "status" });
    part.progress = element("progress", { hidden: true, ariaLabel: "Progress" });
    part.notice = element("p", { className: "notice" });
    part.plain = element("pre", { className: "plain", tabIndex: 0 });
    part.plain.setAttribute("role", "textbox");
    part.plain.setAttribute("aria-multiline", "true");
    part.plain.addEventListener("focus", () => this.#edit());
    part.plain.addEventListener("pointerdown", ({ clientX, clientY }) => this.#edit({ x: clientX, y: clientY }));
    part.code = element("div", { className: "code" }, part.plain);
    part.keys = element("p", {
      className: "keys",
      id: "keys",
      textContent:
        "Enter makes the spaces at the start of a line for you, and Tab makes more. To leave the editor, press Escape and then Tab. Ctrl+Enter runs the program.",
    });
    part.verdict = element("div", { className: "verdict", hidden: true });
    part.oops = element("div", { className: "oops", role: "alert", hidden: true });
    part.terminal = element("pre", { className: "terminal", tabIndex: 0, hidden: true });
    part.terminal.setAttribute("role", "log");
    part.terminal.setAttribute("aria-label", "Terminal");
    part.terminalButton = button("Terminal", () => this.#openTerminal(part.terminal.hidden));
    part.sizes = ["Code", "Both", "Club"].map((name) => button(name, () => this.#resize(name.toLowerCase())));
    part.club = element(
      "div",
      { className: "club" },
      element("p", { className: "asleep", textContent: "Your club is asleep. Press Run to wake it." }),
    );
    this.box = element(
      "aside",
      { id: "bench", hidden: true, ariaLabel: "Your program" },
      element(
        "div",
        { className: "bar" },
        group("Which program", part.mine, part.ours),
        part.run,
        part.stop,
        part.check,
        part.help,
        part.keep,
        part.copy,
        part.undo,
      ),
      part.progress,
      part.notice,
      part.code,
      part.keys,
      part.verdict,
      part.oops,
      element("div", { className: "strip" }, part.status, part.terminalButton, group("Size", ...part.sizes)),
      element("div", { className: "stage" }, part.club, part.terminal),
    );
    const view = (name) =>
      element("button", { type: "button", textContent: name, onclick: () => this.view(name.toLowerCase()) });
    part.views = ["Read", "Code", "Club"].map(view);
    this.tabs = element("nav", { id: "views", ariaLabel: "What to see", hidden: true }, ...part.views);
    document.body.append(this.box, this.tabs);
    this.#resize("both");
    this.view("read");
    addEventListener("popstate", () => this.#pushed && this.view("read", true));
    visualViewport?.addEventListener("resize", () => {
      const { height, offsetTop } = visualViewport;
      document.documentElement.style.setProperty("--keyboard", `${Math.max(0, innerHeight - height - offsetTop)}px`);
    });
  }

  /** A page has been opened: with a step, or with null if it is about none. */
  arrive(step) {
    this.box.hidden = this.tabs.hidden = !step;
    if (!step || step === this.#step) return;
    if (this.#step) this.#mine.goOn();
    this.#step = step;
    this.#mine.first = {
      text: this.#site.steps[step.number - 2]?.source ?? this.#site.starter,
      given: step.number - 1,
    };
    this.#part.verdict.hidden = true;
    this.#part.status.classList.remove("not-yet");
    this.#checking?.abort();
    this.#show("mine");
  }

  get text() {
    return this.#shown === "mine" ? this.#mine.text : this.#step.source;
  }

  get step() {
    return this.#step;
  }

  get parcel() {
    return new URL(`take-home/${this.#step.name}.zip`, this.#site.place).href;
  }

  // --- what is shown ---

  #show(which) {
    if (!this.#step) return;
    this.#shown = which;
    if (this.#editor) this.#editor.show(which, this.text, which === "ours" ? this.#step.new : []);
    else {
      const lines = this.text.split(/(?<=\n)/);
      this.#part.plain.style.setProperty("--digits", Math.max(2, String(lines.length + 1).length)); // the numbers need as much room as in the editor
      this.#part.plain.replaceChildren(...lines.map((textContent) => element("span", { textContent })));
    }
    this.#refresh();
  }

  #refresh() {
    const part = this.#part;
    if (!this.#step) return;
    const isOurs = this.#shown === "ours";
    part.mine.setAttribute("aria-pressed", !isOurs);
    part.ours.setAttribute("aria-pressed", isOurs);
    part.plain.setAttribute("aria-label", isOurs ? "our main.py" : "main.py");
    part.copy.hidden = !isOurs;
    const { undo, untouched, given } = this.#mine;
    part.undo.hidden = isOurs || !undo;
    part.undo.title = undo ? `Undo: ${undo.words}` : "";
    part.run.classList.toggle("due", this.#running?.text !== this.text);
    for (const card of [part.verdict, part.oops]) card.classList.toggle("old", card.about !== this.#mine.text);
    const begun = untouched && given ? `You begin here with our program of step ${given}. It earns no stars.` : "";
    part.notice.textContent = isOurs
      ? `This is our program of step ${this.#step.number}. Yours is safe under “Mine”.`
      : begun;
  }

  /** The editor. The first time it comes in place of the plain text, which may have been touched at this point. */
  async #edit(point) {
    if (this.#editor) return this.#editor;
    this.#touched ??= point;
    const { edit } = await import(new URL("editor.js", this.#site.folder));
    if (this.#editor) return this.#editor;
    const { plain, code } = this.#part;
    const hadFocus = document.activeElement === plain;
    const top = plain.scrollTop;
    code.replaceChildren();
    this.#editor = edit(code, {
      text: this.#mine.text,
      hint: "keys",
      onChange: (text) => {
        this.#mine.type(text);
        if (!unable()) this.#runtime.wake();
      },
      onRun: () => this.run(),
    });
    this.#show(this.#shown);
    if (hadFocus) this.#editor.focus(this.#touched, top);
    return this.#editor;
  }

  #resize(size) {
    this.box.dataset.size = size;
    for (const each of this.#part.sizes) each.setAttribute("aria-pressed", each.textContent.toLowerCase() === size);
  }

  #openTerminal(open) {
    this.#part.terminal.hidden = !open;
    this.#part.terminalButton.setAttribute("aria-pressed", open);
    this.#part.terminal.scrollTop = this.#part.terminal.scrollHeight;
  }

  #pushed = false; // Back leads from the bench to the words
  #place = 0; // where the reader was in them

  /** On a phone there is room for one at a time: "read", "code" or "club". */
  view(name, isBack = false) {
    const old = document.documentElement.dataset.view;
    if (name === "read" && this.#pushed && !isBack) return history.back(); // which shows them
    if (old === "read") this.#place = scrollY;
    document.documentElement.dataset.view = name;
    if (name === "read" && old !== "read" && !WIDE.matches) scrollTo({ top: this.#place, behavior: "instant" });
    for (const each of this.#part.views) each.setAttribute("aria-pressed", each.textContent.toLowerCase() === name);
    if (WIDE.matches || isBack || !old) {
      this.#pushed &&= !isBack;
    } else if (name !== "read" && !this.#pushed) {
      this.#pushed = true;
      history.pushState(history.state, "");
    }
  }

  say(words, state = this.box.dataset.state ?? "", isNotYet = false) {
    this.#part.status.textContent = words;
    this.#part.status.classList.toggle("not-yet", isNotYet);
    this.box.dataset.state = state;
  }

  /** Show the program's own lines; `change` gets the editor. */
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
    part.verdict.hidden ||= !part.verdict.matches(":not(.old):has(.stars)");
    part.terminal.textContent = "";
    if (this.box.dataset.state === "wrong") this.#openTerminal(false); // it was open to find out why
    this.say("Starting…", "starting");
    if (!WIDE.matches) this.view("club");
    const running = { which: this.#shown, text: this.text };
    this.#running = running;
    try {
      (await this.#edit()).markWrong(0);
      const ok = await this.#runtime.run(running.text, this.parcel);
      part.progress.hidden = true;
      part.stop.disabled = !ok;
      if (ok) {
        if (running.which === "mine") this.#mine.runs(running.text);
        this.say(running.which === "mine" ? "On the air" : "On the air: our program", "running");
        this.#openClub();
        const worker = new URL(`service-worker.js?runtime=${this.#site.version}`, this.#site.place);
        setTimeout(() => navigator.serviceWorker?.register(worker).catch(() => {}), 2000); // when the friends are in
      } else {
        this.#running = null;
        if (this.box.dataset.state === "starting")
          this.say(`It did not start.${part.oops.hidden ? " The terminal says why." : ""}`, "wrong");
      }
    } catch (error) {
      this.broken({ text: String(error) });
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
    const frame = element("iframe", { title: "The clubhouse" });
    this.#frame = frame;
    const { host, pathname } = new URL("assets/clubhouse/", this.#site.place);
    frame.network = { ...this.#runtime.network(), me: this.#here.nickname };
    frame.onload = () => {
      const { document: inside, CSSStyleSheet } = frame.contentWindow;
      const style = new CSSStyleSheet();
      style.replaceSync("a[target=_blank] { display: none !important }"); // another window would have no program behind it
      inside.adoptedStyleSheets = [style];
      const dress = () => (inside.documentElement.style.colorScheme = getComputedStyle(document.body).colorScheme);
      dress();
      new MutationObserver(dress).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    };
    frame.src = `${location.protocol}//${host}${pathname}index.html`;
    this.#part.club.replaceChildren(frame);
  }

  // --- what Python reports ---

  progress({ stage, loaded, total }) {
    const { progress } = this.#part;
    if (this.box.dataset.state !== "starting") return; // it wakes while the learner types
    progress.hidden = false;
    if (stage) {
      progress.removeAttribute("value");
      this.say(stage === "python" ? "Waking Python…" : "Starting FastAPI…");
    } else if (loaded < total) {
      progress.max = total;
      progress.value = loaded;
      this.say(`Fetching Python: ${megabytes(loaded)} of ${megabytes(total)} MB`);
    } else {
      progress.hidden = true;
    }
  }

  terminal({ text }) {
    const { terminal } = this.#part;
    terminal.append(text.slice(-SCREEN));
    while (terminal.textContent.length > SCREEN && terminal.childNodes.length > 1) terminal.firstChild.remove();
    terminal.scrollTop = terminal.scrollHeight;
  }

  error({ text, line, means, do: advice }) {
    const { oops, verdict } = this.#part;
    this.terminal({ text });
    const isShown = this.#running?.which === this.#shown;
    oops.about = this.#running?.which === "mine" ? this.#running.text : this.#mine.text;
    verdict.hidden = true; // there is room for one card and the program
    if (isShown) this.#editor?.markWrong(line ?? 0);
    const { ran, text: mine } = this.#mine;
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
        button("Close", () => (oops.hidden = true)),
      ),
    );
    oops.hidden = false;
    oops.scrollTop = 0;
    this.#refresh();
    if (!WIDE.matches) this.view("code");
  }

  broken({ text }) {
    this.#running = null;
    this.#part.progress.hidden = true;
    this.#part.run.disabled = false;
    this.terminal({ text: `${text}\n` });
    this.say("Python did not start in this browser. Your terminal can run the club.", "wrong");
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
    const found = await this.verdict(this.#step.number, this.#checking.signal);
    this.#checking = null;
    check.textContent = "Check me";
    this.say({ running: "On the air", wrong: "It did not start." }[this.box.dataset.state] ?? "");
    if (!found) return;
    this.#judge(found, text);
    this.#here.dispatchEvent(new CustomEvent("verdict", { detail: found }));
  }

  /** Resolves to null if this browser cannot check. */
  async verdict(goal, signal = new AbortController().signal) {
    if (!canCheck()) return null;
    const names = this.#site.steps.map(({ subject }) => subject);
    const order = { source: this.#mine.text, parcel: this.parcel, goal, names };
    return verdictOn(this.#site.folder, order, (step) => this.say(`Looking at step ${step}…`), signal);
  }

  #judge({ headline, means = "", stars: count, goal, wanted, instead, line, code, hints = [] }, text) {
    if (goal)
      this.#mine.earn(
        this.#site.steps.slice(0, count).map(({ number }) => number),
        count < goal ? count + 1 : 0,
      );
    const rows = [
      ["Wanted", wanted],
      ["Instead", instead],
      ["Look at", line && `line ${line}: \`${code}\``],
    ].filter(([, text]) => text);
    const said = element("ol");
    const more = button("Give me a hint", () => {
      said.append(element("li", {}, ...inline(hints[said.children.length])));
      more.hidden = said.children.length === hints.length;
    });
    const given = Math.min(this.#mine.given, count ?? 0);
    const isThere = goal && count === goal;
    this.#tell(
      goal && stars(count, goal),
      element("p", { className: "words" }, element("b", { textContent: headline }), " ", ...inline(means)),
      ...(isThere ? this.#onwards(goal) : []),
      given > 0 && paragraph(`Our lines earn no star on the map. Yours begin after step ${given}.`),
      element(
        "dl",
        { hidden: !rows.length },
        ...rows.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", {}, ...inline(text))]),
      ),
      hints.length && said,
      hints.length && more,
    );
    this.#part.verdict.about = text;
    this.#refresh();
    this.say(goal ? `${headline} ${count} of ${goal} stars.` : headline, undefined, !isThere);
    if (this.#shown === "mine" && text === this.#mine.text) this.#editor?.markWrong(line ?? 0);
  }

  /** The way on from a step that is there. */
  #onwards(goal) {
    const next = this.#site.steps.find(({ number }) => number === goal + 1);
    const link = (textContent, page) =>
      element("a", { className: "button", textContent, href: new URL(page, this.#site.place).href });
    const on = next
      ? link(`Go on with step ${next.number}`, `steps/${next.name}.html`)
      : link("Build something of your own", "toolbox/own.html");
    const isMine = this.#mine.stars.includes(goal);
    const party = isMine && ({ 5: "Your club is open!" }[goal] ?? (next ? "" : "You are at the top!"));
    return [
      party &&
        element(
          "p",
          { className: "party" },
          element("span", { textContent: "🎉", ariaHidden: "true" }),
          ` ${party} Show it to a friend, or press “Keep” to take it home.`,
        ),
      on,
    ];
  }

  /** What the club says at this address, for somebody who opens a link to it. */
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
      this.#resize(this.box.dataset.size === "code" ? "both" : this.box.dataset.size);
      return this.view("club");
    }
    const answer = await this.#runtime.http("GET", `/${path}`).then(
      (answer) => answer.text(),
      () => "No answer came back. The terminal may say why.",
    );
    this.#tell(paragraph(`\`/${path}\` says:`), element("pre", { className: "answer", textContent: answer }));
  }

  #tell(...inside) {
    const { verdict, oops } = this.#part;
    oops.hidden = true; // there is room for one card and the program
    verdict.about = this.#mine.text;
    const isAct = (each) => each.matches("button, a.button");
    const [acts, words] = [true, false].map((wanted) => inside.filter((each) => each && isAct(each) === wanted));
    verdict.replaceChildren(
      ...words,
      element(
        "p",
        { className: "buttons" },
        ...acts,
        button("Close", () => (verdict.hidden = true)),
      ),
    );
    verdict.hidden = false;
    verdict.scrollTop = 0;
    this.#refresh();
    if (!WIDE.matches) this.view("code");
  }

  // --- help ---

  boxes = null; // those of the page, as boxes.js finds them

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

export function group(ariaLabel, ...inside) {
  const made = element("div", { className: "group", ariaLabel }, ...inside);
  made.setAttribute("role", "group");
  return made;
}

export const stars = (count, goal) =>
  element("p", {
    className: "stars",
    role: "img",
    ariaLabel: `${count} of ${goal} stars`,
    textContent: "★ ".repeat(count) + "☆ ".repeat(goal - count),
  });
