// What a row of the board means: who needs help, and in which order. Times are seconds since 1970.

const STUCK = 5 * 60;
const QUIET = 10 * 60;
const TRIES = 2;

/**
 * What the class tells of a pupil.
 *
 * @typedef {object} Row
 * @property {string} nickname
 * @property {boolean} here
 * @property {boolean} open does their club let friends in?
 * @property {boolean} hand
 * @property {boolean} knocks
 * @property {boolean} muted
 * @property {number} step
 * @property {number[]} stars
 * @property {string} oops the cause that keeps them from the star of their step, or ""
 * @property {number | null} since when that cause came up first
 * @property {number} tries how often it has come up since
 * @property {number | null} active when their program or their step last changed
 * @property {{ stars: number, oops: string } | null} marked what the board has found itself
 */

const KINDS = ["knocks", "hand", "stuck", "quiet", "fine", "away"];

/**
 * Why somebody may need the teacher.
 *
 * @param {Row} row
 * @param {number} now
 */
export function needs(row, now) {
  const { here, hand, since, tries, active, knocks } = row;
  if (knocks) return { kind: "knocks", words: "At the door" };
  if (!here) return { kind: "away", words: "Away" };
  if (hand) return { kind: "hand", words: "Hand up" };
  if (causeOf(row) && tries >= TRIES && now - (since ?? now) >= STUCK) return { kind: "stuck", words: "Stuck" };
  if (active && now - active >= QUIET)
    return { kind: "quiet", words: `Quiet for ${Math.floor((now - active) / 60)} min` };
  return { kind: "fine", words: "" };
}

/**
 * Those who need help come first; of two who are stuck, the one who has been so for longer.
 *
 * @param {Row[]} rows
 * @param {number} now
 */
export function order(rows, now) {
  const rank = (/** @type {Row} */ row) => KINDS.indexOf(needs(row, now).kind);
  return rows.sort(
    (one, two) =>
      rank(one) - rank(two) || (one.since ?? now) - (two.since ?? now) || one.nickname.localeCompare(two.nickname),
  );
}

/**
 * What keeps somebody from the star of their step. The board marks beyond that, so its cause may lie further on.
 *
 * @param {Row} row
 */
export function causeOf({ marked, oops, step }) {
  if (!marked) return oops;
  return marked.stars < step ? marked.oops : "";
}

/**
 * Whether somebody has the star of this step. What the board has marked itself counts for more.
 *
 * @param {Row} row
 * @param {number} step
 */
export const hasStar = ({ marked, stars }, step) => (marked ? marked.stars >= step : stars.includes(step));

/**
 * A cause in a few words.
 *
 * @param {string} id
 */
export const stuckOn = (id) => id.replaceAll("-", " ");

/**
 * The class in a sentence.
 *
 * @param {Row[]} rows
 */
export function sums(rows) {
  const here = rows.filter((row) => row.here);
  if (!here.length) return "";
  const steps = here.map(({ step }) => step).sort((one, two) => one - two);
  const step = steps[Math.floor(steps.length / 2)];
  const done = here.filter((row) => hasStar(row, step)).length;
  const about = step ? `${done} of ${here.length} have star ${step}` : `${here.length} are here`;
  /** @type {Record<string, number>} */
  const counts = {};
  for (const row of here) {
    const cause = causeOf(row);
    if (cause && !hasStar(row, step)) counts[cause] = (counts[cause] ?? 0) + 1;
  }
  const [most] = Object.entries(counts).sort(([, one], [, two]) => two - one);
  const rest = most && most[1] > 1 ? `; most of the others (${most[1]}): ${stuckOn(most[0])}` : "";
  return `${about}${rest}.`;
}
