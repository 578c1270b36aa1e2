// A fault of ours: what happened, as text that a grown-up can send to those who make this site.

import { button, copy, paragraph } from "./dom.js";

/** @param {unknown} error */
export const wordsOf = (error) => (error instanceof Error ? `${error}\n${error.stack ?? ""}` : String(error));

/**
 * A kind sentence, and a button that copies what happened. The learner's program is not in it.
 *
 * @param {string} sentence
 * @param {string} what
 * @param {string} version of Python's folder
 */
export function report(sentence, what, version) {
  const lines = ["What happened on this page", new Date().toISOString(), location.href.split("#")[0]];
  const text = [...lines, `Python ${version}`, navigator.userAgent, what, ""].join("\n");
  const copied = () => copy(text).then(() => act.replaceChildren("Copied"));
  const act = button("Copy what happened", copied);
  return [
    paragraph(
      `${sentence} It is our fault, not yours, and your program is safe. A grown-up can send us what happened.`,
    ),
    act,
  ];
}
