// A pupil's page in a class: it joins, tells the board how far its pupil is, and lets friends into the pupil's club.
//
// Only the class's own server puts this into the pages of the site.

import { part } from "../clubhouse/dom.js";
import { banner, ClassLine, join, whoAmI } from "./class-line.js";
import { button, dialog, element, paragraph } from "./dom.js";
import { offer } from "./keep.js";
import { here } from "./page.js";

const SLOW = 1000; // ms from a change until the board is told
const MOST = 200_000; // letters of one message to the class

const { mine } = here;
const line = new ClassLine();
/** @type {Map<number, import("./runtime.js").Socket>} */
const visits = new Map(); // the lines of guests to the program in this page, by their ids
/** @param {string} name */
const remembered = (name) => sessionStorage.getItem(`class ${name}`) === "true";
let me = "";
let isHere = false;
let isOpen = remembered("open"); // to friends
let isUp = remembered("hand");
let isHushed = false;
/** @type {string[]} */
let doors = [];
/** @type {{ all?: string, text?: string }} */
let told = {}; // what the board knows
/** @type {ReturnType<typeof setTimeout> | undefined} */
let late;

// --- what the pupil sees ---

const parts = {
  hand: [button("Hand up", () => raise(!isUp)), button("Hand up", () => raise(!isUp))],
  name: [button("Class", show), button("Class", show), button("Class", show)],
};
const inBar = element("div", { className: "class" }, parts.hand[0], parts.name[0]);
const inTabs = parts.name[1];
const inHeader = element("div", { className: "class" }, parts.hand[1], parts.name[2]);
/** @type {HTMLDialogElement | null} */
let opened = null; // the class's window, while it is open

/** In the workbench's own bar and tabs; on a page without one, in the header. */
function place() {
  const bench = document.querySelector("#bench:not([hidden])");
  if (bench) {
    part(bench, ".bar").append(inBar);
    part(document, "#views").append(inTabs);
    inHeader.remove();
  } else {
    document.querySelector(".md-header__inner")?.append(inHeader);
  }
}

function paint() {
  for (const each of parts.hand) {
    each.textContent = isUp ? "Hand down" : "Hand up";
    each.setAttribute("aria-pressed", String(isUp));
  }
  const count = doors.filter((name) => name !== me).length;
  for (const each of parts.name) {
    each.textContent = me ? `Class${count ? ` · ${count}` : ""}` : "Class";
    each.title = `You are ${me} in this class`;
    each.classList.toggle("away", !isHere);
  }
  if (opened?.isConnected) part(opened, ".class-window").replaceWith(content());
}

function content() {
  const friends = doors.filter((name) => name !== me);
  /** @param {string} name */
  const link = (name) =>
    element(
      "li",
      {},
      element("a", {
        className: "button",
        textContent: `Visit ${name}`,
        target: "_blank",
        href: `/visit/${encodeURIComponent(name)}/?friend=${encodeURIComponent(me)}`,
        onclick: () => opened?.close(), // it opens in a tab of its own, and nothing lies over this one
      }),
    );
  const runs = here.site?.runtime.runs;
  return element(
    "div",
    { className: "class-window" },
    element(
      "p",
      { role: "status" },
      "You are ",
      element("b", { textContent: me }),
      isHere ? " in this class." : ". The class is away. Your program is safe here.",
    ),
    element("p", { className: "buttons" }, button(`I am not ${me}`, change)),
    isHushed && paragraph("Quiet, please: friends' clubs do not hear you now."),
    element("h3", { textContent: "Your club" }),
    paragraph(
      isOpen
        ? runs
          ? "It is open. Friends can come in."
          : "It is open, but it sleeps. Press Run on the page of a step."
        : "Only you are in it. Friends can come in, and talk to each other in your own program.",
    ),
    element(
      "p",
      { className: "buttons" },
      button(isOpen ? "Close my club" : "Open my club to the class", () => open(!isOpen), isOpen ? "" : "start"),
    ),
    element("h3", { textContent: "Friends' clubs" }),
    friends.length ? element("ul", {}, ...friends.map(link)) : paragraph("Nobody has opened a club yet. Be the first!"),
  );
}

function show() {
  opened = dialog("The class", () => [element("p", { className: "buttons" }, handInWindow()), content()]);
}

/** Somebody else sits at this computer now. */
async function change() {
  opened?.close();
  await join();
  location.reload();
}

/** On a phone there is no room for it beside the tabs. */
function handInWindow() {
  const made = button(isUp ? "Hand down" : "Hand up", () => {
    raise(!isUp);
    made.textContent = isUp ? "Hand down" : "Hand up";
  });
  return made;
}

/** @param {boolean} up */
function raise(up) {
  isUp = up;
  sessionStorage.setItem("class hand", String(up));
  line.send({ type: "hand", up });
  paint();
}

/** @param {boolean} on */
function open(on) {
  isOpen = on;
  sessionStorage.setItem("class open", String(on));
  line.send({ type: "door", open: on });
  paint();
}

// --- what the board is told ---

function report() {
  clearTimeout(late);
  late = undefined;
  const state = { step: here.bench?.step?.number ?? 0, stars: mine.stars };
  const text = mine.untouched || JSON.stringify(mine.text).length > MOST ? undefined : mine.text;
  const now = JSON.stringify([state, text]);
  if (!isHere || now === told.all) return;
  line.send({ type: "state", ...state, ...(text !== told.text && { text }) });
  told = { all: now, text };
}

const soon = () => {
  late ||= setTimeout(report, SLOW);
};

mine.addEventListener("change", soon);
here.addEventListener("arrive", () => {
  place();
  soon();
});
here.addEventListener("verdict", (event) => {
  const { goal, oops, stars, line: at } = /** @type {CustomEvent} */ (event).detail;
  if (!goal) return; // the checker could not say
  const number = here.site?.steps[oops ? stars : goal - 1]?.number ?? 0;
  report();
  line.send({ type: "verdict", oops, step: number, ...(at && { line: at }) });
});

// --- what the class says ---

/** @type {Record<string, (message: any) => void>} */
const commands = {
  hello({ hushed, doors: open }) {
    [isHere, isHushed, doors, told] = [true, hushed, open, {}];
    report();
    if (isUp) line.send({ type: "hand", up: true });
    if (isOpen) line.send({ type: "door", open: true });
  },
  doors({ doors: open }) {
    doors = open;
  },
  hush({ on }) {
    isHushed = on;
    banner(on ? "Quiet, please! Friends' clubs do not hear you now." : "You can talk in friends' clubs again.");
  },
  lowered() {
    isUp = false;
    sessionStorage.setItem("class hand", "false");
  },
  go({ page }) {
    opened?.close();
    here.bench?.view("read", true); // on a phone, or nothing would seem to happen
    const link = element("a", { href: new URL(page, here.place).href, hidden: true });
    document.body.append(link); // the theme goes on without a new page
    link.click();
    link.remove();
  },
  async "hand-out"({ step }) {
    /** @type {{ steps: import("./page.js").Step[] }} */
    const { steps } = here.site ?? (await (await fetch(new URL("steps.json", import.meta.url))).json());
    const ours = steps.find(({ number }) => number === step);
    if (!ours) return;
    mine.replace(ours.source, `your teacher gave you step ${step}`, step);
    void here.bench?.inMine(() => {}); // so that it is in sight
    banner(`Here is our program of step ${step}. Its lines earn no stars. “Undo” brings yours back.`, "Your teacher");
  },
  out() {
    banner("Your teacher has closed your line to the class. Your program is safe in this browser.");
  },
  end() {
    banner("The class has ended. Your program stays in this browser. “Keep” takes it home.");
  },
  away() {
    isHere = false;
    for (const socket of visits.values()) socket.close(1001);
    visits.clear();
  },
  async lost() {
    arrived(await join(me));
  },

  // Friends in the club of this page: the class hands on their words.

  "visit.open"({ id, path }) {
    const runtime = here.site?.runtime;
    if (!runtime?.isAwake) return line.send({ type: "visit.closed", id, code: 1012, reason: "" });
    const socket = runtime.network().open(path);
    visits.set(id, socket);
    socket.onopen = () => line.send({ type: "visit.opened", id });
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return;
      const message = { type: "visit.message", id, data };
      if (JSON.stringify(message).length < MOST) line.send(message);
      else end(id, 1009, "That is too long for a friend's line.");
    };
    socket.onclose = ({ code, reason = "" }) =>
      visits.delete(id) && line.send({ type: "visit.closed", id, code, reason });
  },
  "visit.send"({ id, data }) {
    visits.get(id)?.send(data);
  },
  "visit.close"({ id, code }) {
    visits.get(id)?.close(code);
    visits.delete(id);
  },
  async "visit.ask"({ id, path }) {
    const runtime = here.site?.runtime;
    const answer = runtime?.isAwake ? await runtime.http("GET", `/${path}`).catch(() => null) : null;
    const body = answer ? await answer.text() : "";
    const status = JSON.stringify(body).length < MOST ? (answer?.status ?? 0) : 0;
    line.send({ type: "visit.answer", id, status, body: status ? body : "" });
  },
};

/**
 * @param {number} id of a visit
 * @param {number} code
 * @param {string} reason
 */
function end(id, code, reason) {
  visits.get(id)?.close(code);
  visits.delete(id);
  line.send({ type: "visit.closed", id, code, reason });
}

for (const [type, act] of Object.entries(commands)) {
  line.addEventListener(type, (event) => {
    act(/** @type {CustomEvent} */ (event).detail);
    if (!type.startsWith("visit.")) paint();
  });
}

// --- coming in ---

/**
 * The class has kept a program of this pupil: it is offered, and never put over a newer text.
 *
 * @param {{ text: string }} kept
 */
function welcome({ text }) {
  if (!text || text === mine.text) return;
  if (!here.bench?.step) return here.addEventListener("arrive", () => welcome({ text }), { once: true });
  offer(text, "the class, which kept it for you", here.bench, mine);
}

/** @param {{ nickname: string }} pupil */
function arrived({ nickname }) {
  me = here.nickname = nickname;
  line.call();
  paint();
}

/** While nicknames are chosen, Python comes; a few pupils at a time, so that the first can soon begin. */
async function warmUp() {
  const runtime = document.querySelector("[data-runtime]")?.getAttribute("data-runtime");
  if (!runtime) return;
  const turn = new AbortController();
  const folder = new URL(`assets/in-page/${runtime}/`, here.place);
  try {
    await (await fetch("/class/turn", { signal: turn.signal })).body?.getReader().read(); // its first word is "now"
    const { sizes } = await (await fetch(new URL("manifest.json", folder))).json();
    for (const name of ["worker.js", "editor.js", ...Object.keys(sizes)])
      await (await fetch(new URL(name, folder))).arrayBuffer();
  } catch {
    // it comes with Run
  } finally {
    turn.abort();
  }
}

place();
const known = await whoAmI();
if (known) arrived(known);
else {
  warmUp();
  const joined = await join();
  arrived(joined);
  welcome(joined);
}
