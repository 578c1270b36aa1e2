// Small helpers to make elements. The pages of the site use them, too.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Partial<HTMLElementTagNameMap[Tag]> & { data?: Record<string, string> }} [properties]
 * @param {...(Node | string | false | null | undefined)} inside false, null and undefined are left out
 */
export function element(tag, { data = {}, ...properties } = {}, ...inside) {
  const made = document.createElement(tag);
  Object.assign(made, properties);
  Object.assign(made.dataset, data);
  made.append(...inside.filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 */
export const svg = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);

/**
 * Copying needs a secure page (https, or this very machine); elsewhere the old way still works.
 *
 * @param {string} text
 */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = element("textarea", { value: text });
  const last = document.activeElement;
  // Outside an open dialog nothing can be selected.
  (last?.closest("dialog") ?? document.body).append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
  if (last instanceof HTMLElement) last.focus();
}

/**
 * The part that is there, and of this kind.
 *
 * Raises `TypeError` if there is none.
 *
 * @template {Element} [Kind=HTMLElement]
 * @param {ParentNode} whole
 * @param {string} selector
 * @param {new () => Kind} [kind]
 * @returns {Kind}
 */
export function part(whole, selector, kind = /** @type {new () => any} */ (HTMLElement)) {
  const found = whole.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`There is no ${selector} here.`);
  return found;
}
