// Each friend is known by a colour and by a shape, never by colour alone.

import { element } from "./dom.js";

const KNOWN = ["Ada", "Bo", "Chen", "Dina"];

/**
 * The look of a friend: two numbers from 1 to 4, always the same for the same name.
 *
 * @param {string} name
 */
export function look(name) {
  const known = KNOWN.indexOf(name) + 1;
  if (known) return { color: known, shape: known };
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + Number(letter.codePointAt(0))) % 9973;
  return { color: (sum % 4) + 1, shape: (Math.floor(sum / 4) % 4) + 1 };
}

/**
 * A name goes into an address, where these would lead to another place.
 *
 * @param {string} name
 */
export function canBeName(name) {
  return name !== "" && !/[/\\]/.test(name) && name !== "." && name !== "..";
}

/**
 * A friend's shape, to stand in front of the name.
 *
 * @param {string} name
 */
export function badge(name) {
  const { color, shape } = look(name);
  return element("i", { className: `badge shape-${shape} color-${color}` });
}

/**
 * A name that no walkie-talkie in this browser has yet. A lock keeps it until the window closes, so two windows have
 * different friends. Pages that are not on this very machine have no locks, and no other windows.
 *
 * @param {string[]} taken
 * @param {string} [me] comes first
 */
export async function freeName(taken, me) {
  const names = [...KNOWN, ...Array.from({ length: 99 }, (_, n) => `Friend ${n + 5}`)];
  if (me) names[0] = me;
  const left = names.filter((name) => !taken.includes(name));
  if (!navigator.locks) return left[0];
  for (const name of left) {
    const free = await new Promise((answer) => {
      navigator.locks.request(`friend ${name}`, { ifAvailable: true }, (lock) => {
        answer(Boolean(lock));
        return lock && new Promise(() => {});
      });
    });
    if (free) return name;
  }
  return "";
}
