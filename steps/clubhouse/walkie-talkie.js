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

import { DrawingBoard } from "./drawing-board.js";
import { away, line, read } from "./frames.js";
import { badge, canBeName, look } from "./friends.js";

const LINES = 100; // as many as a friend can scroll through; older ones go
const PATIENCE = 5000; // ms that it waits for an answer
const SLOW = 1000; // ms after which a friend notices that their words have not come back
const TYPING = 2000; // ms between two frames that say so
const TYPED = 4000; // ms after which nobody believes it any more
const RAIN = 2500; // ms
const RING = 1500; // ms
const QUESTION = 300; // ms in which a secret room asks for its password
const NAME_IS_TAKEN = 4009;
const AGAINST_THE_RULES = 1008;

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

const EMOJI = { "🎉": "party", "🦖": "dinosaur", "🍪": "biscuit", "❤️": "heart", "👍": "thumbs up" };

const style = new CSSStyleSheet();
style.replaceSync(":host { visibility: hidden }"); // until its own style is there
fetch(new URL("walkie-talkie.css", import.meta.url))
  .then(async (answer) => style.replace(await answer.text()))
  .catch(() => style.replace("")); // the club has gone to sleep just now

const template = document.createElement("template");
template.innerHTML = `
  <article>
    <div class="antenna"></div>
    <header>
      <span class="who"></span>
      <input class="name" maxlength="40" autocomplete="off" spellcheck="false" aria-label="Name of this friend" placeholder="Your nickname">
      <label class="room" hidden>in <i class="padlock" role="img" aria-label="secret" hidden></i><input maxlength="20" autocomplete="off" spellcheck="false" aria-label="Room" placeholder="chat"></label>
      <span class="role">news</span>
      <span class="lamp" role="status"><i></i><span></span></span>
    </header>
    <div class="grille"></div>
    <div class="screen">
      <svg class="board" viewBox="0 0 300 200" tabindex="0" role="application" hidden
        aria-label="Drawing board. Arrow keys move the pen, Space puts it down and lifts it."></svg>
      <div class="talk" tabindex="0"><div class="log" role="log"></div><p class="words"></p></div>
      <ul class="timers" aria-label="Reminders to come"></ul>
      <p class="hint" role="alert"></p>
      <p class="typing"></p>
      <div class="rain" aria-hidden="true"></div>
      <form class="knock" hidden>
        <i class="padlock"></i>
        <input name="password" type="password" autocomplete="off" aria-label="Password">
        <button>Say it</button>
      </form>
      <div class="bar" hidden>
        ${Object.entries(EMOJI)
          .map(([emoji, name]) => `<button type="button" class="emoji" aria-label="Emoji: ${name}">${emoji}</button>`)
          .join("")}
        <button type="button" class="draw" aria-pressed="false">Draw</button>
        <select class="to" aria-label="Who hears it"></select>
      </div>
      <form class="remind" hidden>
        <input name="message" value="pizza" required autocomplete="off" aria-label="Remind me of">
        <label>in <input name="seconds" type="number" value="10" min="1" max="3600" required aria-label="Seconds"> s</label>
        <button>Remind me</button>
      </form>
    </div>
    <form class="say">
      <input class="message" autocomplete="off">
      <button>Send</button>
    </form>
    <footer><button type="button" class="power"></button><button type="button" class="sleep" hidden></button><slot></slot></footer>
  </article>`;

class WalkieTalkie extends HTMLElement {
  state = "off";
  wanted = true; // the friend has not hung up on purpose
  open = () => null;
  #socket = null;
  #held = false; // what is in the box is sent as soon as somebody can hear it
  #echo; // rings when nothing has come back of what was sent
  #said = 0; // when the words were sent that have not come back yet
  #waiting = []; // frames that are not on the screen yet
  #doors = new Set(); // what the club can do
  #friends = []; // who is in the room, if the club tells
  #typing = new Map(); // who is typing -> until when
  #forgetting;
  #toldTyping = 0;
  #timers = []; // reminders to come
  #isSecret = false; // this room has asked for a password
  #password = ""; // what is to be said at the door
  #hasSaidIt = false;
  #board = null;
  #lastIds = new Map(); // room -> the number of the last message heard there
  #missed = ""; // what comes now was said while this friend was away, and is the "first" of it, or "more"

  connectedCallback() {
    if (this.shadowRoot) return;
    this.attachShadow({ mode: "open" }).append(template.content.cloneNode(true));
    this.shadowRoot.adoptedStyleSheets = [style];
    this.#part(".name").value = this.name;
    this.#part(".room input").value = this.room;
    this.#part(".name").onchange = () => this.#rename();
    this.#part(".room input").onchange = () => this.#goInto(this.#part(".room input").value.trim());
    this.#part(".power").onclick = () => this.#power();
    this.#part(".sleep").onclick = () => this.#sleep(!this.hasAttribute("asleep"));
    this.#on("say", () => this.#send());
    this.#on("knock", (form) => this.#sayPassword(form));
    this.#on("remind", (form) => this.#remind(new FormData(form)));
    this.#part(".message").oninput = () => this.#type();
    this.#part(".bar").onclick = ({ target }) => {
      if (target.className === "emoji") this.#sayTyped({ type: "emoji", message: target.textContent });
      if (target.className === "draw") this.#showBoard(this.#part(".board").hasAttribute("hidden"));
    };
    this.#part(".to").onchange = () => this.#furnish();
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
    this.#missed = query && "first";
    if (!this.#held && this.state !== "taken" && this.state !== "refused") this.#hint("");
    this.#hasSaidIt = false;
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
      setTimeout(() => this.#sendHeld(), this.room ? QUESTION : 0); // or they would be taken for the password
    };
    socket.onmessage = ({ data }) => this.#hear(String(data));
    socket.onclose = ({ code, reason }) => {
      clearTimeout(ringing);
      if (this.#socket !== socket) return;
      this.#empty();
      this.#show({ [NAME_IS_TAKEN]: "taken", [AGAINST_THE_RULES]: "refused" }[code] ?? (opened ? "lost" : "shut"));
      if (code === AGAINST_THE_RULES && this.#isSecret)
        this.#hint(
          this.#hasSaidIt
            ? `${reason} Try again, or ask a friend who knows it.`
            : "The door has closed, because nobody said the password. Say it to try again.",
        );
      else if (code === 1009) this.#hint("That message was too long for the club.");
      else if (opened && reason) this.#hint(reason);
      else if (opened && code !== 1012 && Date.now() - opened < 1000)
        this.#hint("The club hung up at once. Its terminal may say why.");
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

  /** A sentence that fits the moment. It stands on the screen until friends talk there. */
  set words(sentence) {
    const words = this.#part(".words");
    if (words.textContent !== sentence) words.textContent = sentence;
  }

  /** What the club can do: join (rooms), types (of messages in a room), draw, reminders. */
  set doors(open) {
    this.#doors = open;
    this.#furnish();
  }

  #part(selector) {
    return this.shadowRoot.querySelector(selector);
  }

  #on(form, action) {
    this.#part(`.${form}`).onsubmit = (event) => {
      event.preventDefault();
      action(event.target);
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
    const to = this.#part(".to");
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
    // Who has just gone stays chosen: no whisper must be heard by everyone.
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
    this.#part(".message").placeholder = this.state === "connected" ? words : "";
  }

  get #hasTypes() {
    return this.room !== "" && this.#doors.has("types");
  }

  #show(state) {
    this.state = state;
    this.dataset.state = state;
    const lamp =
      state === "connected" && this.news ? "listening" : state === "off" && this.wanted ? "ready" : LAMP[state];
    this.#part(".lamp span").textContent = this.hasAttribute("asleep") ? "asleep" : lamp;
    this.#part(".power").textContent = this.wanted ? "Hang up" : "Pick up";
    this.#furnish();
    this.dispatchEvent(new CustomEvent("state", { bubbles: true, composed: true }));
  }

  /** The line is gone, and what belonged to it. */
  #empty() {
    this.#clock(false);
    this.#socket = null;
    this.removeAttribute("asleep");
    this.#friends = [];
    this.#typing.clear();
    this.#showTyping();
    for (const timer of this.#timers) timer.stop();
  }

  #hint(sentence) {
    this.#part(".hint").textContent = sentence;
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
      return this.#hint(
        name ? "A name cannot have / or \\ in it, or be only dots." : "Everyone needs a name. A nickname is best.",
      );
    }
    this.#callAs("name", name);
  }

  /** Another room has another talk. */
  #goInto(room) {
    if (room && !canBeName(room)) {
      this.#part(".room input").value = this.room;
      return this.#hint("The name of a room cannot have / or \\ in it, or be only dots.");
    }
    this.#waiting = [];
    this.#part(".log").replaceChildren();
    this.#part(".to").value = "";
    this.#isSecret = false;
    this.#password = "";
    this.#board = null;
    this.#part(".board").replaceChildren();
    this.#showBoard(false);
    this.#callAs("room", room);
  }

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
    const box = this.#part(".message");
    const to = this.#part(".to").value;
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
    this.#clock(true);
  }

  /** Measure how long it takes until the words come back to the friend who has said them. */
  #clock(isRunning) {
    const seconds = (Date.now() - this.#said) / 1000;
    if (!isRunning && this.#said && seconds > SLOW / 1000)
      this.#hint(`Your words took ${seconds.toFixed(1)} s. Was somebody asleep?`);
    clearTimeout(this.#echo);
    this.#said = isRunning ? Date.now() : 0;
    if (isRunning)
      this.#echo = setTimeout(
        () => this.#hint("Sent, but nothing came back. Does your program broadcast it? Is somebody asleep?"),
        PATIENCE,
      );
  }

  /** A friend who sleeps takes nothing. Only a line in this page can do that: a browser takes whatever comes. */
  #sleep(asleep) {
    this.#socket.sleep(asleep);
    this.toggleAttribute("asleep", asleep);
    this.#show(this.state);
  }

  #sendHeld() {
    if (this.#held && this.state === "connected") this.#send();
  }

  /** The room is secret. Whoever has just typed its name goes on with the password. */
  #atTheDoor() {
    const isHere = this.shadowRoot.activeElement === this.#part(".room input");
    this.#isSecret = true;
    this.#show("door");
    if (isHere) this.#part(".knock input").focus();
    if (this.#password) this.#sayPassword(this.#part(".knock"));
  }

  /** It is said on the line, never in an address. The X-ray may be on a big screen, and does not show it. */
  #sayPassword(form) {
    this.#password ||= form.elements.password.value;
    if (!this.#password) return this.#hint("Type the password first.");
    if (this.state !== "door") return this.pickUp();
    this.#socket.send(this.#password);
    this.#tell(true, "•••••• (the password)");
    this.#hasSaidIt = true;
    this.#password = "";
    form.reset();
    this.#hint("");
  }

  #say(text) {
    this.#socket.send(text);
    this.#tell(true, text);
  }

  #sayTyped(frame) {
    if (this.state !== "connected") return this.#hint("Nobody can hear you yet.");
    this.#hint("");
    this.#say(JSON.stringify(frame));
  }

  /** Tell the room that somebody types, now and then. What is being whispered is nobody's business. */
  #type() {
    this.#hold(false);
    if (
      !this.#hasTypes ||
      this.state !== "connected" ||
      this.#part(".to").value ||
      Date.now() - this.#toldTyping < TYPING
    )
      return;
    this.#toldTyping = Date.now();
    this.#sayTyped({ type: "typing" });
  }

  #remind(form) {
    if (this.state !== "connected") return this.#hint("Nobody can hear you yet.");
    const [message, seconds] = [form.get("message"), Number(form.get("seconds"))];
    this.#sayTyped({ type: "remind", seconds, message });
    this.#timers.push(this.#countDown(message, seconds));
  }

  /** A line that counts the seconds, until it is stopped. */
  #countDown(message, seconds) {
    const item = document.createElement("li");
    const end = Date.now() + seconds * 1000;
    const tick = () => (item.textContent = `${message} in ${Math.max(0, Math.ceil((end - Date.now()) / 1000))} s`);
    const ticking = setInterval(tick, 1000);
    tick();
    this.#part(".timers").append(item);
    const timer = {
      message,
      stop: () => {
        clearInterval(ticking);
        item.remove();
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
    return timer;
  }

  #tell(sent, text) {
    const detail = { name: this.name, sent, text, time: new Date(), message: read(text) };
    this.dispatchEvent(new CustomEvent("frame", { bubbles: true, composed: true, detail }));
    return detail;
  }

  #hear(text) {
    const frame = this.#tell(false, text);
    const { who, words, type, parts } = frame.message;
    if (type === "password" && this.room) return this.#atTheDoor();
    if (this.state === "door" && type !== "error") this.#comeIn();
    if (this.room && Number.isInteger(parts?.id)) this.#lastIds.set(this.room, parts.id);
    else if (type !== "error") this.#missed = ""; // what was missed comes first, and has numbers
    if (type === "typing") return this.#seeTyping(who);
    if (!who || who === this.name || type === "error") this.#clock(false);
    if (type === "error") {
      if (this.news) this.#timers.at(-1)?.stop();
      return this.#hint(words.slice(0, 300));
    }
    if (type === "friends" && Array.isArray(parts.friends)) {
      this.#friends = parts.friends.filter((name) => typeof name === "string").slice(0, LINES);
      return this.#furnish();
    }
    if (type === "draw") return this.#draw(parts);
    frame.missed = this.#missed;
    if (this.#missed) this.#missed = "more";
    if (this.#typing.delete(who)) this.#showTyping();
    if (type === "emoji" && !frame.missed) this.#rain(words);
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

  #seeTyping(who) {
    if (who === this.name) return;
    this.#typing.set(who, Date.now() + TYPED);
    this.#showTyping();
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => this.#showTyping(), TYPED);
  }

  #showTyping() {
    for (const [who, until] of this.#typing) if (until <= Date.now()) this.#typing.delete(who);
    const names = [...this.#typing.keys()].map((name) => name.slice(0, 20));
    const words =
      names.length > 2
        ? `${names.length} friends are typing…`
        : `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} typing…`;
    const typing = this.#part(".typing");
    const said = names.length ? words : "";
    if (typing.textContent !== said) typing.textContent = said;
  }

  /** One rain at a time is enough. Who wants no motion sees it once, and still; the style does that. */
  #rain(words) {
    const rain = this.#part(".rain");
    if (rain.childElementCount || document.hidden) return;
    const drop = Array.from(words).slice(0, 8).join("");
    rain.append(
      ...Array.from({ length: 12 }, (_, number) => {
        const element = Object.assign(document.createElement("i"), { textContent: drop });
        element.style.left = `${(number * 37) % 96}%`;
        element.style.animationDelay = `${(number * 5) % 12}00ms`;
        return element;
      }),
    );
    setTimeout(() => rain.replaceChildren(), RAIN);
  }

  #ring(words) {
    this.#timers.find(({ message }) => message === words)?.stop();
    this.setAttribute("ringing", "");
    setTimeout(() => this.removeAttribute("ringing"), RING);
  }

  #draw(parts) {
    if (!this.#board) this.#showBoard(true);
    this.#board.draw(parts);
    this.#furnish();
  }

  #showBoard(isShown) {
    const color = ["blue", "purple", "green", "gold"][look(this.name).color - 1];
    if (isShown)
      this.#board ??= new DrawingBoard(this.#part(".board"), (points) =>
        this.#sayTyped({ type: "draw", points, color }),
      );
    this.#part(".board").toggleAttribute("hidden", !isShown);
    this.#part(".draw").setAttribute("aria-pressed", isShown);
  }

  #paint() {
    const log = this.#part(".log");
    // Nobody can listen to a hundred messages a second: a screen reader hears a calm room only.
    log.setAttribute("aria-live", this.#waiting.length > 5 ? "off" : "polite");
    log.append(
      ...this.#waiting.splice(0).flatMap((frame) => (frame.missed === "first" ? [away(), line(frame)] : line(frame))),
    );
    while (log.childElementCount > LINES) log.firstElementChild.remove();
  }
}

customElements.define("walkie-talkie", WalkieTalkie);
