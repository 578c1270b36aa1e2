// The club in the page: Run puts the program of a step on the air, in this browser.
//
// `Runtime` is Python in a worker. The clubhouse in the frame calls it through `network`, as it calls a real server.
// Nothing heavy is fetched before Run.

const PATIENCE = 700; // ms that a program has to end by itself
const TOO_LONG = 5000; // ms without an answer, as in club.js
const TOO_STUCK = 60000; // ms without a word from the checker
const SCREEN = 20_000; // characters that the terminal keeps

/** One end of a line to the program in the worker. It has what the clubhouse needs of a WebSocket. */
export class Socket {
  static #last = 0;
  id = ++Socket.#last;
  #runtime;

  constructor(runtime, path) {
    this.#runtime = runtime;
    runtime.sockets.set(this.id, this);
    runtime.post("open", { id: this.id, path });
  }

  send(data) {
    this.#runtime.post("send", { id: this.id, data });
  }

  close(code = 1000) {
    this.#runtime.post("close", { id: this.id, code });
  }

  hear({ type, ...what }) {
    if (type === "close") this.#runtime.sockets.delete(this.id);
    this[`on${type}`]?.(what);
  }
}

/** Python, awake as long as the tab is open. It reports with the events progress, terminal, error and broken. */
class Runtime extends EventTarget {
  sockets = new Map();
  runs = 0;
  #worker = null;
  #asked = new Map();
  #address;
  #last = 0;

  constructor(address) {
    super();
    this.#address = address;
  }

  post(kind, more = {}) {
    this.#worker?.postMessage({ kind, ...more });
  }

  /** Put a program on the air. Resolves to true when it is there. */
  async run(source, parcel) {
    if (!this.#worker) {
      this.#worker = new Worker(new URL("worker.js", this.#address), { type: "module" });
      this.#worker.onmessage = ({ data }) => this.#hear(data);
      this.#worker.onerror = ({ message }) => this.#hear({ kind: "broken", text: message });
    }
    this.post("run", { source, parcel });
    const ok = await this.#answer("started");
    if (ok) this.runs++;
    return ok;
  }

  /** End the program; one that does not listen loses its Python too. */
  async stop() {
    if (!this.#worker) return;
    this.#settle("started", false);
    this.post("stop");
    const worker = this.#worker;
    const late = setTimeout(() => {
      if (this.#worker === worker) this.#end();
    }, PATIENCE);
    await this.#answer("stopped");
    clearTimeout(late);
    for (const socket of [...this.sockets.values()]) socket.hear({ type: "close", code: 1006 });
  }

  async http(method, path, headers = [], body = new ArrayBuffer(0)) {
    const id = ++this.#last;
    this.post("http", { id, method, path, headers, body });
    setTimeout(() => this.#settle(`http ${id}`, null), TOO_LONG);
    const answer = await this.#answer(`http ${id}`);
    if (!answer?.status) throw new Error("no answer");
    const { status, headers: pairs, data } = answer;
    return new Response([204, 304].includes(status) ? null : data, { status, headers: pairs });
  }

  #answer(name) {
    return new Promise((resolve) => this.#asked.set(name, resolve));
  }

  #settle(name, value) {
    this.#asked.get(name)?.(value);
    this.#asked.delete(name);
  }

  #hear({ kind, ...detail }) {
    if (kind === "started") this.#settle("started", detail.ok);
    else if (kind === "stopped") this.#settle("stopped", true);
    else if (kind === "http") this.#settle(`http ${detail.id}`, detail);
    else if (kind === "socket") this.sockets.get(detail.id)?.hear(detail);
    else this.dispatchEvent(new CustomEvent(kind, { detail }));
    if (kind === "broken") this.#end();
  }

  /** Without its worker nobody gets an answer any more. */
  #end() {
    this.#worker?.terminate();
    this.#worker = null;
    for (const name of [...this.#asked.keys()]) this.#settle(name, null);
  }
}

/**
 * Hold a program to the shared suite. It gets a Python of its own, so that friends who are talking are not disturbed.
 * That Python ends when it has answered, or when the signal says so. `looking` is told which step it is looking at.
 */
function verdictOn(address, order, looking, signal) {
  const worker = new Worker(new URL("worker.js", address), { type: "module" });
  return new Promise((resolve) => {
    let late;
    const end = (verdict) => {
      clearTimeout(late);
      worker.terminate();
      resolve(verdict);
    };
    const wait = () => {
      clearTimeout(late);
      late = setTimeout(() => end({ headline: "Your program keeps the checker waiting, and never stops." }), TOO_STUCK);
    };
    worker.onmessage = ({ data: { kind, ...detail } }) => {
      wait();
      if (kind === "checking") looking(detail.step);
      else if (kind === "verdict") end(detail);
      else if (kind === "broken") end({ headline: `The checker tripped over itself, not over your program: ${detail.text}` });
    };
    worker.onerror = ({ message }) => worker.onmessage({ data: { kind: "broken", text: message } });
    signal.addEventListener("abort", () => end(null));
    worker.postMessage({ kind: "check", ...order });
    wait();
  });
}

const assets = new URL("./", import.meta.url);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);

function element(tag, properties, ...inside) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
}

const button = (textContent, className, onclick) => element("button", { type: "button", textContent, className, onclick });

/** What is kept of the learner's work; a private window may keep nothing. */
const notes = {
  read(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  write(name, text) {
    try {
      text === null ? localStorage.removeItem(name) : localStorage.setItem(name, text);
    } catch {
      // It lives as long as the page.
    }
  },
};

function unable() {
  if (!globalThis.WebAssembly || !globalThis.Worker || !globalThis.DecompressionStream) return "This browser is too old.";
  if (navigator.deviceMemory < 1) return "This computer has too little memory.";
  return "";
}

export let runtime; // one for the tab

class Runner {
  #section;
  #original;
  #editor = null;
  #runtime;
  #step;
  #folder;
  #parts = {};
  #listening = new AbortController();
  #checking = null;

  constructor(section) {
    const { step, runtime: name } = section.dataset;
    this.#section = section;
    this.#step = step;
    this.#folder = new URL(`in-page/${name}/`, assets);
    this.#original = section.querySelector("pre > code").textContent.trimEnd() + "\n";
    section.setAttribute("aria-label", `Run step ${Number(step.slice(0, 2))} in this page`);
    const why = unable();
    const way = section.querySelector(".unable");
    if (why) {
      way.prepend(`It cannot run in this page. ${why} `);
      return;
    }
    way.remove();
    this.#runtime = runtime ??= new Runtime(this.#folder);
    for (const kind of ["progress", "terminal", "error", "broken"]) {
      runtime.addEventListener(kind, ({ detail }) => this[kind](detail), { signal: this.#listening.signal });
    }
    this.#build();
  }

  #build() {
    const part = this.#parts;
    part.run = button("Run", "start", () => this.run());
    part.stop = button("Stop", "", () => this.stop());
    part.check = button("Check me", "", () => this.check());
    part.reset = button("Start over", "", () => this.startOver());
    part.home = button("Take it home", "", () => this.takeHome());
    part.stop.disabled = true;
    part.status = element("p", { className: "status", role: "status" });
    part.say = (words, state = "") => {
      part.status.textContent = words;
      this.#section.dataset.state = state;
    };
    part.progress = element("progress", { hidden: true, ariaLabel: "Progress" });
    part.hint = element("p", {
      className: "hint",
      id: `keys-${this.#step}`,
      textContent: "Tab moves the line to the right. To leave the editor, press Escape and then Tab. Ctrl+Enter runs the program.",
      hidden: true,
    });
    part.verdict = element("div", { className: "verdict", role: "status", hidden: true });
    part.oops = element("p", { className: "oops", role: "alert", hidden: true });
    part.terminal = element("pre", { className: "terminal", tabIndex: 0, hidden: true });
    part.terminal.setAttribute("role", "log");
    part.terminal.setAttribute("aria-label", "Terminal");
    part.code = this.#section.querySelector(".highlight");
    part.code.tabIndex = 0; // it scrolls
    const bar = element("div", { className: "bar" }, part.run, part.stop, part.check, part.reset, part.home, part.status);
    part.code.before(bar, part.progress);
    part.code.after(part.hint, part.verdict, part.oops, part.terminal);
    part.say(notes.read(this.#note) === null ? "Try it here. You do not need a terminal." : "Your own lines are saved here.");
    if (this.#section.dataset.start && welcome()) this.run();
  }

  get #note() {
    return `program ${this.#step}`;
  }

  get #source() {
    return this.#editor?.text ?? notes.read(this.#note) ?? this.#original;
  }

  get #parcel() {
    return new URL(`../take-home/${this.#step}.zip`, assets).href;
  }

  async #edit() {
    if (this.#editor) return;
    const { edit } = await import(new URL("editor.js", this.#folder));
    if (this.#editor) return;
    const place = element("div", { className: "editor" });
    this.#parts.code.replaceWith(place);
    this.#parts.code = place;
    this.#editor = edit(place, {
      text: this.#source,
      label: "main.py",
      hint: this.#parts.hint.id,
      onChange: (text) => notes.write(this.#note, text === this.#original ? null : text),
      onRun: () => this.run(),
    });
    this.#markNew();
    this.#parts.hint.hidden = false;
  }

  #markNew() {
    if (this.#source === this.#original) this.#editor.markNew(this.#section.dataset.new.split(" ").filter(Boolean).map(Number));
  }

  async run() {
    const part = this.#parts;
    part.run.disabled = true;
    part.stop.disabled = false;
    part.oops.hidden = true;
    part.terminal.textContent = "";
    part.terminal.hidden = false;
    part.say("Starting…", "starting");
    try {
      await this.#edit();
      this.#editor.markWrong(0);
      const ok = await this.#runtime.run(this.#source, this.#parcel);
      part.progress.hidden = true;
      if (ok) {
        part.say("On the air", "running");
        this.#open();
        const { runtime: name } = this.#section.dataset;
        const worker = new URL(`../service-worker.js?runtime=${name}`, assets);
        setTimeout(() => navigator.serviceWorker?.register(worker).catch(() => {}), 2000); // when the friends are in
      } else if (this.#section.dataset.state === "starting") {
        part.say("It did not start. The terminal says why.", "wrong");
      }
      part.stop.disabled = !ok;
    } catch (error) {
      this.broken({ text: String(error) });
    }
    part.run.disabled = false;
  }

  async stop() {
    const part = this.#parts;
    part.stop.disabled = true;
    await this.#runtime.stop();
    part.progress.hidden = true;
    part.run.disabled = false;
    part.say("Stopped", "");
  }

  /** The verdict of `uv run club check`, by the same tests. */
  async check() {
    const { verdict, check } = this.#parts;
    if (this.#checking) return this.#checking.abort();
    verdict.hidden = false;
    if (!("Suspending" in WebAssembly)) {
      verdict.replaceChildren(...inline("This browser cannot check in the page; Chrome and Edge can. In a terminal: `uv run club check`"));
      return;
    }
    this.#checking = new AbortController();
    check.textContent = "Stop checking";
    verdict.replaceChildren("Waking Python for the checker…");
    const { step, names } = this.#section.dataset;
    const order = { source: this.#source, parcel: this.#parcel, goal: Number(step.slice(0, 2)), names: names.split("|") };
    const looking = (step) => verdict.replaceChildren(`Looking at step ${step}…`);
    const found = await verdictOn(this.#folder, order, looking, this.#checking.signal);
    this.#checking = null;
    check.textContent = "Check me";
    verdict.hidden = !found;
    if (found) this.#show(found);
  }

  #show({ headline, means = "", stars: count, goal, wanted, instead, line, code, hints = [] }) {
    const { verdict } = this.#parts;
    const rows = [["Wanted", wanted], ["Instead", instead], ["Look at", line && `line ${line}: \`${code}\``]].filter(([, text]) => text);
    const said = element("ol", {});
    const more = button("Give me a hint", "", () => {
      said.append(element("li", {}, ...inline(hints[said.children.length])));
      more.hidden = said.children.length === hints.length;
    });
    verdict.replaceChildren(
      ...(goal ? [stars(count, goal)] : []),
      element("p", { className: "words" }, element("b", {}, headline), " ", ...inline(means)),
      element("dl", { hidden: !rows.length }, ...rows.flatMap(([name, text]) => [element("dt", { textContent: name }), element("dd", {}, ...inline(text))])),
      ...(hints.length ? [said, more] : []),
    );
    this.#editor?.markWrong(line ?? 0);
    verdict.scrollIntoView({ block: "nearest" });
  }

  startOver() {
    notes.write(this.#note, null);
    if (this.#editor) {
      this.#editor.text = this.#original;
      this.#markNew();
      this.#editor.markWrong(0);
    }
    this.#checking?.abort();
    this.#parts.verdict.hidden = this.#parts.oops.hidden = true;
    this.#parts.say("The step's own program is back.", this.#section.dataset.state);
  }

  async takeHome() {
    const { parcel } = await import(new URL("editor.js", this.#folder));
    const zip = new Uint8Array(await (await fetch(this.#parcel)).arrayBuffer());
    const link = element("a", { href: URL.createObjectURL(parcel(zip, this.#source)), download: `${this.#step}.zip` });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  /** The clubhouse as it is; only its network is different. */
  #open() {
    if (this.#parts.frame) return;
    const frame = (this.#parts.frame = element("iframe", { title: "The clubhouse", className: "clubhouse" }));
    const { host, pathname } = new URL("clubhouse/", assets);
    const live = this.#runtime;
    let seen = 0;
    frame.network = {
      open: (path) => new Socket(live, `/${path}`),
      get: (path) => live.http("GET", `/${path}`),
      isNew: () => seen !== (seen = live.runs),
    };
    frame.onload = () => {
      const { document: inside, CSSStyleSheet } = frame.contentWindow;
      const style = new CSSStyleSheet();
      // Another window would have no program behind it.
      style.replaceSync("main { padding: 24px 16px } a[target=_blank] { display: none }");
      inside.adoptedStyleSheets = [style];
      const dress = () => (inside.documentElement.style.colorScheme = getComputedStyle(document.body).colorScheme);
      dress();
      new MutationObserver(dress).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
      new ResizeObserver(([{ target }]) => (frame.style.height = `${target.offsetHeight}px`)).observe(inside.body);
    };
    frame.src = `${location.protocol}//${host}${pathname}index.html`;
    this.#section.append(frame);
  }

  progress({ stage, loaded, total }) {
    const { progress, say } = this.#parts;
    progress.hidden = false;
    if (stage) {
      progress.removeAttribute("value");
      say(stage === "python" ? "Waking Python…" : "Starting FastAPI…", "starting");
    } else if (loaded < total) {
      progress.max = total;
      progress.value = loaded;
      say(`Fetching Python: ${megabytes(loaded)} of ${megabytes(total)} MB`, "starting");
    }
  }

  terminal({ text }) {
    const { terminal } = this.#parts;
    terminal.append(text.slice(-SCREEN));
    while (terminal.textContent.length > SCREEN && terminal.childNodes.length > 1) terminal.firstChild.remove();
    terminal.scrollTop = terminal.scrollHeight;
  }

  error({ text, line, means, do: advice }) {
    const { oops } = this.#parts;
    this.terminal({ text });
    this.#editor?.markWrong(line ?? 0);
    oops.hidden = false;
    oops.replaceChildren(element("b", { textContent: line ? `Look at line ${line}. ` : "Oops! " }), ...inline(`${means ?? "The terminal says what is wrong."} ${advice ?? ""}`));
  }

  broken({ text }) {
    this.#parts.progress.hidden = true;
    this.terminal({ text: `${text}\n` });
    this.#parts.say("Python did not start in this browser. Your terminal can run the club.", "wrong");
  }

  leave() {
    this.#listening.abort();
    this.#checking?.abort();
    this.#runtime?.stop();
  }
}

const stars = (count, goal) =>
  element("p", { className: "stars", role: "img", ariaLabel: `${count} of ${goal} stars`, textContent: "★ ".repeat(count) + "☆ ".repeat(goal - count) });

/** Words with `code` in them. */
const inline = (text) => text.split("`").map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));

/** May eight megabytes load, and things move, before anybody asks? Not if the browser cannot say. */
function welcome() {
  const { saveData, type, effectiveType } = navigator.connection ?? {};
  const free = effectiveType === "4g" && !saveData && type !== "cellular";
  return free && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

let runners = [];

function arrive() {
  for (const runner of runners) runner.leave();
  runners = [...document.querySelectorAll("section.run[data-runtime]")].map((section) => new Runner(section));
}

globalThis.document$ ? document$.subscribe(arrive) : arrive();
