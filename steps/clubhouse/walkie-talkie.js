// <walkie-talkie name="Ada">                  talks in the chat
// <walkie-talkie name="Ada" room="dragons">   talks in a room
// <walkie-talkie name="Ada" news>             listens to the news
//
// It works on any page that has the colours of tokens.css. It needs something that opens a socket: give it a function
// `open(path)` that returns an object with WebSocket's interface, or null while nobody can be called, and let it
// `pickUp()`. Its size does not change with what it shows; --screen is the height of its screen. It tells the page
// about itself with two events, which bubble:
//   "state"   its `state` has changed: off, calling, connected, lost (the line broke), shut (refused: no such door),
//             taken (another friend has this name), door (asked for the password), refused (by the club's rules)
//             or silent (no answer at all)
//   "frame"   a frame went over the air: detail is { name, sent, text, time, message }

import { style, template } from "./device.js";
import { part } from "./dom.js";
import { DrawingBoard } from "./drawing-board.js";
import { Echo } from "./echo.js";
import { rain } from "./emoji.js";
import { away, line, read } from "./frames.js";
import { badge, canBeName, look } from "./friends.js";
import { sentenceAfter, stateAfter } from "./goodbye.js";
import { Reminders } from "./reminders.js";
import { Typing } from "./typing.js";

/** @typedef {import("./frames.js").Frame} Frame */
/** @typedef {import("./goodbye.js").State} State */

/**
 * A line to the club: what it needs of a WebSocket. One in a page of the site can fall asleep, too.
 *
 * @typedef {object} Line
 * @property {((event: Event) => void) | null} onopen
 * @property {((event: MessageEvent) => void) | null} onmessage
 * @property {((event: CloseEvent) => void) | null} onclose
 * @property {(data: string) => void} send
 * @property {() => void} close
 * @property {(asleep: boolean) => void} [sleep]
 */

const LINES = 100; // as many as a friend can scroll through; older ones go
const PATIENCE = 5000; // ms that it waits for an answer
const TYPING = 2000; // ms between two frames that say so
const RING = 1500; // ms
const QUESTION = 300; // ms in which a secret room asks for its password

/** @type {Record<State, string>} */
const LAMP = {
  off: "hung up",
  calling: "calling…",
  connected: "connected",
  lost: "calling again…",
  shut: "not built yet",
  taken: "name is taken",
  door: "at the door",
  refused: "not let in",
  silent: "no answer",
};

export class WalkieTalkie extends HTMLElement {
  /** @type {State} */
  state = "off";
  wanted = true; // the friend has not hung up on purpose
  /** @type {(path: string) => Line | null} */
  open = () => null;
  #root = this.attachShadow({ mode: "open" });
  /** @type {Line | null} */
  #socket = null;
  #wasHeard = false; // it has been connected before
  #held = false; // what is in the box is sent as soon as somebody can hear it
  #echo = new Echo((sentence) => this.#hint(sentence));
  /** @type {Frame[]} */
  #waiting = []; // they are not on the screen yet
  /** @type {Set<string>} */
  #doors = new Set(); // what the club can do
  /** @type {string[]} */
  #friends = []; // who is in the room, if the club tells
  #typing;
  #toldTyping = 0;
  #reminders;
  #isSecret = false; // this room has asked for a password
  #password = ""; // what is to be said at the door
  #hasSaidIt = false;
  /** @type {DrawingBoard | null} */
  #board = null;
  /** @type {Map<string, number>} */
  #lastIds = new Map(); // of each room: the number of the last message heard there
  /** @type {Frame["missed"]} */
  #missed = ""; // what comes now was said while this friend was away, and is the "first" of it, or "more"

  constructor() {
    super();
    this.#root.append(template.content.cloneNode(true));
    this.#root.adoptedStyleSheets = [style];
    this.#typing = new Typing(this.#part(".typing"));
    this.#reminders = new Reminders(this.#part(".timers"));
    this.#box(".name").onchange = () => this.#rename();
    this.#box(".room input").onchange = () => this.#goInto(this.#box(".room input").value.trim());
    this.#part(".power").onclick = () => this.#power();
    this.#part(".sleep").onclick = () => this.#sleep(!this.hasAttribute("asleep"));
    this.#on("say", () => this.#send());
    this.#on("knock", () => this.#sayPassword());
    this.#on("remind", (form) => this.#remind(new FormData(form)));
    this.#part(".message").oninput = () => this.#type();
    this.#part(".bar").onclick = ({ target }) => {
      if (!(target instanceof HTMLElement)) return;
      if (target.className === "emoji") this.#sayTyped({ type: "emoji", message: target.textContent });
      if (target.className === "draw") this.#showBoard(this.#sheet.hasAttribute("hidden"));
    };
    this.#to.onchange = () => this.#furnish();
  }

  connectedCallback() {
    if (this.dataset.state) return; // it has only been moved
    this.#box(".name").value = this.name;
    this.#box(".room input").value = this.room;
    this.#dress();
    this.#show("off");
  }

  disconnectedCallback() {
    this.hangUp();
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  get room() {
    return this.getAttribute("room") ?? "";
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
    const room = encodeURIComponent(this.room);
    const path = this.news ? "ws/notifications/" : room ? `ws/rooms/${room}/` : "ws/";
    const lastId = this.news ? undefined : this.#lastIds.get(this.room);
    const query = lastId === undefined ? "" : `?last_id=${lastId}`;
    const socket = this.open(path + encodeURIComponent(this.name) + query);
    if (!socket) return this.#show("lost");
    this.#socket = socket;
    this.#missed = query ? "first" : "";
    if (!this.#held && this.state !== "taken" && this.state !== "refused") this.#hint("");
    this.#hasSaidIt = false;
    this.#show("calling");
    /** @type {number | null} */
    let opened = null;
    const ringing = setTimeout(() => {
      this.#socket = null;
      socket.close();
      this.#show("silent");
    }, PATIENCE);
    socket.onopen = () => {
      clearTimeout(ringing);
      opened = Date.now();
      this.#show("connected");
      setTimeout(() => this.#sendHeld(), this.room ? QUESTION : 0); // or they would be taken for the password
    };
    socket.onmessage = ({ data }) => this.#hear(String(data));
    socket.onclose = (event) => {
      clearTimeout(ringing);
      if (this.#socket !== socket) return;
      this.#empty();
      const lasted = opened === null ? null : Date.now() - opened;
      this.#show(stateAfter(event, lasted));
      const sentence = sentenceAfter(event, lasted, { isSecret: this.#isSecret, hasSaidIt: this.#hasSaidIt });
      if (sentence) this.#hint(sentence);
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
    this.#empty();
    socket?.close();
    if (socket) this.#show("off");
  }

  /**
   * A sentence that fits the moment. It stands on the screen until friends talk there.
   *
   * @param {string} sentence
   */
  set words(sentence) {
    const words = this.#part(".words");
    if (words.textContent !== sentence) words.textContent = sentence;
  }

  /**
   * What the club can do: join (rooms), types (of messages in a room), draw, reminders.
   *
   * @param {Set<string>} open
   */
  set doors(open) {
    this.#doors = open;
    this.#furnish();
  }

  /** @param {string} selector */
  #part(selector) {
    return part(this.#root, selector);
  }

  /** @param {string} selector */
  #box(selector) {
    return part(this.#root, selector, HTMLInputElement);
  }

  /** Who hears it. */
  get #to() {
    return part(this.#root, ".to", HTMLSelectElement);
  }

  get #sheet() {
    return part(this.#root, ".board", SVGSVGElement);
  }

  /**
   * @param {string} name
   * @param {(form: HTMLFormElement) => void} action
   */
  #on(name, action) {
    const form = part(this.#root, `.${name}`, HTMLFormElement);
    form.onsubmit = (event) => {
      event.preventDefault();
      action(form);
    };
  }

  #dress() {
    const { color } = look(this.name);
    this.style.setProperty("--me", `var(--friend-${color})`);
    this.#part(".who").replaceChildren(badge(this.name));
    this.#part("article").setAttribute(
      "aria-label",
      `${this.name || "A new friend"}, ${this.news ? "news radio" : "walkie-talkie"}`,
    );
    this.#part(".talk").setAttribute("aria-label", `Screen of ${this.name || "this friend"}`);
    this.#part(".log").setAttribute("aria-label", `What ${this.name || "this friend"} hears`);
    this.#part(".message").setAttribute("aria-label", `Message from ${this.name}`);
    this.#part(".say").hidden = this.news;
    this.#part(".role").hidden = !this.news;
  }

  /** Only what the club can do is there. */
  #furnish() {
    const to = this.#to;
    this.#part(".room").hidden = this.news || !(this.#doors.has("join") || this.room);
    const isOutside = this.#isSecret && this.state !== "connected";
    this.#part(".room .padlock").hidden = !this.#isSecret;
    this.#part(".knock").hidden = !isOutside || !this.wanted;
    this.#part(".bar").hidden = !this.#hasTypes || isOutside;
    this.#part(".draw").hidden = !this.#doors.has("draw") && !this.#board;
    this.#part(".remind").hidden = !this.news || !this.#doors.has("reminders");
    this.#part(".sleep").hidden = !this.#socket?.sleep || this.state !== "connected";
    this.#part(".sleep").textContent = this.hasAttribute("asleep") ? "Wake up" : "Fall asleep";
    to.hidden = !this.#friends.length;
    // A friend who has just left stays chosen, or the whisper would go to everyone.
    const names = [...new Set([...this.#friends.filter((name) => name !== this.name), to.value])].filter(Boolean);
    const key = JSON.stringify(names);
    if (to.dataset.names !== key) {
      const chosen = to.value;
      to.replaceChildren(new Option("everyone", ""), ...names.map((name) => new Option(name, name)));
      to.value = chosen;
      to.dataset.names = key;
    }
    this.toggleAttribute("whispers", to.value !== "");
    const words = to.value ? `Whisper to ${to.value}…` : "Say something…";
    this.#box(".message").placeholder = this.state === "connected" ? words : "";
  }

  get #hasTypes() {
    return this.room !== "" && this.#doors.has("types");
  }

  /** @param {State} state */
  #show(state) {
    this.state = state;
    this.dataset.state = state;
    this.#wasHeard ||= state === "connected";
    const isFirst = state === "lost" && !this.#wasHeard; // nobody has been called before
    /** @type {Partial<Record<State, string | false>>} */
    const words = { connected: this.news && "listening", off: this.wanted && "ready", lost: isFirst && LAMP.calling };
    const lamp = words[state] || LAMP[state];
    this.#part(".lamp span").textContent = this.hasAttribute("asleep") ? "asleep" : lamp;
    this.#part(".power").textContent = this.wanted ? "Hang up" : "Pick up";
    this.#furnish();
    this.dispatchEvent(new CustomEvent("state", { bubbles: true, composed: true }));
  }

  /** The line is gone, and what belonged to it. */
  #empty() {
    this.#echo.stop();
    this.#socket = null;
    this.removeAttribute("asleep");
    this.#friends = [];
    this.#typing.forget();
    this.#reminders.forget();
  }

  /** @param {string} sentence */
  #hint(sentence) {
    this.#part(".hint").textContent = sentence;
  }

  /** @param {boolean} held */
  #hold(held) {
    this.#held = held;
    this.#hint(held ? "Your words wait here. They go out as soon as the lamp is on." : "");
  }

  #rename() {
    const box = this.#box(".name");
    const name = box.value.trim();
    if (!canBeName(name)) {
      box.value = this.name;
      return this.#hint(
        name ? "A name cannot have / or \\ in it, or be only dots." : "Everyone needs a name. A nickname is best.",
      );
    }
    this.#callAs("name", name);
  }

  /**
   * Another room has another talk.
   *
   * @param {string} room
   */
  #goInto(room) {
    if (room && !canBeName(room)) {
      this.#box(".room input").value = this.room;
      return this.#hint("The name of a room cannot have / or \\ in it, or be only dots.");
    }
    this.#waiting = [];
    this.#part(".log").replaceChildren();
    this.#to.value = "";
    this.#isSecret = false;
    this.#password = "";
    this.#board = null;
    this.#sheet.replaceChildren();
    this.#showBoard(false);
    this.#callAs("room", room);
  }

  /**
   * @param {"name" | "room"} attribute
   * @param {string} value
   */
  #callAs(attribute, value) {
    this.hangUp();
    this.setAttribute(attribute, value);
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
    const box = this.#box(".message");
    const to = this.#to.value;
    const message = box.value;
    if (!message) return this.#hint("Type something first.");
    if (!this.wanted || this.state === "shut")
      return this.#hint("Nobody can hear you yet. Your words stay here until the lamp is on.");
    this.#hold(this.state !== "connected");
    if (this.#held) return;
    if (to) this.#say(JSON.stringify({ type: "whisper", to, message }));
    else this.#say(this.#hasTypes && message.startsWith("{") ? JSON.stringify({ type: "chat", message }) : message);
    box.value = "";
    this.#toldTyping = 0;
    this.#echo.start();
  }

  /**
   * A friend who sleeps takes nothing. Only a line in this page can do that: a browser takes whatever comes.
   *
   * @param {boolean} asleep
   */
  #sleep(asleep) {
    this.#socket?.sleep?.(asleep);
    this.toggleAttribute("asleep", asleep);
    this.#show(this.state);
  }

  #sendHeld() {
    if (this.#held && this.state === "connected") this.#send();
  }

  /** The room is secret. Whoever has just typed its name goes on with the password. */
  #atTheDoor() {
    const isHere = this.#root.activeElement === this.#part(".room input");
    this.#isSecret = true;
    this.#show("door");
    if (isHere) this.#part(".knock input").focus();
    if (this.#password) this.#sayPassword();
  }

  /** It is said on the line, never in an address. The X-ray may be on a big screen, and does not show it. */
  #sayPassword() {
    const box = this.#box(".knock input");
    this.#password ||= box.value;
    if (!this.#password) return this.#hint("Type the password first.");
    if (this.state !== "door") return this.pickUp();
    this.#socket?.send(this.#password);
    this.#tell(true, "•••••• (the password)");
    this.#hasSaidIt = true;
    this.#password = "";
    box.value = "";
    this.#hint("");
  }

  /** @param {string} text */
  #say(text) {
    this.#socket?.send(text);
    this.#tell(true, text);
  }

  /** @param {{ type: string } & Record<string, unknown>} frame */
  #sayTyped(frame) {
    if (this.state !== "connected") return this.#hint("Nobody can hear you yet.");
    this.#hint("");
    this.#say(JSON.stringify(frame));
  }

  /** Tell the room that somebody types, now and then. What is being whispered is nobody's business. */
  #type() {
    this.#hold(false);
    if (!this.#hasTypes || this.state !== "connected" || this.#to.value || Date.now() - this.#toldTyping < TYPING)
      return;
    this.#toldTyping = Date.now();
    this.#sayTyped({ type: "typing" });
  }

  /** @param {FormData} form */
  #remind(form) {
    if (this.state !== "connected") return this.#hint("Nobody can hear you yet.");
    const [message, seconds] = [String(form.get("message")), Number(form.get("seconds"))];
    this.#sayTyped({ type: "remind", seconds, message });
    this.#reminders.add(message, seconds);
  }

  /**
   * @param {boolean} sent
   * @param {string} text
   */
  #tell(sent, text) {
    /** @type {Frame} */
    const detail = { name: this.name, sent, text, time: new Date(), message: read(text) };
    this.dispatchEvent(new CustomEvent("frame", { bubbles: true, composed: true, detail }));
    return detail;
  }

  /** @param {string} text */
  #hear(text) {
    const frame = this.#tell(false, text);
    const { who, words, type, parts } = frame.message;
    if (type === "password" && this.room) return this.#atTheDoor();
    if (this.state === "door" && type !== "error") this.#comeIn();
    if (this.room && Number.isInteger(parts?.id)) this.#lastIds.set(this.room, Number(parts?.id));
    else if (type !== "error") this.#missed = ""; // what was missed comes first, and has numbers
    if (type === "typing") return who === this.name ? undefined : this.#typing.see(who);
    if (!who || who === this.name || type === "error") this.#echo.stop();
    if (type === "error") {
      if (this.news) this.#reminders.refuse();
      return this.#hint(words.slice(0, 300));
    }
    if (type === "friends" && Array.isArray(parts?.friends)) {
      this.#friends = parts.friends.filter((name) => typeof name === "string").slice(0, LINES);
      return this.#furnish();
    }
    if (type === "draw" && parts) return this.#draw(parts);
    frame.missed = this.#missed;
    if (this.#missed) this.#missed = "more";
    this.#typing.done(who);
    if (type === "emoji" && !frame.missed) rain(this.#part(".rain"), words);
    if (type === "reminder") this.#ring(words);
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) requestAnimationFrame(() => this.#paint());
    // A window in the background is not painted; what waits there must not grow without end.
    if (this.#waiting.length > LINES) this.#waiting.splice(1, 1);
  }

  /** The first word from inside. */
  #comeIn() {
    if (!this.#held) this.#hint("");
    this.#show("connected");
    this.#sendHeld();
  }

  /** @param {string} words */
  #ring(words) {
    this.#reminders.came(words);
    this.setAttribute("ringing", "");
    setTimeout(() => this.removeAttribute("ringing"), RING);
  }

  /** @param {Record<string, unknown>} parts */
  #draw(parts) {
    if (!this.#board) this.#showBoard(true);
    this.#board?.draw(parts);
    this.#furnish();
  }

  /** @param {boolean} isShown */
  #showBoard(isShown) {
    const color = ["blue", "purple", "green", "gold"][look(this.name).color - 1];
    if (isShown)
      this.#board ??= new DrawingBoard(this.#sheet, (points) => this.#sayTyped({ type: "draw", points, color }));
    this.#sheet.toggleAttribute("hidden", !isShown);
    this.#part(".draw").setAttribute("aria-pressed", String(isShown));
  }

  #paint() {
    const log = this.#part(".log");
    // Nobody can listen to a hundred messages a second: a screen reader hears a calm room only.
    log.setAttribute("aria-live", this.#waiting.length > 5 ? "off" : "polite");
    log.append(
      ...this.#waiting.splice(0).flatMap((frame) => (frame.missed === "first" ? [away(), line(frame)] : line(frame))),
    );
    while (log.childElementCount > LINES) log.firstElementChild?.remove();
  }
}

customElements.define("walkie-talkie", WalkieTalkie);
