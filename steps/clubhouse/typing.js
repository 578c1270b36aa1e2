// Who is typing in the room. It is believed for a few seconds.

const TYPED = 4000; // ms after which nobody believes it any more

export class Typing {
  #place;
  /** @type {Map<string, number>} */
  #until = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #forgetting;

  /** @param {Element} place where it is shown */
  constructor(place) {
    this.#place = place;
  }

  /** @param {string} who */
  see(who) {
    this.#until.set(who, Date.now() + TYPED);
    this.#show();
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => this.#show(), TYPED);
  }

  /** @param {string} who has said something */
  done(who) {
    if (this.#until.delete(who)) this.#show();
  }

  /** The line is gone. */
  forget() {
    this.#until.clear();
    this.#show();
  }

  #show() {
    for (const [who, until] of this.#until) if (until <= Date.now()) this.#until.delete(who);
    const names = [...this.#until.keys()].map((name) => name.slice(0, 20));
    const words =
      names.length > 2
        ? `${names.length} friends are typing…`
        : `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…`;
    const said = names.length ? words : "";
    if (this.#place.textContent !== said) this.#place.textContent = said;
  }
}
