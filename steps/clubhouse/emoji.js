// Emoji: the buttons to send them, and the rain when one comes.

import { element } from "./dom.js";

export const EMOJI = { "🎉": "party", "🦖": "dinosaur", "🍪": "biscuit", "❤️": "heart", "👍": "thumbs up" };

const RAIN = 2500; // ms
const DROPS = 12;

/**
 * One rain at a time is enough. Who wants no motion sees it once, and still; the style does that.
 *
 * @param {Element} sky
 * @param {string} words of which the first ones fall
 */
export function rain(sky, words) {
  if (sky.childElementCount || document.hidden) return;
  const textContent = Array.from(words).slice(0, 8).join("");
  for (let number = 0; number < DROPS; number++) {
    const drop = element("i", { textContent });
    drop.style.left = `${(number * 37) % 96}%`;
    drop.style.animationDelay = `${(number * 5) % 12}00ms`;
    sky.append(drop);
  }
  setTimeout(() => sky.replaceChildren(), RAIN);
}
