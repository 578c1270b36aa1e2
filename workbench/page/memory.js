// Python's memory after its start, with FastAPI in it: made in this browser, never downloaded, and out of reach for programs.

/** @type {(address: string | URL) => string} */
const NAME = (address) => `club ${new URL(address).pathname}`;
const FILE = "snapshot";
const LATER = 1000; // ms: the first friends come first

/**
 * Where it is kept. Only secure pages have Cache Storage; a page of a class comes over plain http, and has IndexedDB.
 *
 * @typedef {object} Store
 * @property {(name: string) => Promise<ArrayBuffer | undefined>} get
 * @property {(name: string, bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>} put
 * @property {() => Promise<string[]>} names
 * @property {(name: string) => Promise<unknown>} delete
 */

/** @type {Store} */
const inCaches = {
  get: async (name) => (await (await caches.open(name)).match(FILE))?.arrayBuffer(),
  put: async (name, bytes) => (await caches.open(name)).put(FILE, new Response(bytes)),
  names: () => caches.keys(),
  delete: (name) => caches.delete(name),
};

/** @type {Store} */
const inDatabase = {
  get: (name) => ask("readonly", (kept) => kept.get(name)),
  put: (name, bytes) => ask("readwrite", (kept) => kept.put(bytes.buffer, name)),
  names: async () => (await ask("readonly", (kept) => kept.getAllKeys())).map(String),
  delete: (name) => ask("readwrite", (kept) => kept.delete(name)),
};

const store = globalThis.caches ? inCaches : inDatabase;

/**
 * @template Answer
 * @param {IDBTransactionMode} mode
 * @param {(kept: IDBObjectStore) => IDBRequest<Answer>} act
 * @returns {Promise<Answer>}
 */
function ask(mode, act) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("club", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(FILE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction(FILE, mode);
      const asked = act(transaction.objectStore(FILE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error);
      opening.result.close(); // once the transaction has ended
    };
  });
}

/**
 * What a start needs to know: `snapshot`, if there is one, and `keeps`, whether one can be kept.
 *
 * @param {string | URL} address of the runtime
 */
export async function recall(address) {
  try {
    return { snapshot: await store.get(NAME(address)), keeps: true };
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
    try {
      for (const name of await store.names())
        if (name.startsWith(ours) && name !== NAME(address)) await store.delete(name);
      await store.put(NAME(address), bytes);
    } catch {
      // there is no room
    }
  }, LATER);
}

/** @param {string | URL} address */
export const forget = (address) => store.delete(NAME(address)).catch(() => {});
