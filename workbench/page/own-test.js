// What a learner types on the page about tests: `tests/test_mine.py`, kept in this browser.

const FIRST = "# Type your test here.\n\n";

export class OwnTest {
  #name;
  /** @type {string | null} */
  #text = null;

  /** @param {URL} place of the site */
  constructor({ pathname }) {
    this.#name = `club ${pathname} test`;
    try {
      this.#text = localStorage.getItem(this.#name);
    } catch {
      // a private window keeps nothing
    }
  }

  get text() {
    return this.#text ?? FIRST;
  }

  set text(text) {
    this.#text = text;
    try {
      localStorage.setItem(this.#name, text);
    } catch {
      // it stays as long as the page is open
    }
  }
}
