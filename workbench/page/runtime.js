// @ts-nocheck: not typed yet
// Python in a worker, and the lines from this page to the program that runs there.

const PATIENCE = 700; // ms that a program has to end by itself
const TOO_LONG = 5000; // ms without an answer, as in club.js
const TOO_STUCK = 60000; // ms without a word from the checker

/** Is this error of a browser about a file that did not come? */
export const isAway = (error) =>
  /fetch|NetworkError|Load failed|imported module|^Error: \d+ for/i.test(error ?? "fetch");

/** One end of a line to the program in the worker. It has what the clubhouse needs of a WebSocket. */
export class Socket {
  static #last = 0;
  id = ++Socket.#last;
  /** @type {import("../../steps/clubhouse/walkie-talkie.js").Line["onopen"]} */
  onopen = null;
  /** @type {import("../../steps/clubhouse/walkie-talkie.js").Line["onmessage"]} */
  onmessage = null;
  /** @type {import("../../steps/clubhouse/walkie-talkie.js").Line["onclose"]} */
  onclose = null;
  #runtime;

  constructor(runtime, path) {
    this.#runtime = runtime;
    runtime.sockets.set(this.id, this);
    runtime.post("open", { id: this.id, path });
  }

  send(data) {
    this.#runtime.post("send", { id: this.id, data });
  }

  /** In this page a friend can fall asleep, and take nothing until they wake up. */
  sleep(asleep) {
    this.#runtime.post("sleep", { id: this.id, asleep });
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
export class Runtime extends EventTarget {
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

  get isAwake() {
    return Boolean(this.#worker);
  }

  post(kind, more = {}) {
    this.#worker?.postMessage({ kind, ...more });
  }

  /** Start Python. It takes a moment, so whoever will need it soon can ask for it now. */
  wake() {
    if (this.#worker) return;
    this.#worker = new Worker(new URL("worker.js", this.#address), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = ({ message }) => this.#hear({ kind: "broken", text: message });
  }

  /** Put a program on the air. Resolves to true when it is there. */
  async run(source, parcel) {
    this.wake();
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

  /** What the clubhouse calls through. It may ask whether a new program has come since it last asked. */
  network() {
    let seen = 0;
    return {
      open: (path) => new Socket(this, `/${path}`),
      get: (path) => this.http("GET", `/${path}`),
      post: (path) => this.http("POST", `/${path}`),
      isNew: () => {
        const before = seen;
        seen = this.runs;
        return seen !== before;
      },
    };
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
export function verdictOn(address, order, looking, signal) {
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
      else if (kind === "broken")
        end({
          headline: isAway(detail.text)
            ? "The checker did not come: this computer is offline, or a filter holds it back. Once it has been here, it works offline."
            : `The checker tripped over itself, not over your program: ${detail.text}`,
        });
    };
    worker.onerror = ({ message }) => worker.onmessage({ data: { kind: "broken", text: message } });
    signal.addEventListener("abort", () => end(null));
    worker.postMessage({ kind: "check", ...order });
    wait();
  });
}
