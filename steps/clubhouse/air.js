// The air between the walkie-talkies and the club: a wire to each, and a spark for each frame that goes over it.

import { svg } from "./dom.js";

/** @typedef {import("./walkie-talkie.js").WalkieTalkie} WalkieTalkie */

const FLIGHT = 450; // ms that a spark is on its way
const SPARKS = 24; // as many at a time; in a busy room the eye has enough of them

const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Air {
  #section;
  #wires;
  #hub;
  /** @type {Map<WalkieTalkie, SVGPathElement>} */
  #paths = new Map();
  #arrives = 0; // when the last spark gets to the club
  #sparks = 0;
  #drawing = 0;

  /**
   * @param {Element} section with the walkie-talkies
   * @param {Element} wires the <svg>
   * @param {Element} hub the club
   */
  constructor(section, wires, hub) {
    this.#section = section;
    this.#wires = wires;
    this.#hub = hub;
    new ResizeObserver(() => this.draw()).observe(section);
    document.fonts?.ready.then(() => this.draw());
  }

  /** Draw the wires anew, to where the walkie-talkies are now; once, however many of them have changed. */
  draw() {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const { left, top } = this.#section.getBoundingClientRect();
    const hub = this.#hub.getBoundingClientRect();
    // In a low window the club is not in the picture, so no wire leads there.
    /** @type {NodeListOf<WalkieTalkie>} */
    const all = this.#section.querySelectorAll("walkie-talkie:not([hidden])");
    const talkies = hub.width ? [...all] : [];
    for (const [talkie, path] of this.#paths) {
      if (talkies.includes(talkie)) continue;
      path.remove();
      this.#paths.delete(talkie);
    }
    const firstRow = Math.min(...talkies.map(({ tip }) => tip.y));
    for (const talkie of talkies) {
      const path = this.#paths.get(talkie) ?? this.#wires.appendChild(svg("path"));
      this.#paths.set(talkie, path);
      path.setAttribute("class", talkie.state === "connected" ? "up" : "down");
      const x = talkie.tip.x - left;
      const y = talkie.tip.y - top;
      const start = { x: hub.left + hub.width / 2 - left, y: hub.bottom - top };
      path.setAttribute("d", talkie.tip.y > firstRow + 8 ? around(start, x, y) : straight(start, x, y));
    }
  }

  /**
   * A spark along the wire of this walkie-talkie; an answer waits until the question is there.
   *
   * @param {WalkieTalkie} talkie
   * @param {boolean} toClub
   */
  spark(talkie, toClub) {
    const path = this.#paths.get(talkie);
    if (!path || this.#sparks >= SPARKS || still.matches || document.hidden) return;
    const now = performance.now();
    const delay = toClub ? 0 : Math.max(0, this.#arrives - now);
    if (toClub) this.#arrives = now + FLIGHT;
    const spark = svg("circle");
    spark.setAttribute("r", "6");
    spark.style.offsetPath = `path("${path.getAttribute("d")}")`;
    this.#wires.append(spark);
    this.#sparks++;
    const way = ["0%", "100%"];
    spark.animate(
      { offsetDistance: toClub ? way.reverse() : way, opacity: [1, 1] },
      { duration: FLIGHT, delay, easing: "ease-in-out", fill: "both" },
    ).onfinish = () => {
      spark.remove();
      this.#sparks--;
    };
    if (delay) spark.animate({ opacity: [0, 0] }, { duration: delay });
  }
}

/**
 * From the club to an antenna in the first row.
 *
 * @param {{ x: number, y: number }} from
 * @param {number} x
 * @param {number} y
 */
function straight(from, x, y) {
  const middle = from.y + (y - from.y) * 0.6;
  return `M ${from.x} ${from.y} C ${from.x} ${middle} ${x} ${from.y} ${x} ${y}`;
}

/**
 * To an antenna further down: out to the left edge, and down past the walkie-talkies above it.
 *
 * @param {{ x: number, y: number }} from
 * @param {number} x
 * @param {number} y
 */
function around(from, x, y) {
  const edge = -6;
  const turn = from.y + 24;
  return `M ${from.x} ${from.y} C ${from.x} ${turn} ${edge} ${from.y} ${edge} ${turn + 24} V ${y - 24} Q ${edge} ${y - 8} ${x - 16} ${y - 8} Q ${x} ${y - 8} ${x} ${y}`;
}
