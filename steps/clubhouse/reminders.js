// The reminders that a friend has asked for: each counts the seconds until it comes.

import { element } from "./dom.js";

/** @typedef {{ message: string, stop: () => void }} Reminder */

export class Reminders {
  #list;
  /** @type {Reminder[]} */
  #all = []; // oldest first

  /** @param {Element} list where they are shown */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {string} message
   * @param {number} seconds
   */
  add(message, seconds) {
    const item = element("li");
    const end = Date.now() + seconds * 1000;
    const tick = () => {
      item.textContent = `${message} in ${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`;
    };
    const ticking = setInterval(tick, 1000);
    tick();
    this.#list.append(item);
    const reminder = {
      message,
      stop: () => {
        clearInterval(ticking);
        item.remove();
        this.#all = this.#all.filter((other) => other !== reminder);
      },
    };
    this.#all.push(reminder);
  }

  /**
   * It has come.
   *
   * @param {string} words
   */
  came(words) {
    this.#all.find(({ message }) => message === words)?.stop();
  }

  /** The club does not want the one that was asked for last. */
  refuse() {
    this.#all.at(-1)?.stop();
  }

  /** The line is gone, and they with it. */
  forget() {
    for (const reminder of this.#all) reminder.stop();
  }
}
