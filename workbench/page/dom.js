// Small helpers to make elements, beside those of the clubhouse, which is their neighbour on the site.

import { copy, element } from "../clubhouse/dom.js";

export { copy, element };

/**
 * @param {string} textContent
 * @param {(event: MouseEvent) => void} onclick
 */
export const button = (textContent, onclick, className = "") =>
  element("button", { type: "button", textContent, onclick, className });

/**
 * Words with `code` in them.
 *
 * @param {string} text
 */
export const inline = (text) =>
  text.split("`").map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));

/** @param {string} text */
export const paragraph = (text) => element("p", {}, ...inline(text));

/**
 * A window in front of the page. Escape and its last button close it; so does `close`, which every act in it is given.
 *
 * @param {string} title
 * @param {(close: () => void) => (Node | string | false | null | undefined)[]} fill
 */
export function dialog(title, fill) {
  const box = element("dialog", { className: "window" });
  box.setAttribute("aria-label", title);
  const close = () => box.close();
  box.append(
    element("h2", { textContent: title }),
    ...fill(close).filter((each) => each !== false && each !== null && each !== undefined),
    element("p", { className: "buttons" }, button("Close", close)),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", ({ target }) => target === box && close()); // beside it
  document.body.append(box);
  box.showModal();
  return box;
}
