// <walkie-talkie name="Ada">            talks in the chat
// <walkie-talkie name="Ada" news>       listens to the news
//
// It works on any page that has the colours of tokens.css. It needs something that opens a socket: give it a function
// `open(path)` that returns an object with WebSocket's interface, or null while nobody can be called, and let it
// `pickUp()`. Its size does not change with what it shows; --screen is the height of its screen. It tells the page about itself with two events, which bubble:
//   "state"   its `state` has changed: off, calling, connected, lost (the line broke), shut (refused: no such door)
//             or silent (no answer at all)
//   "frame"   a frame went over the air: detail is { name, sent, text, time }

import { badge, canBeName, look } from "./friends.js";

const LINES = 100; // as many as a friend can scroll through; older ones go
const LETTERS = 2000; // of one message; nobody reads more, and ten million would stop the page

const PATIENCE = 5000; // ms that it waits for an answer

const LAMP = {
  off: "hung up",
  calling: "calling…",
  connected: "connected",
  lost: "calling again…",
  shut: "not built yet",
  silent: "no answer",
};

// The first device is shown when its style is there, or the page around it would jump.
const style = new CSSStyleSheet();
style.replaceSync(await (await fetch(new URL("walkie-talkie.css", import.meta.url))).text());

const template = document.createElement("template");
template.innerHTML = `
  <article>
    <div class="antenna"></div>
    <header>
      <span class="who"></span>
      <input class="name" maxlength="40" autocomplete="off" spellcheck="false" aria-label="Name of this friend" placeholder="Your nickname">
      <span class="role">news</span>
      <span class="lamp" role="status"><i></i><span></span></span>
    </header>
    <div class="grille"></div>
    <div class="screen">
      <div class="talk" tabindex="0"><div class="log" role="log"></div><p class="words"></p></div>
      <p class="hint" role="alert"></p>
    </div>
    <form>
      <input class="message" autocomplete="off">
      <button>Send</button>
    </form>
    <footer><button type="button" class="power"></button><slot></slot></footer>
  </article>`;

class WalkieTalkie extends HTMLElement {
  state = "off";
  wanted = true; // the friend has not hung up on purpose
  open = () => null;
  #held = false; // what is in the box is sent as soon as somebody can hear it
  #socket = null;
  #echo; // rings when nothing has come back of what was sent
  #waiting = []; // frames that are not on the screen yet

  connectedCallback() {
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).append(template.content.cloneNode(true));
    this.shadowRoot.adoptedStyleSheets = [style];
    this.#part(".name").value = this.name;
    this.#part(".name").addEventListener("change", () => this.#rename());
    this.#part(".power").addEventListener("click", () => this.#power());
    this.#part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#part(".message").addEventListener("input", () => this.#hold(false));
    this.#dress();
    this.#show("off");
  }

  disconnectedCallback() {
    this.hangUp();
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  get news() {
    return this.hasAttribute("news");
  }

  /** Where the wire is fixed: the tip of the antenna, in the window's coordinates. */
  get tip() {
    const { left, width, top } = this.#part(".antenna").getBoundingClientRect();
    return { x: left + width / 2, y: top };
  }

  /** Call the club, unless the line is open already, the friend has hung up, or there is no name yet. */
  pickUp() {
    if (!this.wanted || !this.name || this.#socket) return;
    const socket = this.open((this.news ? "ws/notifications/" : "ws/") + encodeURIComponent(this.name));
    if (!socket) return this.#show("lost");
    this.#socket = socket;
    if (!this.#held) this.#hint("");
    this.#show("calling");
    let opened = 0;
    const ringing = setTimeout(() => {
      this.#socket = null;
      socket.close();
      this.#show("silent");
    }, PATIENCE);
    socket.onopen = () => {
      clearTimeout(ringing);
      opened = Date.now();
      this.#show("connected");
      if (this.#held) this.#send();
    };
    socket.onmessage = ({ data }) => this.#hear(String(data));
    socket.onclose = ({ code }) => {
      clearTimeout(ringing);
      clearTimeout(this.#echo);
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#show(opened ? "lost" : "shut");
      if (code === 1009) this.#hint("That message was too long for the club.");
      else if (opened && code !== 1012 && Date.now() - opened < 1000) this.#hint("The club hung up at once. Its terminal may say why.");
    };
  }

  /** Another walkie-talkie has found that nobody is at the other end: no need to call. */
  refuse() {
    if (this.wanted && !this.#socket && this.state !== "shut") this.#show("shut");
  }

  /** The first thing to do with it: to write a name, or a message. */
  focus() {
    this.#part(this.name ? ".message" : ".name").focus();
  }

  hangUp() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    if (socket) this.#show("off");
  }

  /** A sentence that fits the moment. It stands on the screen until friends talk there. */
  set words(sentence) {
    const words = this.#part(".words");
    if (words.textContent !== sentence) words.textContent = sentence;
  }

  #part(selector) {
    return this.shadowRoot.querySelector(selector);
  }

  #dress() {
    const { color } = look(this.name);
    this.style.setProperty("--me", `var(--friend-${color})`);
    this.#part(".who").replaceChildren(badge(this.name));
    this.#part("article").setAttribute("aria-label", `${this.name || "A new friend"}, ${this.news ? "news radio" : "walkie-talkie"}`);
    this.#part(".talk").setAttribute("aria-label", `Screen of ${this.name || "this friend"}`);
    this.#part(".log").setAttribute("aria-label", `What ${this.name || "this friend"} hears`);
    this.#part(".message").setAttribute("aria-label", `Message from ${this.name}`);
    this.#part("form").hidden = this.news;
    this.#part(".role").hidden = !this.news;
  }

  #show(state) {
    this.state = state;
    this.dataset.state = state;
    this.#part(".lamp span").textContent = state === "connected" && this.news ? "listening" : state === "off" && this.wanted ? "ready" : LAMP[state];
    this.#part(".power").textContent = this.wanted ? "Hang up" : "Pick up";
    this.#part(".message").placeholder = state === "connected" ? "Say something…" : "";
    this.dispatchEvent(new CustomEvent("state", { bubbles: true, composed: true }));
  }

  #hint(sentence) {
    const atEnd = this.#atEnd;
    this.#part(".hint").textContent = sentence;
    if (atEnd) this.#toEnd();
  }

  #hold(held) {
    this.#held = held;
    this.#hint(held ? "Your words wait here. They go out as soon as the lamp is on." : "");
  }

  #rename() {
    const box = this.#part(".name");
    const name = box.value.trim();
    if (!canBeName(name)) {
      box.value = this.name;
      return this.#hint(name ? "A name cannot have / or \\ in it, or be only dots." : "Everyone needs a name. A nickname is best.");
    }
    this.hangUp();
    this.setAttribute("name", name);
    this.#hint("");
    this.#dress();
    this.wanted = true;
    this.pickUp();
  }

  #power() {
    this.wanted = !this.wanted;
    this.#hold(false);
    if (this.wanted) this.pickUp();
    else this.hangUp();
    this.#show(this.state);
  }

  #send() {
    const box = this.#part(".message");
    if (!box.value) return this.#hint("Type something first.");
    if (!this.wanted || this.state === "shut") return this.#hint("Nobody can hear you yet. Your words stay here until the lamp is on.");
    this.#hold(this.state !== "connected");
    if (this.#held) return;
    this.#socket.send(box.value);
    this.#tell(true, box.value);
    box.value = "";
    clearTimeout(this.#echo);
    this.#echo = setTimeout(() => this.#hint("Sent, but nothing came back. Does your program broadcast it?"), PATIENCE);
  }

  #tell(sent, text) {
    const detail = { name: this.name, sent, text, time: new Date() };
    this.dispatchEvent(new CustomEvent("frame", { bubbles: true, composed: true, detail }));
    return detail;
  }

  #hear(text) {
    clearTimeout(this.#echo);
    this.#waiting.push(this.#tell(false, text));
    if (this.#waiting.length === 1) requestAnimationFrame(() => this.#paint());
    // A window in the background is not painted; what waits there must not grow without end.
    if (this.#waiting.length > LINES) this.#waiting.splice(1, 1);
  }

  #paint() {
    const log = this.#part(".log");
    const atEnd = this.#atEnd;
    // Nobody can listen to a hundred messages a second: a screen reader hears a calm room only.
    log.setAttribute("aria-live", this.#waiting.length > 5 ? "off" : "polite");
    log.append(...this.#waiting.splice(0).map(line));
    while (log.childElementCount > LINES) log.firstElementChild.remove();
    if (atEnd) this.#toEnd();
  }

  get #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#part(".talk");
    return scrollHeight - scrollTop - clientHeight < 40;
  }

  #toEnd() {
    this.#part(".talk").scrollTop = 1e6;
  }
}

/** One frame as a line on the screen. What came over the air is text, never HTML. */
function line({ text, time }) {
  const message = read(text);
  const line = document.createElement("p");
  const words = document.createElement("span");
  words.dir = "auto";
  words.textContent = message.words.slice(0, LETTERS) + (message.words.length > LETTERS ? " … (and much more)" : "");
  const clock = document.createElement("time");
  const sent = new Date(typeof message.timestamp === "string" ? message.timestamp : NaN);
  clock.textContent = (isNaN(sent) ? time : sent).toLocaleTimeString("en-GB");
  line.className = /^(joined|left) the chat$/.test(message.words) ? "note" : "";
  if (message.who) {
    const who = document.createElement("b");
    who.className = `color-${look(message.who).color}`;
    who.dir = "auto";
    who.textContent = message.who.slice(0, 40);
    line.append(badge(message.who), who, " ");
  }
  line.append(words, clock);
  return line;
}

/** The parts of a frame. A half-written program may send anything: then its text is shown as it is. */
function read(text) {
  try {
    const { client_id: who, message, timestamp } = JSON.parse(text);
    if (typeof message === "string") return { who: typeof who === "string" ? who : "", words: message, timestamp };
  } catch {
    // It is not JSON.
  }
  return { who: "", words: text };
}

customElements.define("walkie-talkie", WalkieTalkie);
