// What it means that a line has ended: the state of the walkie-talkie, and a sentence for its screen.

const AGAINST_THE_RULES = 1008;
const TOO_BIG = 1009;
const RESTART = 1012;
const NAME_IS_TAKEN = 4009;
const BRIEF = 1000; // ms that a line lasts if the club hangs up at once

/** @typedef {"off" | "calling" | "connected" | "lost" | "shut" | "taken" | "door" | "refused" | "silent"} State */

/** @type {Record<number, State>} */
const STATES = { [NAME_IS_TAKEN]: "taken", [AGAINST_THE_RULES]: "refused" };

/**
 * @param {CloseEvent} event
 * @param {number | null} lasted ms that the line was open, or null if it never was
 * @returns {State}
 */
export function stateAfter({ code }, lasted) {
  return STATES[code] ?? (lasted === null ? "shut" : "lost");
}

/**
 * @param {CloseEvent} event
 * @param {number | null} lasted ms that the line was open, or null if it never was
 * @param {{ isSecret: boolean, hasSaidIt: boolean }} door has the room asked for a password, and was it said?
 */
export function sentenceAfter({ code, reason }, lasted, { isSecret, hasSaidIt }) {
  if (code === AGAINST_THE_RULES && isSecret)
    return hasSaidIt
      ? `${reason} Try again, or ask a friend who knows it.`
      : "The door has closed, because nobody said the password. Say it to try again.";
  if (code === TOO_BIG) return "That message was too long for the club.";
  if (lasted === null) return "";
  if (reason) return reason;
  return code !== RESTART && lasted < BRIEF ? "The club hung up at once. Its terminal may say why." : "";
}
