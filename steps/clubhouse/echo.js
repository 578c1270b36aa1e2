// How long it takes until a friend's words come back to them.

const SLOW = 1; // s after which a friend notices
const LOST = 5000; // ms after which a friend should know that nothing has come back

export class Echo {
  #hint;
  #said = 0; // when; 0 if nothing is on its way
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #late;

  /** @param {(sentence: string) => void} hint tells the friend */
  constructor(hint) {
    this.#hint = hint;
  }

  /** Words have been sent. */
  start() {
    clearTimeout(this.#late);
    this.#said = Date.now();
    this.#late = setTimeout(
      () => this.#hint("Sent, but nothing came back. Does your program broadcast it? Is somebody asleep?"),
      LOST,
    );
  }

  /** They are back, or the line is gone. */
  stop() {
    clearTimeout(this.#late);
    const seconds = (Date.now() - this.#said) / 1000;
    if (this.#said && seconds > SLOW) this.#hint(`Your words took ${seconds.toFixed(1)} s. Was somebody asleep?`);
    this.#said = 0;
  }
}
