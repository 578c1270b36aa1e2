// What a program is packed into, to be taken home or to another machine. A page fetches this when it is asked for.
import { deflateSync, inflateSync, strFromU8, strToU8 } from "fflate";
import JSZip from "jszip";
import { renderSVG } from "uqr";

const MAIN = "my-club/my_club/main.py";
const MOST = 1_000_000; // characters of a program that anyone has typed
const CODE = 560; // characters of an address; with more, the picture is too fine for a phone's camera

/**
 * The project of a step with this program in it, in a folder of its own.
 *
 * @param {Uint8Array<ArrayBuffer>} project
 * @param {string} source
 */
export async function zip(project, source) {
  const [ours, mine] = [await JSZip.loadAsync(project), new JSZip()];
  const folder = Object.keys(ours.files)[0].split("/")[0];
  for (const file of Object.values(ours.files)) {
    if (!file.dir) mine.file(file.name.replace(folder, "my-club"), file.async("uint8array"));
  }
  const how = (await ours.file(`${folder}/README.txt`)?.async("string")) ?? "";
  mine.file("my-club/README.txt", how.replace(/^.*/, "This is your own program.").replace(folder, "my-club"));
  mine.file(MAIN, source);
  return mine.generateAsync({ type: "blob", compression: "DEFLATE" });
}

/**
 * The program in a file: a `.py`, or a zip with a main.py. Resolves to null if there is none, or if it is damaged.
 *
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function read(bytes) {
  try {
    const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    const text = new TextDecoder("utf-8", { fatal: true })
      .decode(isZip ? await mainOf(bytes) : bytes)
      .replace(/\r\n?/g, "\n");
    return text.trim() && text.length <= MOST && !text.includes("\0") ? text : null;
  } catch {
    return null;
  }
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function mainOf(bytes) {
  const parcel = await JSZip.loadAsync(bytes, { checkCRC32: true });
  return (parcel.file(MAIN) ?? parcel.file(/(^|\/)main\.py$/)[0] ?? parcel.file(/^[^/]+\.py$/)[0]).async("uint8array");
}

/**
 * The program as part of an address.
 *
 * @param {string} text
 * @param {string} known a program of ours that it is much like, which makes it short
 */
export function toLink(text, known) {
  const bytes = deflateSync(strToU8(text), { level: 9, dictionary: strToU8(known) });
  return `${sum(text)}.${btoa(strFromU8(bytes, true)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/**
 * The program that is in such a part of an address. Returns null if it is damaged.
 *
 * @param {string} data
 * @param {string} known
 */
export function fromLink(data, known) {
  try {
    const [check, packed] = data.split(".");
    const bytes = strToU8(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), true);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(inflateSync(bytes, { dictionary: strToU8(known) }));
    return sum(text) === check && text.length <= MOST ? text : null;
  } catch {
    return null;
  }
}

/**
 * The address as a picture for a phone or a tablet. Returns null if it is too long for one.
 *
 * @param {string} address
 */
export function picture(address) {
  return address.length <= CODE ? renderSVG(address, { border: 2 }) : null;
}

/**
 * FNV-1a: enough to see that a letter got lost on the way.
 *
 * @param {string} text
 */
function sum(text) {
  let hash = 0x811c9dc5;
  for (const byte of strToU8(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(36);
}
