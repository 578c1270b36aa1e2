// Python in a worker, and the lines from this page to the program that runs there.

import * as memory from "./memory.js";

const PATIENCE = 700; // ms that a program has to end by itself
const TOO_LONG = 5000; // ms without an answer, as in club.js
const TOO_STUCK = 60000; // ms without a word from the checker

/** @typedef {import("../messages.d.ts").Orders} Orders */
/** @typedef {import("../messages.d.ts").Report} Report */
/** @typedef {import("../messages.d.ts").Sent<Report>} Told */
/** @typedef {import("../messages.d.ts").Verdict} Verdict */
/** @typedef {import("../../steps/clubhouse/walkie-talkie.js").Line} Line */

/**
 * Is this error of a browser about a file that did not come?
 *
 * @param {string} [error]
 */
export const isAway = (error) =>
  /fetch|NetworkError|Load failed|imported module|^Error: \d+ for/i.test(error ?? "fetch");

/** @type {string | undefined} */
let entrance;

/**
 * The text with which a worker begins. Being the page's own, it puts the worker under the page's policy, so that what
 * runs there can import from this site and from nowhere else. An import is no function that `lockUp` could take away.
 *
 * @param {URL} address
 */
function entranceTo(address) {
  const policy = document.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:";
  document.head.append(policy);
  const text = `import ${JSON.stringify(new URL("worker.js", address))};`;
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

/**
 * A worker with Python in it. What Python's memory looks like at the start is kept here, where no program comes: the
 * worker says it once, before it runs any program.
 *
 * @param {URL} address
 * @param {boolean} checks will it hold a program to the suite?
 */
function wake(address, checks) {
  entrance ??= entranceTo(address);
  const worker = new Worker(entrance, { type: "module" });
  /** @param {MessageEvent<Told>} event */
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

/**
 * The files that a program needs beside it. Once a program runs, its worker can fetch nothing.
 *
 * @param {string} address
 */
async function parcelOf(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${answer.status} for ${address}`);
  return answer.arrayBuffer();
}

/** One end of a line to the program in the worker. It has what the clubhouse needs of a WebSocket. */
export class Socket {
  static #last = 0;
  id = ++Socket.#last;
  #runtime;
  /** @type {Line["onopen"]} */
  onopen = null;
  /** @type {Line["onmessage"]} */
  onmessage = null;
  /** @type {Line["onclose"]} */
  onclose = null;

  /**
   * @param {Runtime} runtime
   * @param {string} path
   */
  constructor(runtime, path) {
    this.#runtime = runtime;
    runtime.sockets.set(this.id, this);
    runtime.post("open", { id: this.id, path });
  }

  /** @param {string} data */
  send(data) {
    this.#runtime.post("send", { id: this.id, data });
  }

  /**
   * In this page a friend can fall asleep, and take nothing until they wake up.
   *
   * @param {boolean} asleep
   */
  sleep(asleep) {
    this.#runtime.post("sleep", { id: this.id, asleep });
  }

  close(code = 1000) {
    this.#runtime.post("close", { id: this.id, code });
  }

  /** @param {import("../messages.d.ts").SocketEvent} what */
  hear(what) {
    if (what.type === "close") this.#runtime.sockets.delete(this.id);
    if (what.type === "open") this.onopen?.(new Event("open"));
    if (what.type === "message") this.onmessage?.(new MessageEvent("message", { data: what.data }));
    if (what.type === "close") this.onclose?.(new CloseEvent("close", { code: what.code, reason: what.reason }));
  }
}

/** Python, awake as long as the tab is open. It reports with the events progress, terminal, error and broken. */
export class Runtime extends EventTarget {
  /** @type {Map<number, Socket>} */
  sockets = new Map();
  runs = 0;
  /** @type {Worker | null} */
  #worker = null;
  /** @type {Map<string, (answer: any) => void>} */
  #asked = new Map();
  #address;
  #last = 0;
  #turn = 0; // changes with each Run and Stop
  /** @type {Set<string>} */
  #there = new Set(); // the parcels that the worker has

  /** @param {URL} address of Python's folder */
  constructor(address) {
    super();
    this.#address = address;
  }

  get isAwake() {
    return Boolean(this.#worker);
  }

  /**
   * @template {keyof Orders} Kind
   * @param {Kind} kind
   * @param {Orders[Kind]} order
   * @param {Transferable[]} [given]
   */
  post(kind, order, given = []) {
    this.#worker?.postMessage({ kind, ...order }, given);
  }

  /** Start Python. It takes a moment, so whoever will need it soon can ask for it now. */
  wake() {
    if (this.#worker) return;
    this.#worker = wake(this.#address, false);
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = ({ message }) => this.#hear({ kind: "broken", text: message });
  }

  /**
   * Put a program on the air. Resolves to true when it is there.
   *
   * @param {string} source
   * @param {string} parcel the address of the zip with the files beside it
   */
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
    this.post("stop", {});
    const worker = this.#worker;
    const late = setTimeout(() => {
      if (this.#worker === worker) this.#end();
    }, PATIENCE);
    await this.#answer("stopped");
    clearTimeout(late);
    for (const socket of [...this.sockets.values()]) socket.hear({ type: "close", code: 1006, reason: "" });
  }

  /** Forget everything: the next Python starts from the site's own files. */
  async forget() {
    await this.stop();
    this.#end();
    await memory.forget(this.#address);
  }

  /**
   * @param {string} method
   * @param {string} path
   */
  async http(method, path) {
    const id = ++this.#last;
    this.post("http", { id, method, path, headers: [], body: new ArrayBuffer(0) });
    setTimeout(() => this.#settle(`http ${id}`, null), TOO_LONG);
    /** @type {Report["http"] | null} */
    const answer = await this.#answer(`http ${id}`);
    if (!answer?.status) throw new Error("no answer");
    const { status, headers: pairs, data } = answer;
    return new Response([204, 304].includes(status) ? null : data, { status, headers: pairs });
  }

  /** What the clubhouse calls through. It may ask whether a new program has come since it last asked. */
  network() {
    let seen = 0;
    return {
      open: (/** @type {string} */ path) => new Socket(this, `/${path}`),
      get: (/** @type {string} */ path) => this.http("GET", `/${path}`),
      post: (/** @type {string} */ path) => this.http("POST", `/${path}`),
      isLit: () => this.http("GET", "/").then(({ ok }) => ok),
      isNew: () => {
        const before = seen;
        seen = this.runs;
        return seen !== before;
      },
    };
  }

  /**
   * @param {string} name
   * @returns {Promise<any>}
   */
  #answer(name) {
    return new Promise((resolve) => this.#asked.set(name, resolve));
  }

  /**
   * @param {string} name
   * @param {unknown} value
   */
  #settle(name, value) {
    this.#asked.get(name)?.(value);
    this.#asked.delete(name);
  }

  /** @param {Told} told */
  #hear(told) {
    if (told.kind === "started") this.#settle("started", told.ok);
    else if (told.kind === "stopped") this.#settle("stopped", true);
    else if (told.kind === "http") this.#settle(`http ${told.id}`, told);
    else if (told.kind === "socket") this.sockets.get(told.id)?.hear(told);
    else this.dispatchEvent(new CustomEvent(told.kind, { detail: told }));
    if (told.kind === "broken") this.#end();
  }

  /** Without its worker nobody gets an answer any more. */
  #end() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#there.clear();
    for (const name of [...this.#asked.keys()]) this.#settle(name, null);
  }
}

/**
 * A program runs in the same Python as its checker, so it could have said this itself.
 *
 * @param {Verdict} verdict
 * @param {number} asked the goal
 * @returns {Verdict}
 */
function bounded({ goal, stars, headline, hints, ...words }, asked) {
  const count = Math.min(Math.max(Math.trunc(stars ?? 0) || 0, 0), asked);
  return {
    ...words,
    headline: String(headline),
    hints: [...(hints ?? [])].slice(0, 3),
    ...(goal && { goal: asked, stars: count }),
  };
}

/**
 * Hold a program to the shared suite. It gets a Python of its own, so that friends who are talking are not disturbed.
 * That Python ends when it has answered, or when the signal says so.
 *
 * @param {URL} address of Python's folder
 * @param {{ source: string, parcel: string, goal: number, names: string[] }} order
 * @param {(step: number) => void} looking is told which step it is looking at
 * @param {AbortSignal} signal
 * @returns {Promise<Verdict | null>}
 */
export function verdictOn(address, order, looking, signal) {
  const worker = wake(address, true);
  return new Promise((resolve) => {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let late;
    /** @param {Verdict | null} verdict */
    const end = (verdict) => {
      clearTimeout(late);
      worker.terminate();
      resolve(verdict);
    };
    const wait = () => {
      clearTimeout(late);
      late = setTimeout(() => end({ headline: "Your program keeps the checker waiting, and never stops." }), TOO_STUCK);
    };
    /** @param {string} fault */
    const broken = (fault) =>
      end(
        isAway(fault)
          ? {
              headline:
                "The checker did not come: this computer is offline, or a filter holds it back. Once it has been here, it works offline.",
            }
          : { headline: "The checker tripped over itself, not over your program.", fault },
      );
    /** @param {MessageEvent<Told>} event */
    worker.onmessage = ({ data: told }) => {
      wait();
      if (told.kind === "checking") looking(told.step);
      else if (told.kind === "verdict") end(bounded(told, order.goal));
      else if (told.kind === "broken") broken(told.text);
    };
    worker.onerror = ({ message }) => broken(message);
    signal.addEventListener("abort", () => end(null));
    wait();
    parcelOf(order.parcel).then(
      (files) => worker.postMessage({ kind: "check", ...order, files }, [files]),
      (error) => broken(String(error)),
    );
  });
}
