// node bundle.mjs WHEELS OURS OUT: from Pyodide (npm), wheels (PyPI) and our own files to the few that a page fetches.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { loadPyodide } from "pyodide";

const [wheels = "", ours = "", out = ""] = process.argv.slice(2);
const here = dirname(fileURLToPath(import.meta.url));
const runtime = join(here, "node_modules", "pyodide");
/** @type {Record<string, number>} */
const sizes = {};
/** @type {(name: string, bytes: Uint8Array) => void} */
const write = (name, bytes) => {
  sizes[name] = bytes.length;
  writeFileSync(join(out, name), bytes);
};
/** @type {(name: string, bytes: Uint8Array) => void} */
const pack = (name, bytes) => write(name, gzipSync(bytes, { level: 9 }));

// Pyodide compiles its own libraries, so the byte code always fits its Python. The seed makes it the same each time.
const python = await loadPyodide({ indexURL: runtime, env: { PYTHONHASHSEED: "0" } });
/** @type {(file: string, format: string, extractDir: string) => void} */
const unpack = (file, format, extractDir) => {
  python.FS.mkdirTree(extractDir);
  python.unpackArchive(new Uint8Array(readFileSync(file)), format, { extractDir });
};
for (const wheel of readdirSync(wheels)
  .filter((file) => file.endsWith(".whl"))
  .sort())
  unpack(join(wheels, wheel), "wheel", "/lib/python3.14/site-packages");
unpack(join(runtime, "python_stdlib.zip"), "zip", "/stdlib");
/** @type {Record<string, string>} */
const files = JSON.parse(readFileSync(ours, "utf8"));
for (const [path, file] of Object.entries(files)) {
  python.FS.mkdirTree(dirname(path));
  python.FS.writeFile(path, readFileSync(file));
}
const library = await python.runPythonAsync(readFileSync(join(here, "pack.py"), "utf8"));
for (const name of ["core", "rest", "check"]) pack(`${name}.bin`, python.FS.readFile(`/${name}.zip`));
pack("library.bin", python.FS.readFile(library));
pack("wasm.bin", readFileSync(join(runtime, "pyodide.asm.wasm")));
for (const name of ["pyodide.mjs", "pyodide.asm.mjs"]) write(name, readFileSync(join(runtime, name)));

const { metafile } = await build({
  entryPoints: ["worker.js", "editor.js", "parcels.js"].map((file) => join(here, file)),
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  metafile: true,
});
// Who made all this asks that their licences go with it.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
);
/** @type {(name: string) => string} */
const licence = (name) => {
  const folder = join(here, "node_modules", name);
  const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
  if (!file) throw new Error(`${name} has no licence to go with it.`);
  return `${name}\n\n${readFileSync(join(folder, file), "utf8")}`;
};
const licences = [...packages].sort().map(licence);
licences.unshift(
  "Python, under the PSF licence: https://docs.python.org/3/license.html",
  "Pyodide, under the Mozilla Public License 2.0: https://github.com/pyodide/pyodide",
  python.FS.readFile("/licences.txt", { encoding: "utf8" }),
);
writeFileSync(join(out, "licences.txt"), licences.join("\n\n---\n\n"));
const { info } = JSON.parse(readFileSync(join(runtime, "pyodide-lock.json"), "utf8"));
writeFileSync(join(out, "manifest.json"), JSON.stringify({ library, info, sizes }));
process.exit(0);
