// A certificate: the stars that the checker gave in this browser, and a nickname that goes nowhere.

import { part } from "../clubhouse/dom.js";

/**
 * @param {HTMLElement} section
 * @param {number[]} stars
 * @param {string} nickname in a class
 */
export function fill(section, stars, nickname) {
  const name = part(section, "input", HTMLInputElement);
  const who = part(section, ".who");
  name.oninput = () => {
    who.textContent = name.value.trim() || "…";
  };
  name.value ||= nickname;
  name.dispatchEvent(new Event("input"));
  /** @type {NodeListOf<HTMLLIElement>} */
  const all = section.querySelectorAll("li");
  for (const each of all) each.hidden = !stars.includes(each.value);
  if (stars.length)
    part(section, ".sum").textContent =
      `has built a real-time chat server, and earned ${stars.length} of ${all.length} stars:`;
  part(section, "button", HTMLButtonElement).onclick = () => print();
}
