// A page's line to the class, and what every page of a class shows: the join card, and the card that asks for eyes up.

import { button, element, paragraph } from "./dom.js";

const SILENT = 15_000; // ms without a word from the class: its computer sleeps
const SOON = 300; // ms until the first new call
const LATE = 5000; // ms between calls, at most
const TAKE_IT = 2000; // ms between two questions whether the teacher has let us in

// Not in the head: the theme opens the next page of the site by putting that page's head in the place of this one's.
document.body.append(element("link", { rel: "stylesheet", href: new URL("class.css", import.meta.url).href }));

/** @param {string} nickname */
const post = (nickname) =>
  fetch("/class/join", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nickname }),
  });

/**
 * Somebody in the class, and the program that the class has kept of them.
 *
 * @typedef {{ nickname: string, text: string }} Pupil
 */

/**
 * Who this browser is in the class, or null if nobody yet. It waits until the class answers.
 *
 * @returns {Promise<Pupil | null>}
 */
export async function whoAmI() {
  for (let wait = SOON; ; wait = Math.min(2 * wait, LATE)) {
    try {
      const answer = await fetch("/class/me", { cache: "no-store" });
      if (answer.ok) {
        const found = await answer.json();
        return found.nickname ? found : null;
      }
    } catch {
      // the class is away for a moment
    }
    await new Promise((done) => setTimeout(done, wait));
  }
}

/**
 * Ask for a nickname until the class takes it. Resolves to what `whoAmI` says then.
 *
 * @returns {Promise<Pupil>}
 */
export function join(nickname = "") {
  const words = element("p", { className: "words", role: "status" });
  const name = element("input", {
    name: "nickname",
    value: nickname,
    maxLength: 20,
    autocomplete: "off",
    required: true,
  });
  const come = element("button", { textContent: "Come in", className: "start" });
  const form = element("form", {}, element("label", {}, "Your nickname", name), come, words);
  const box = card(
    "join",
    "Join the class",
    paragraph("Choose a nickname. It should not be your real name: everybody in the class sees it."),
    form,
  );
  /** @type {ReturnType<typeof setTimeout>} */
  let again;
  return new Promise((done) => {
    const ask = async () => {
      clearTimeout(again);
      come.disabled = true;
      try {
        const answer = await post(name.value);
        const { detail } = await answer.json();
        if (answer.status === 200) {
          box.remove();
          return done((await whoAmI()) ?? (await join(nickname)));
        }
        words.textContent = typeof detail === "string" ? detail : "Please choose another nickname.";
        if (answer.status === 202) again = setTimeout(ask, TAKE_IT);
      } catch {
        words.textContent = "The class does not answer. Please try again.";
      }
      come.disabled = false;
    };
    name.oninput = () => clearTimeout(again);
    form.onsubmit = (event) => {
      event.preventDefault();
      ask();
    };
    name.focus();
  });
}

/**
 * A window that only its own act closes.
 *
 * @param {string} id
 * @param {string} title
 * @param {Node[]} inside
 */
function card(id, title, ...inside) {
  document.getElementById(id)?.remove();
  const box = element("dialog", { id, className: "card" }, element("h2", { textContent: title }), ...inside);
  box.setAttribute("aria-label", title);
  // A second Escape would close a window that only prevents "cancel".
  box.setAttribute("closedby", "none");
  box.addEventListener("cancel", (event) => event.preventDefault());
  box.addEventListener("close", () => box.isConnected && box.showModal());
  document.body.append(box);
  box.showModal();
  return box;
}

/**
 * Everybody looks at the teacher, until `on` is false.
 *
 * @param {boolean} on
 */
export function pause(on) {
  if (!on) return document.getElementById("pause")?.remove();
  if (document.getElementById("pause")) return;
  card("pause", "Eyes up!", paragraph("Look at your teacher. Your program is safe, and goes on in a moment."));
}

/**
 * One sentence above the page, until somebody closes it.
 *
 * @param {string} words
 */
export function banner(words, from = "") {
  document.getElementById("banner")?.remove();
  const box = element("aside", { id: "banner", role: "status" });
  (document.getElementById("visiting") ?? document.body).prepend(box);
  box.append(
    element("p", {}, from && element("b", { textContent: `${from}: ` }), words),
    button("Close", () => box.remove()),
  );
}

/**
 * The line. Each message of the class is an event of its type, with the message as `detail`; "away" says that the
 * class does not answer, and "lost" that it does not know this browser any more. It calls again by itself.
 */
export class ClassLine extends EventTarget {
  /** @type {WebSocket | null} */
  #socket = null;
  #again = SOON;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #silent;
  #over = false;

  call() {
    const url = new URL("/class/pupil", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    socket.onclose = () => this.#socket === socket && this.#closed();
    this.#listen();
  }

  /** @param {object} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {{ type: string, [field: string]: any }} message */
  #hear({ type, ...detail }) {
    this.#again = SOON;
    this.#listen();
    if (type === "beat") return this.send({ type: "beat" });
    if (type === "hello") pause(detail.paused);
    if (type === "pause") pause(detail.on);
    if (type === "say") banner(detail.text, "Your teacher");
    if (type === "out" || type === "end") this.#over = true;
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #listen() {
    clearTimeout(this.#silent);
    this.#silent = setTimeout(() => {
      this.#socket?.close();
      this.#socket = null;
      this.#closed();
    }, SILENT);
  }

  async #closed() {
    clearTimeout(this.#silent);
    pause(false); // nobody stays behind a card because the teacher's computer has gone
    this.dispatchEvent(new Event("away"));
    if (this.#over) return;
    if ((await whoAmI()) === null) return this.dispatchEvent(new Event("lost"));
    setTimeout(() => this.call(), this.#again * (0.5 + Math.random()));
    this.#again = Math.min(2 * this.#again, LATE);
  }
}
