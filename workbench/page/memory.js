// Python's memory after its start, with FastAPI in it: made in this browser, never downloaded, and out of reach for programs.

/** @type {(address: string | URL) => string} */
const NAME = (address) => `club ${new URL(address).pathname}`;
const FILE = "snapshot";
const LATER = 1000; // ms: the first friends come first

/**
 * What a start needs to know: `snapshot`, if there is one, and `keeps`, whether one can be kept.
 *
 * @param {string | URL} address of the runtime
 */
export async function recall(address) {
  try {
    const found = await (await caches.open(NAME(address))).match(FILE);
    return { snapshot: await found?.arrayBuffer(), keeps: true };
  } catch {
    return { keeps: false };
  }
}

/**
 * An older runtime's memory is of no use.
 *
 * @param {string | URL} address
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export function keep(address, bytes) {
  setTimeout(async () => {
    const ours = NAME(address).replace(/[^/]+\/$/, "");
    for (const name of await caches.keys())
      if (name.startsWith(ours) && name !== NAME(address)) await caches.delete(name);
    await (await caches.open(NAME(address))).put(FILE, new Response(bytes)).catch(() => {}); // there is no room
  }, LATER);
}

/** @param {string | URL} address */
export const forget = async (address) => globalThis.caches?.delete(NAME(address)).catch(() => {});
