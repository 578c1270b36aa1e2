// One Python, one program. It is told what to do by runtime.js, and needs nothing but the files beside it.
//
// A program is not to be trusted: through Python's `js` it reaches all that is here. So what this worker needs of the
// site comes before the first program does, and then `lockUp` leaves nothing that leads out of it but `tell`.
import { unzipSync } from "fflate";

/** @typedef {import("./messages.d.ts").Orders} Orders */
/** @typedef {import("./messages.d.ts").Report} Report */
/** @typedef {import("pyodide").PyodideInterface} Pyodide */
/** @typedef {Pyodide["FS"]} FS */
/** @typedef {{ snapshot?: Uint8Array<ArrayBuffer>, keeps: boolean, checks: boolean }} How to start */
/** @typedef {{ locateFile: (file: string) => string, dynamicLibraries?: string[] }} Settings of Python's program */

const here = new URL("./", import.meta.url);
const tell = self.postMessage.bind(self);
/** @type {typeof self.fetch} */
let load = self.fetch; // until the first program comes

const PAUSE = 100; // ms between two looks at what was printed
const LATER = 300; // ms: the first friends come first
const SCREEN = 20_000; // characters of a flood that are worth showing, as in page.js

let printed = "";
let shown = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let due;

/**
 * A message for each line would drown the page when a program prints without end.
 *
 * @param {string} text
 */
function print(text) {
  printed += text;
  if (printed.length > 2 * SCREEN) printed = printed.slice(-SCREEN);
  if (performance.now() - shown > PAUSE)
    show(); // a loop lets no timer run
  else due ||= setTimeout(show, PAUSE);
}

function show() {
  clearTimeout(due);
  if (printed) tell({ kind: "terminal", text: printed });
  [printed, shown, due] = ["", performance.now(), undefined];
}

/**
 * @template {keyof Report} Kind
 * @param {Kind} kind
 * @param {Report[Kind]} more
 * @param {Transferable[]} [given]
 */
function post(kind, more, given = []) {
  if ("text" in more && kind === "terminal") return print(more.text);
  if (kind !== "socket") show(); // what is told comes after what was printed before it
  tell({ kind, ...more }, given);
}

const progress = { loaded: 0, total: 0 };

/**
 * A file of the runtime, counted while it comes.
 *
 * @param {string} name
 */
async function get(name) {
  const answer = await load(new URL(name, here));
  if (!answer.ok || !answer.body) throw new Error(`${answer.status} for ${name}`);
  /** @type {TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>} */
  const count = new TransformStream({
    transform(chunk, out) {
      progress.loaded += chunk.length;
      post("progress", progress);
      out.enqueue(chunk);
    },
  });
  return answer.body.pipeThrough(count);
}

/**
 * Ours are packed by us, so that they are small from any server.
 *
 * @param {string} name
 */
const unpacked = async (name) => (await get(name)).pipeThrough(gunzip());
const gunzip = () => new DecompressionStream("gzip");
/** @param {ReadableStream | Promise<ReadableStream>} body */
const bytesOf = async (body) => new Uint8Array(await new Response(await body).arrayBuffer());

/**
 * @param {FS} FS
 * @param {Record<string, Uint8Array>} files
 */
function fill(FS, files, folder = "/", top = "") {
  for (const [name, bytes] of Object.entries(files)) {
    if (name.endsWith("/")) continue;
    const path = top ? name.replace(/^[^/]+/, top) : name;
    FS.mkdirTree(folder + path.slice(0, path.lastIndexOf("/")));
    FS.writeFile(folder + path, bytes, { canOwn: true });
  }
}

/** What every start needs. */
async function fetched() {
  /** @type {{ library: string, info: object, sizes: Record<string, number> }} */
  const manifest = await (await load(new URL("manifest.json", here))).json();
  const needed = ["wasm.bin", "core.bin", "library.bin"];
  progress.total = needed.reduce((sum, name) => sum + manifest.sizes[name], 0);
  const [wasm, core, code, { loadPyodide }, { default: createModule }] = await Promise.all([
    bytesOf(unpacked("wasm.bin")).then((bytes) => WebAssembly.compile(bytes)),
    bytesOf(unpacked("core.bin")),
    bytesOf(unpacked("library.bin")),
    ...["pyodide.mjs", "pyodide.asm.mjs"].map((name) => import(new URL(name, here).href)),
  ]);
  return { manifest, wasm, core, code, loadPyodide, createModule };
}

/**
 * @param {How} how
 * @param {Awaited<ReturnType<typeof fetched>>} parts
 */
async function boot({ snapshot, keeps, checks }, { manifest, wasm, core, code, loadPyodide, createModule }) {
  post("progress", { stage: "python" });
  // Pyodide would fetch its program once more, unpacked.
  self.fetch = (url, how) =>
    String(url).endsWith(".wasm") ? Promise.resolve(new Response()) : load.call(self, url, how);
  WebAssembly.instantiateStreaming = async (_, imports) => ({
    module: wasm,
    instance: await WebAssembly.instantiate(wasm, imports),
  });
  const python = await loadPyodide({
    indexURL: here.href,
    stdLibURL: "data:application/zip;base64,UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", // an empty zip: ours is in core.bin
    lockFileContents: { info: manifest.info, packages: {} },
    packageBaseUrl: here.href,
    env: { HOME: "/home/learner", PYTHONPATH: "/lib/python3.14" },
    stdout: (/** @type {string} */ text) => print(`${text}\n`),
    stderr: (/** @type {string} */ text) => print(`${text}\n`),
    fsInit: snapshot ? undefined : async (/** @type {FS} */ FS) => fill(FS, unzipSync(core)),
    ...(snapshot ? { _loadSnapshot: snapshot } : { _makeSnapshot: keeps }),
    // Linked before Python starts, pydantic's library lies at the same address each time, as a snapshot needs it.
    /** @param {Settings} settings */
    async createPyodideModule(settings) {
      const url = URL.createObjectURL(new Blob([code]));
      const { locateFile } = settings;
      settings.dynamicLibraries = [manifest.library];
      settings.locateFile = (file) => (file === manifest.library ? url : locateFile(file));
      const module = await createModule(settings);
      URL.revokeObjectURL(url);
      if (snapshot && module.HEAP8.length < snapshot.length) module.growMemory(snapshot.length);
      return module;
    },
  });
  post("progress", { stage: "fastapi" });
  /** @type {Uint8Array<ArrayBuffer> | undefined} */
  let memory;
  if (snapshot) fill(python.FS, unzipSync(core));
  else {
    await python.runPythonAsync("import bridge, gc; await bridge.warm_up(); del bridge; gc.collect()");
    if (keeps) memory = memoryOf(python);
  }
  const bridge = python.pyimport("bridge");
  /** @type {(kind: keyof Report, json: string, data?: any) => void} */
  const hear = (kind, json, data) => {
    if (TOLD.has(kind)) post(kind, { ...JSON.parse(json), data: data?.toJs ? data.toJs() : JSON.parse(json).data });
  };
  bridge.connect(hear);
  const packed = bytesOf(get("rest.bin"));
  packed.catch(() => {}); // it is told when it is needed
  /** @type {Promise<void> | undefined} */
  let unpacking;
  /** What a program seldom asks for is unpacked when there is time. */
  const rest = () =>
    (unpacking ??= packed
      .then((bytes) => bytesOf(new Blob([bytes]).stream().pipeThrough(gunzip())))
      .then((zip) => {
        fill(python.FS, unzipSync(zip));
        python.runPython("import importlib; importlib.invalidate_caches()");
      })
      .catch((error) => console.warn("A part of Python's library did not come.", error)));
  const suite = checks && (await bytesOf(unpacked("check.bin")));
  lockUp();
  post("awake", { memory }, memory ? [memory.buffer] : []);
  return { python, bridge, rest, suite };
}

/**
 * Python's memory, with FastAPI in it: another start can begin there.
 *
 * @param {any} python makes snapshots, though its types do not say so
 */
function memoryOf(python) {
  for (const name of Object.keys(python.loadedPackages)) delete python.loadedPackages[name]; // or it cannot be loaded
  try {
    return python.makeMemorySnapshot();
  } catch (error) {
    console.warn("Python will start as slowly next time.", error);
  }
}

// What a program may tell the page through Python.
const TOLD = new Set(["terminal", "error", "socket", "http"]);
// What a program finds: the language, and what Python, its loop and this file need after the start.
const LEFT = new Set(
  (
    "Object Function Array Number String Boolean Symbol BigInt Date Math JSON RegExp Intl Reflect Proxy Atomics Promise Iterator " +
    "Map Set WeakMap WeakSet WeakRef FinalizationRegistry ArrayBuffer SharedArrayBuffer DataView WebAssembly " +
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array " +
    "Float16Array Float32Array Float64Array Error AggregateError EvalError RangeError ReferenceError SuppressedError " +
    "SyntaxError TypeError URIError DOMException globalThis self undefined NaN Infinity eval isFinite isNaN parseFloat parseInt " +
    "decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape atob btoa structuredClone console " +
    "setTimeout clearTimeout setInterval clearInterval queueMicrotask performance crypto location TextEncoder TextDecoder " +
    "URL URLSearchParams Blob Response Headers ReadableStream WritableStream TransformStream DecompressionStream " +
    "Event EventTarget MessageEvent MessageChannel MessagePort AbortController AbortSignal " +
    "addEventListener removeEventListener dispatchEvent onmessage onmessageerror onerror onunhandledrejection onrejectionhandled"
  ).split(" "),
);

/**
 * Take away all that reaches the site's storage, its other pages, the network, or another worker. That is whatever is
 * not on the list, so what a browser learns tomorrow goes, too. If something cannot be taken away, Python does not start.
 */
function lockUp() {
  load = () => Promise.reject(new Error("Nothing is fetched any more."));
  const { userAgent, platform, language, hardwareConcurrency } = navigator;
  /** @type {Record<string, unknown>} */
  const all = /** @type {any} */ (self);
  for (let place = all; place !== Object.prototype; place = Object.getPrototypeOf(place)) {
    for (const name of Object.getOwnPropertyNames(place)) {
      if (LEFT.has(name) || Reflect.deleteProperty(place, name)) continue;
      if (Object(all[name]) === all[name]) throw new Error(`${name} cannot be taken away from programs.`); // a number may stay
    }
  }
  Reflect.deleteProperty(URL, "createObjectURL"); // a page of this site, if somebody opens it
  all.navigator = { userAgent, platform, language, hardwareConcurrency };
}

/** @param {[Orders["start"], Awaited<ReturnType<typeof fetched>>]} how and with what to start */
async function start([{ snapshot, ...how }, parts]) {
  if (snapshot) {
    try {
      return await boot({ snapshot: new Uint8Array(snapshot), ...how }, parts);
    } catch (error) {
      console.warn("Python starts from its files.", error);
    }
  }
  return boot(how, parts);
}

/** @type {(how: Orders["start"]) => void} */
let begin = () => {};
/** @type {Promise<Orders["start"]>} */
const begun = new Promise((resolve) => {
  begin = resolve;
});
const started = Promise.all([begun, fetched()]).then(start);

/** @type {{ [Kind in keyof Orders]: (order: Orders[Kind]) => unknown }} */
const commands = {
  /** The first of all: `snapshot` is what "awake" once gave, if it was kept, and `keeps` whether it can be. */
  start: (how) => begin(how),
  /** `files` is a zip that the program needs beside it, if it is not here yet. */
  async run({ source, files }) {
    const parcel = files && unzipSync(new Uint8Array(files)); // while Python is on its way
    const { python, bridge, rest } = await started;
    if (parcel) fill(python.FS, parcel, "/home/learner/", "my-club");
    if (/\bimport\b/.test(source) && !knows(python, source)) await rest();
    post("started", { ok: await bridge.run(source) });
    setTimeout(rest, LATER);
  },
  /** Hold a program to the shared suite. Who is asked for this runs nothing else. */
  async check({ source, test, files, goal, names }) {
    const { python, rest, suite } = await started;
    fill(python.FS, unzipSync(new Uint8Array(files)), "/home/learner/", "my-club");
    if (suite) fill(python.FS, unzipSync(suite));
    await rest();
    const checker = python.pyimport("checker");
    if (test !== undefined) return post("verdict", JSON.parse(await checker.own_test.callPromising(source, test)));
    const progress = (/** @type {number} */ step) => post("checking", { step });
    post("verdict", JSON.parse(await checker.verdict.callPromising(source, goal, python.toPy(names), progress)));
  },
  async stop() {
    await (await started).bridge.stop();
    post("stopped", {});
  },
  open: async ({ id, path }) => (await started).bridge.socket_open(id, path),
  send: async ({ id, data }) => (await started).bridge.socket_send(id, data),
  sleep: async ({ id, asleep }) => (await started).bridge.socket_sleep(id, asleep),
  close: async ({ id, code }) => (await started).bridge.socket_close(id, code),
  async http({ id, method, path, headers, body }) {
    await (await started).bridge.http(id, method, path, JSON.stringify(headers), new Uint8Array(body));
  },
};

/**
 * Are all the modules here that this program imports?
 *
 * @param {Pyodide} python
 * @param {string} source
 */
function knows(python, source) {
  const names = [...source.matchAll(/^\s*(?:from|import)\s+([\w.]+)/gm)].map(([, name]) => name);
  return python.runPython("import sys; lambda names: all(name in sys.modules for name in names)")(python.toPy(names));
}

/** @param {MessageEvent<import("./messages.d.ts").Sent<Orders>>} event */
self.onmessage = async ({ data: order }) => {
  try {
    await /** @type {(order: any) => unknown} */ (commands[order.kind])(order);
  } catch (error) {
    post("broken", { text: String(error) });
  }
};
started.catch((error) => post("broken", { text: String(error) }));
