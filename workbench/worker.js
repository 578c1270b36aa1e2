// @ts-nocheck: not typed yet
// One Python, one program. It is told what to do by page.js, and needs nothing but the files beside it.
import { unzipSync } from "fflate";

const here = new URL("./", import.meta.url);
const SNAPSHOT = "snapshot"; // Python's memory, with FastAPI in it; made here, never downloaded

const PAUSE = 100; // ms between two looks at what was printed
const SCREEN = 20_000; // characters of a flood that are worth showing, as in page.js

let printed = "";
let shown = 0;
let due = 0;

/** A message for each line would drown the page when a program prints without end. */
function print(text) {
  printed += text;
  if (printed.length > 2 * SCREEN) printed = printed.slice(-SCREEN);
  if (performance.now() - shown > PAUSE)
    show(); // a loop lets no timer run
  else due ||= setTimeout(show, PAUSE);
}

function show() {
  clearTimeout(due);
  if (printed) self.postMessage({ kind: "terminal", text: printed });
  [printed, shown, due] = ["", performance.now(), 0];
}

function post(kind, more = {}) {
  if (kind === "terminal") return print(more.text);
  if (kind !== "socket") show(); // what is told comes after what was printed before it
  self.postMessage({ kind, ...more });
}

const store = (async () => self.caches?.open(`club ${here.pathname}`))().catch(() => undefined);
const progress = { loaded: 0, total: 0 };

/** A file of the runtime, counted while it comes. */
async function get(name) {
  const answer = await fetch(new URL(name, here));
  if (!answer.ok) throw new Error(`${answer.status} for ${name}`);
  const count = new TransformStream({
    transform(chunk, out) {
      progress.loaded += chunk.length;
      post("progress", progress);
      out.enqueue(chunk);
    },
  });
  return answer.body.pipeThrough(count);
}

/** Ours are packed by us, so that they are small from any server. */
const unpacked = async (name) => (await get(name)).pipeThrough(new DecompressionStream("gzip"));
const bytesOf = async (body) => new Uint8Array(await new Response(await body).arrayBuffer());

function fill(FS, zip, folder = "/") {
  for (const [path, bytes] of Object.entries(unzipSync(zip))) {
    if (path.endsWith("/")) continue;
    FS.mkdirTree(folder + path.slice(0, path.lastIndexOf("/")));
    FS.writeFile(folder + path, bytes, { canOwn: true });
  }
}

async function boot(snapshot) {
  const manifest = await (await fetch(new URL("manifest.json", here))).json();
  const needed = ["wasm.bin", "core.bin", "library.bin"];
  progress.total = needed.reduce((sum, name) => sum + manifest.sizes[name], 0);
  const [wasm, files, code, { loadPyodide }, { default: createModule }] = await Promise.all([
    ...needed.map((name) => bytesOf(unpacked(name))),
    ...["pyodide.mjs", "pyodide.asm.mjs"].map((name) => import(new URL(name, here))),
  ]);
  post("progress", { stage: "python" });
  // Pyodide would fetch its program once more, unpacked.
  const load = self.fetch;
  self.fetch = (url, how) => (String(url).endsWith(".wasm") ? Promise.resolve(new Response()) : load(url, how));
  WebAssembly.instantiateStreaming = async (_, imports) => WebAssembly.instantiate(wasm, imports);
  const python = await loadPyodide({
    indexURL: here.href,
    stdLibURL: "data:application/zip;base64,UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==", // an empty zip: ours is in core.bin
    lockFileContents: { info: manifest.info, packages: {} },
    packageBaseUrl: here.href,
    env: { HOME: "/home/learner", PYTHONPATH: "/lib/python3.14" },
    stdout: (text) => print(`${text}\n`),
    stderr: (text) => print(`${text}\n`),
    fsInit: snapshot ? undefined : async (FS) => fill(FS, files),
    ...(snapshot ? { _loadSnapshot: snapshot } : { _makeSnapshot: Boolean(await store) }),
    // Linked before Python starts, pydantic's library lies at the same address each time, as a snapshot needs it.
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
  if (snapshot) fill(python.FS, files);
  else {
    await python.runPythonAsync("import bridge, gc; await bridge.warm_up(); del bridge; gc.collect()");
    if (await store) keep(python);
  }
  const bridge = python.pyimport("bridge");
  bridge.connect((kind, json, data) =>
    post(kind, { ...JSON.parse(json), data: data?.toJs ? data.toJs() : JSON.parse(json).data }),
  );
  self.python = python;
  // What a program seldom asks for comes when there is time.
  const rest = bytesOf(unpacked("rest.bin"))
    .then((zip) => {
      fill(python.FS, zip);
      python.runPython("import importlib; importlib.invalidate_caches()");
    })
    .catch((error) => console.warn("A part of Python's library did not come.", error));
  return { python, bridge, rest };
}

function keep(python) {
  for (const name of Object.keys(python.loadedPackages)) delete python.loadedPackages[name]; // or it cannot be loaded
  try {
    const memory = python.makeMemorySnapshot();
    setTimeout(async () => (await store).put(SNAPSHOT, new Response(memory)).catch(() => {}), 1000);
  } catch (error) {
    console.warn("Python will start as slowly next time.", error);
  }
}

async function start() {
  for (const name of (await self.caches?.keys().catch(() => [])) ?? []) {
    if (name.startsWith(`club ${here.pathname.replace(/[^/]+\/$/, "")}`) && name !== `club ${here.pathname}`)
      caches.delete(name);
  }
  const kept = await (await store)?.match(SNAPSHOT);
  if (kept) {
    try {
      return await boot(await bytesOf(kept.body));
    } catch (error) {
      console.warn("Python starts from its files.", error);
      await (await store).delete(SNAPSHOT);
    }
  }
  return boot();
}

const started = start();
const folders = new Set();

const commands = {
  async run({ source, parcel }) {
    const { python, bridge, rest } = await started;
    if (!folders.has(parcel)) {
      fill(python.FS, await bytesOf(get(parcel)), "/home/learner/");
      folders.add(parcel);
    }
    if (/\bimport\b/.test(source) && !knows(python, source)) await rest;
    post("started", { ok: await bridge.run(source) });
  },
  /** Hold a program to the shared suite. Who is asked for this runs nothing else. */
  async check({ source, parcel, goal, names }) {
    const { python, rest } = await started;
    fill(python.FS, await bytesOf(get(parcel)), "/home/learner/");
    fill(python.FS, await bytesOf(unpacked("check.bin")));
    await rest;
    const checker = python.pyimport("checker");
    const progress = (step) => post("checking", { step });
    post("verdict", JSON.parse(await checker.verdict.callPromising(source, goal, python.toPy(names), progress)));
  },
  async stop() {
    await (await started).bridge.stop();
    post("stopped");
  },
  open: async ({ id, path }) => (await started).bridge.socket_open(id, path),
  send: async ({ id, data }) => (await started).bridge.socket_send(id, data),
  sleep: async ({ id, asleep }) => (await started).bridge.socket_sleep(id, asleep),
  close: async ({ id, code }) => (await started).bridge.socket_close(id, code),
  async http({ id, method, path, headers, body }) {
    await (await started).bridge.http(id, method, path, JSON.stringify(headers), new Uint8Array(body));
  },
};

/** Are all the modules here that this program imports? */
function knows(python, source) {
  const names = [...source.matchAll(/^\s*(?:from|import)\s+([\w.]+)/gm)].map(([, name]) => name);
  return python.runPython("import sys; lambda names: all(name in sys.modules for name in names)")(python.toPy(names));
}

self.onmessage = async ({ data: { kind, ...order } }) => {
  try {
    await commands[kind](order);
  } catch (error) {
    post("broken", { text: String(error) });
  }
};
started.catch((error) => post("broken", { text: String(error) }));
