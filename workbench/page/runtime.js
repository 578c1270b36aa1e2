// @ts-nocheck: not typed yet
// Python in a worker, and the lines from this page to the program that runs there.

import * as memory from "./memory.js";

const PATIENCE = 700; // ms that a program has to end by itself
const TOO_LONG = 5000; // ms without an answer, as in club.js
const TOO_STUCK = 60000; // ms without a word from the checker

/** Is this error of a browser about a file that did not come? */
export const isAway = (error) =>
  /fetch|NetworkError|Load failed|imported module|^Error: \d+ for/i.test(error ?? "fetch");

/**
 * A worker with Python in it. What Python's memory looks like at the start is kept here, where no program comes: the
 * worker says it once, before it runs any program. `checks` says that it will hold one to the suite.
 */
function wake(address, checks) {
  const worker = new Worker(new URL("worker.js", address), { type: "module" });
  const awake = ({ data }) => {
    if (data.kind !== "awake") return;
    worker.removeEventListener("message", awake);
    if (data.memory) memory.keep(address, data.memory);
  };
  worker.addEventListener("message", awake);
  memory
    .recall(address)
    .then((how) => worker.postMessage({ kind: "start", checks, ...how }, how.snapshot ? [how.snapshot] : []));
  return worker;
}

/** The files that a program needs beside it. Once a program runs, its worker can fetch nothing. */
async function parcelOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer.arrayBuffer();
}

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
  #turn = 0; // changes with each Run and Stop
  #there = new Set(); // the parcels that the worker has

  constructor(address) {
    super();
    this.#address = address;
  }

  get isAwake() {
    return Boolean(this.#worker);
  }

  post(kind, more = {}, given = []) {
    this.#worker?.postMessage({ kind, ...more }, given);
  }

  /** Start Python. It takes a moment, so whoever will need it soon can ask for it now. */
  wake() {
    if (this.#worker) return;
    this.#worker = wake(this.#address, false);
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = ({ message }) => this.#hear({ kind: "broken", text: message });
  }

  /** Put a program on the air. Resolves to true when it is there. */
  async run(source, parcel) {
    this.wake();
    const turn = ++this.#turn;
    const started = this.#answer("started");
    const files = this.#there.has(parcel) ? null : await parcelOf(parcel);
    if (turn === this.#turn) {
      this.#there.add(parcel);
      this.post("run", { source, files }, files ? [files] : []);
    }
    const ok = await started;
    if (ok) this.runs++;
    return ok;
  }

  /** End the program; one that does not listen loses its Python too. */
  async stop() {
    if (!this.#worker) return;
    this.#turn++;
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

  /** Forget everything: the next Python starts from the site's own files. */
  async forget() {
    await this.stop();
    this.#end();
    await memory.forget(this.#address);
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
    this.#there.clear();
    for (const name of [...this.#asked.keys()]) this.#settle(name, null);
  }
}

/** A program runs in the same Python as its checker, so it could have said this itself. */
function bounded({ goal, stars, headline, hints, ...words }, asked) {
  const count = Math.min(Math.max(Math.trunc(stars) || 0, 0), asked);
  return {
    ...words,
    headline: String(headline),
    hints: [...(hints ?? [])].slice(0, 3),
    ...(goal && { goal: asked, stars: count }),
  };
}

/**
 * Hold a program to the shared suite. It gets a Python of its own, so that friends who are talking are not disturbed.
 * That Python ends when it has answered, or when the signal says so. `looking` is told which step it is looking at.
 */
export function verdictOn(address, order, looking, signal) {
  const worker = wake(address, true);
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
      else if (kind === "verdict") end(bounded(detail, order.goal));
      else if (kind === "broken")
        end({
          headline: isAway(detail.text)
            ? "The checker did not come: this computer is offline, or a filter holds it back. Once it has been here, it works offline."
            : `The checker tripped over itself, not over your program: ${detail.text}`,
        });
    };
    worker.onerror = ({ message }) => worker.onmessage({ data: { kind: "broken", text: message } });
    signal.addEventListener("abort", () => end(null));
    wait();
    parcelOf(order.parcel).then(
      (files) => worker.postMessage({ kind: "check", ...order, files }, [files]),
      (error) => worker.onerror({ message: String(error) }),
    );
  });
}
