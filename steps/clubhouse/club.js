import { read } from "./frames.js";

/** @typedef {import("./walkie-talkie.js").WalkieTalkie} WalkieTalkie */

// What this page knows about the program behind it: is it awake, which doors has it, who should call again.
//
// The page adapts to the program, not the other way round. It finds the doors by trying them, and it tries again
// whenever a new program may be on the air: when a line breaks, when the learner comes back to this window and,
// while no line is open that could break, every few seconds.

const SOON = 2000; // ms between looks while no line is open
const LATER = 10000; // the same, when nothing has happened for a while
const RESTLESS = 60000; // ms: how long "a while" is
const TOO_LONG = 5000; // ms without an answer
const BRIEF = 1000; // ms that a line lasts if the program does not keep its friends
const ANSWER = 2000; // ms that a knock waits for one
const ASLEEP = [502, 503, 504]; // what stands before a program says that it is not there
const AGAINST_THE_RULES = 1008;
const SLOWLY = 10000; // ms between two calls under a name that is taken
const SHOWN = 8; // rooms; a hundred could not be read
const KNOCKS = /^door-(\w{1,6}|-+)$/; // rooms that a window calls for a moment, to learn what the program can do

// A door with a `path` is open when the program has that route; the others take more than a look.
export const DOORS = [
  { id: "rooms", name: "Rooms board", step: 2, title: "the club manager", path: "/rooms" },
  { id: "chat", name: "Chat", step: 3, title: "the chat" },
  { id: "news", name: "News", step: 4, title: "the news messenger" },
  { id: "docs", name: "Docs desk", step: 5, title: "the docs page" },
  { id: "join", name: "Your rooms", step: 6, title: "the rooms" },
  { id: "types", name: "Emoji", step: 7, title: "the message types" },
  { id: "reminders", name: "Reminders", step: 8, title: "the reminders" },
  { id: "whispers", name: "Whispers", step: 9, title: "the whispers" },
  { id: "password", name: "Secret rooms", step: 10, title: "the secret password" },
  { id: "history", name: "History", step: 11, title: "the history" },
];

/**
 * The way to a program. A page of the site brings one of its own, as the property `network` of the frame that this
 * page stands in; that one can `post`, too.
 *
 * @typedef {object} Network
 * @property {(path: string) => import("./walkie-talkie.js").Line} open
 * @property {(path: string) => Promise<Response>} get
 * @property {(path: string) => Promise<Response>} [post]
 * @property {string} [me] whose friend comes first
 * @property {() => boolean} isNew may a new program have come since this was asked last?
 * @property {() => Promise<boolean>} [isLit] does the program show a page at all?
 */

/**
 * The way to a real server: the one that this page came from, whatever its address is.
 *
 * @type {Network}
 */
export const network = {
  open(path) {
    const url = new URL(path, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    return new WebSocket(url);
  },
  get: (path) => fetch(new URL(path, document.baseURI), { cache: "no-store", signal: AbortSignal.timeout(TOO_LONG) }),
  /** Was any answer since the last look the first on its connection? Then the program behind it may be a new one. */
  isNew() {
    const entries = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const answers = entries.filter(({ initiatorType }) => initiatorType === "fetch");
    performance.clearResourceTimings();
    return !answers.length || answers.some(({ connectStart, connectEnd }) => connectEnd > connectStart);
  },
};

/** @param {WalkieTalkie} talkie */
const doorOf = (talkie) => (talkie.news ? "news" : talkie.room ? "join" : "chat");

/** Sends the event "change" when `awake` (true, false, or null while calling), `open` or `rooms` changes. */
export class Club extends EventTarget {
  /** @type {boolean | null} */
  awake = null;
  lit = true; // does the program show this page? Beside an editor it may not yet
  /** @type {Set<string>} */
  open = new Set(); // ids of the doors that are built
  /** @type {Set<string>} */
  fresh = new Set(); // those that were built while the learner looked on
  /** @type {Set<string>} */
  shut = new Set(); // those that did not open
  /** @type {Set<string>} */
  #seen = new Set(); // those that have been open: a server with a bad moment builds nothing new
  /** @type {Record<string, number> | null} */
  rooms = null; // how many friends are in each room; of those in the tree, at most SHOWN
  moreRooms = 0;
  /** @type {Set<string>} */
  secret = new Set(); // rooms that have asked for a password
  #network;
  #me;
  /** @type {Map<WalkieTalkie, { since: number, broken: number }>} */
  #talkies = new Map(); // with when the line opened, and how often in a row it broke at once
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #looking = false;
  #looks = 0;
  #stirred = Date.now(); // when something last happened
  #counting = false;
  #windows = new BroadcastChannel("club"); // other windows of this browser: there, friends come and go too

  /** `me` is the name under which this page looks behind the doors. */
  constructor(way = network, me = "clubhouse") {
    super();
    this.#network = way;
    this.#me = encodeURIComponent(me);
    const stir = () => {
      this.#stirred = Date.now();
      if (document.hidden) return;
      if (this.#busy()) this.#count();
      else this.look({ callAll: true });
    };
    addEventListener("focus", stir);
    document.addEventListener("visibilitychange", stir);
    this.#windows.onmessage = () => this.#count();
  }

  /** @param {WalkieTalkie} talkie */
  add(talkie) {
    this.#talkies.set(talkie, { since: 0, broken: 0 });
    talkie.open = (path) => (this.awake ? this.#network.open(path) : null);
    talkie.addEventListener("state", () => this.#hear(talkie));
    talkie.addEventListener("frame", (event) => {
      const { sent, message } = /** @type {CustomEvent<import("./frames.js").Frame>} */ (event).detail;
      const { type, words } = message;
      if (sent) return;
      if (type === "password" && talkie.room) this.secret.add(talkie.room);
      this.#learn(talkie, type);
      if (/^(join|leave)$/.test(type) || /^(joined|left) the chat$/.test(words)) this.#count();
    });
    if (this.awake) talkie.pickUp();
  }

  /** @param {WalkieTalkie} talkie */
  remove(talkie) {
    talkie.remove(); // it hangs up
    this.#talkies.delete(talkie);
  }

  /** Ask the program what it can do; if it may be a new one, or if `callAll`, let every walkie-talkie call. */
  async look({ callAll = false } = {}) {
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#timer);
    try {
      const answer = await this.#network.get("openapi.json");
      if (ASLEEP.includes(answer.status)) throw new Error("somebody answers in its place");
      const { paths = {} } = await answer.json().catch(() => ({}));
      // Clocks are coarse in some browsers, and a new program may look like the old one: every fourth time, call.
      const isNew = callAll || !this.awake || this.#network.isNew() || ++this.#looks % 4 === 0;
      for (const { id, path } of DOORS) if (path) this.#built(id, path in paths);
      this.#built("docs", "/broadcast/{channel}" in paths && "/send/{client_id}" in paths);
      this.awake = true;
      if (isNew) this.lit = (await this.#network.isLit?.()) ?? true;
      if (isNew) this.#call();
      if (isNew) this.#explore();
      this.#count();
    } catch {
      this.awake = false;
      this.rooms = null;
    }
    this.#looking = false;
    this.#changed();
    this.#next();
  }

  /**
   * A line that opens is the proof that its door is built.
   *
   * @param {WalkieTalkie} talkie
   */
  #hear(talkie) {
    const door = doorOf(talkie);
    const line = this.#talkies.get(talkie);
    if (!line) return;
    if (talkie.state === "connected") {
      this.#stirred = Date.now();
      line.since = this.#stirred;
      const isFirst = !this.open.has(door);
      this.#built(door, true);
      if (isFirst) this.#call();
      this.#count();
    } else if (talkie.state === "shut") {
      // One friend may be refused where others are welcome.
      const others = [...this.#talkies.keys()].filter((other) => doorOf(other) === door);
      if (others.every(({ state }) => state !== "connected")) {
        this.#built(door, false);
        for (const other of others) other.refuse();
      }
    } else if (talkie.state === "lost") {
      // Most often a new program is coming. But one that hangs up on every caller must not be called without end.
      const brief = Date.now() - line.since < BRIEF;
      line.broken = brief ? line.broken + 1 : 0;
      this.#again(brief ? Math.min(250 * 2 ** line.broken, 2 * SOON) : 0, { callAll: true });
    } else if (talkie.state === "taken") {
      setTimeout(() => talkie.state === "taken" && talkie.pickUp(), SLOWLY);
    } else if (talkie.state === "off") {
      this.#count();
    }
    if (talkie.state === "connected" || talkie.state === "off") this.#windows.postMessage("count");
    this.#changed();
    if (talkie.state === "shut" || talkie.state === "silent" || talkie.state === "refused") this.#next();
  }

  /**
   * What a program does in its rooms stands in no openapi.json. So knock: call a room of one's own, where it disturbs
   * nobody, say what later steps understand, listen to the answers, and hang up at once. A program that has not even
   * the docs page yet is not asked.
   */
  async #explore() {
    const room = `ws/rooms/door-${Math.random().toString(36).slice(2, 8)}/${this.#me}`;
    const draw = { type: "draw", points: [[0, 0]], color: "black" };
    const heard = this.open.has("docs") ? await this.#knock(room, [{ type: "typing" }, draw]) : null;
    this.#built("join", heard !== null);
    for (const [door, type] of [
      ["types", "typing"],
      ["whispers", "friends"],
      ["draw", "draw"],
    ]) {
      this.#built(door, Boolean(heard?.includes(type)));
    }
    const tooLong = `ws/rooms/${"door-".padEnd(21, "-")}/${this.#me}`;
    const refused = this.open.has("whispers") ? await this.#knock(tooLong, [{ type: "typing" }]) : null;
    this.#built("password", Boolean(refused?.includes(AGAINST_THE_RULES)));
    const noNumber = this.open.has("password") ? await this.#knock(`${room}?last_id=x`, [{ type: "typing" }]) : null;
    this.#built("history", Boolean(noNumber?.includes(AGAINST_THE_RULES)));
    const news = this.open.has("types")
      ? await this.#knock(`ws/notifications/${this.#me}`, [{ type: "remind" }])
      : null;
    this.#built("reminders", Boolean(news?.includes("error")));
    this.#changed();
    this.#count();
  }

  /**
   * What a friend hears proves it, too.
   *
   * @param {WalkieTalkie} talkie
   * @param {string} type of the message
   */
  #learn(talkie, type) {
    /** @type {Record<string, string>} */
    const proofs = { draw: "draw", friends: "whispers", password: "password" };
    const inRoom = proofs[type] ?? (type && "types");
    const door = talkie.news ? /^(error|reminder)$/.test(type) && "reminders" : talkie.room && inRoom;
    if (!door || this.open.has(door)) return;
    this.#built(door, true);
    this.#changed();
  }

  /**
   * The types of the answers, and the code if the club hangs up; or null if nobody opens.
   *
   * @param {string} path
   * @param {{ type: string }[]} questions
   * @returns {Promise<(string | number)[] | null>}
   */
  #knock(path, questions) {
    return new Promise((done) => {
      const socket = this.#network.open(path);
      /** @type {(string | number)[] | null} */
      let types = null;
      const hangUp = () => {
        socket.close();
        done(types);
      };
      let late = setTimeout(hangUp, TOO_LONG);
      socket.onopen = () => {
        clearTimeout(late);
        late = setTimeout(hangUp, ANSWER);
        types = [];
        for (const question of questions) socket.send(JSON.stringify(question));
      };
      socket.onmessage = ({ data }) => {
        const { type } = read(String(data));
        types?.push(type);
        const isAnswer = !/^(join|friends|notification)$/.test(type);
        if (isAnswer && --questions.length === 0) hangUp();
      };
      socket.onclose = ({ code }) => {
        clearTimeout(late);
        types?.push(code);
        done(types);
      };
    });
  }

  /**
   * @param {string} door
   * @param {boolean} isBuilt
   */
  #built(door, isBuilt) {
    if (isBuilt) {
      if (this.shut.delete(door) && !this.#seen.has(door)) this.fresh.add(door);
      this.#seen.add(door);
      this.open.add(door);
    } else {
      this.shut.add(door);
      this.open.delete(door);
      this.fresh.delete(door);
    }
  }

  /** Let them call: all of those whose door is known, and one to try each of the others. */
  #call() {
    const tried = new Set();
    for (const talkie of this.#talkies.keys()) {
      const door = doorOf(talkie);
      if (!this.open.has(door) && tried.has(door)) continue;
      if (talkie.wanted) tried.add(door);
      talkie.pickUp();
    }
  }

  async #count() {
    if (!this.open.has("rooms") || this.#counting) return;
    this.#counting = true;
    await new Promise((done) => setTimeout(done, 250)); // many come and go at once; one answer is enough
    this.#counting = false;
    try {
      /** @type {Record<string, number>} */
      const rooms = await (await this.#network.get("rooms")).json();
      const counted = Object.entries(rooms).filter(([room, count]) => Number.isInteger(count) && !KNOCKS.test(room));
      // The chat and the news are no doors in the tree. The rooms of this window are always shown.
      const here = new Set(["chat", "notifications", ...[...this.#talkies.keys()].map(({ room }) => room)]);
      const shown = [...counted]
        .sort(([one], [other]) => Number(here.has(other)) - Number(here.has(one)))
        .slice(0, SHOWN + 2);
      this.rooms = Object.fromEntries(counted.filter((room) => shown.includes(room)));
      this.moreRooms = Math.max(0, counted.length - SHOWN - 2);
    } catch {
      this.rooms = null;
    }
    this.#changed();
  }

  /** Is there a line that would break when the program goes? Then nobody needs to keep asking. */
  #busy() {
    return [...this.#talkies.keys()].some(({ state }) => /^(connected|calling|door)$/.test(state));
  }

  #next() {
    if (this.#busy() || document.hidden) return;
    const calm = Date.now() - this.#stirred > RESTLESS;
    this.#again(this.awake ? (calm ? LATER : SOON) : 500);
  }

  /**
   * @param {number} delay ms
   * @param {{ callAll?: boolean }} [how]
   */
  #again(delay, how) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(how), delay);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
