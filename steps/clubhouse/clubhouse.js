import { Air } from "./air.js";
import { Club, DOORS } from "./club.js";
import { DocsDesk } from "./docs-desk.js";
import { copy, element, part } from "./dom.js";
import { canBeName, freeName, look } from "./friends.js";
import { WalkieTalkie } from "./walkie-talkie.js";
import { XRay } from "./x-ray.js";

const FRIENDS = 3; // how many can talk in one window
const narrow = matchMedia("(max-width: 640px)"); // one device at a time
const low = matchMedia("(max-height: 480px)"); // as many as there is room for
const small = matchMedia("(max-width: 640px), (max-height: 480px)"); // the doors are folded
const ROOM = 340; // pixels for a device whose fields can be read

/** @typedef {import("./club.js").Network & { post: (path: string) => Promise<Response> }} NetworkInPage */

const page = {
  status: here("#club span"),
  step: here("#step"),
  board: here("#board", HTMLDetailsElement),
  summary: here("#board summary"),
  doors: here("#doors"),
  news: here("#news"),
  air: here("#air"),
  talkies: here("#talkies"),
  tabs: here("#tabs"),
  rooms: here("#rooms"),
  add: here("#add", HTMLButtonElement),
  xray: here("#xray"),
  frames: here("#frames"),
  copy: here("#copy"),
};
/** In a page of the site, the program runs in that page; no other window has it. */
const inPage = /** @type {{ network?: NetworkInPage } | null} */ (frameElement)?.network;
// Whoever builds a club plays all friends. A machine that joins the club of another one is one friend.
const isBuilder = inPage || /^(localhost|127\.|\[::1\]$)/.test(location.hostname);
const params = new URLSearchParams(location.search);
const asked = params.get("friend");
const alone = asked === null || canBeName(asked) ? asked : "";
const club = new Club(inPage, alone || undefined);
const desk = inPage && new DocsDesk(here("#desk", HTMLDialogElement), inPage);
const air = new Air(page.air, here("#wires", SVGSVGElement), here("#hub span"));
const xray = new XRay(here("#frames tbody"));
/** @type {Map<WalkieTalkie, HTMLButtonElement>} */
const tabs = new Map();
/** @type {WalkieTalkie | undefined} */
let chosen; // the device that a narrow window shows
let added = 0;

page.doors.append(...DOORS.map(door));
club.addEventListener("change", show);
document.addEventListener("state", () => air.draw());
document.addEventListener("frame", (event) => {
  const { target, detail } = /** @type {CustomEvent<import("./frames.js").Frame>} */ (event);
  xray.add(detail);
  if (target instanceof WalkieTalkie) air.spark(target, detail.sent);
});

page.add.onclick = async () => {
  page.add.disabled = true;
  const talkie = await addFriend();
  choose(talkie);
  talkie.focus();
};
page.tabs.onkeydown = (event) => {
  const all = talkies();
  const at = chosen ? all.indexOf(chosen) : 0;
  /** @type {Record<string, number>} */
  const ways = { ArrowRight: (at + 1) % all.length, ArrowLeft: at - 1, Home: 0, End: -1 };
  const next = all.at(ways[event.key]);
  if (!(event.key in ways) || !next) return;
  event.preventDefault();
  choose(next);
  tabs.get(next)?.focus();
};
narrow.onchange = low.onchange = arrange;
addEventListener("resize", arrange);
small.onchange = fold;
page.xray.onclick = () => {
  const on = page.xray.getAttribute("aria-pressed") !== "true";
  page.xray.setAttribute("aria-pressed", String(on));
  page.frames.hidden = !on;
  xray.on = on;
  if (on) page.frames.scrollIntoView({ block: "nearest" }); // in a low window it is below
};
page.copy.onclick = async () => {
  await copy(String(xray));
  say(page.copy, "Copied");
  setTimeout(() => say(page.copy, "Copy all"), 2000);
};

here("#another").hidden = Boolean(inPage);
fold();
if (alone !== null) {
  document.title = `${alone || "A friend"} · The clubhouse`;
  page.talkies.className = "alone";
  page.add.hidden = page.tabs.hidden = true;
  add(alone, { room: params.get("room") ?? "" });
} else {
  await addFriend();
  if (isBuilder) await addFriend();
  document.addEventListener("state", addRadio);
  addRadio();
}
show();
club.look();

/**
 * A part of this page.
 *
 * @template {Element} [Kind=HTMLElement]
 * @param {string} selector
 * @param {new () => Kind} [kind]
 */
function here(selector, kind) {
  return part(document, selector, kind);
}

async function addFriend() {
  const taken = friends().map(({ name }) => name);
  return add(isBuilder ? await freeName(taken, inPage?.me) : "");
}

/** The first friend who has a name gets a radio too. */
function addRadio() {
  const first = friends().find(({ name }) => name);
  if (!first) return;
  document.removeEventListener("state", addRadio);
  add(first.name, { news: true });
}

function talkies() {
  return [...page.talkies.children].filter((each) => each instanceof WalkieTalkie);
}

function friends() {
  return talkies().filter(({ news }) => !news);
}

/** @param {string} name */
function add(name, { news = false, room = "" } = {}) {
  const talkie = new WalkieTalkie();
  talkie.setAttribute("name", name);
  talkie.toggleAttribute("news", news);
  if (canBeName(room)) talkie.setAttribute("room", room);
  if (!news && alone === null) talkie.append(...(inPage ? [] : [ownWindow(talkie)]), remove(talkie));
  const radio = talkies().find(({ news }) => news);
  page.talkies.insertBefore(talkie, radio ?? null);
  talkie.id = `talkie-${++added}`;
  const tab = tabTo(talkie);
  tabs.set(talkie, tab);
  page.tabs.insertBefore(tab, (radio && tabs.get(radio)) ?? null);
  chosen ??= talkie;
  club.add(talkie);
  show();
  return talkie;
}

/** @param {WalkieTalkie} talkie */
function tabTo(talkie) {
  const tab = element("button", { type: "button", id: `tab-${added}`, onclick: () => choose(talkie) });
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", talkie.id);
  return tab;
}

/** @param {WalkieTalkie} talkie */
function choose(talkie) {
  chosen = talkie;
  arrange();
}

/** A window shows as many devices as there is room for, and among them the chosen one. Then there are tabs for all. */
function arrange() {
  const all = talkies().filter(({ news, state }) => !(low.matches && news && state === "shut"));
  const room = narrow.matches ? 1 : low.matches ? Math.max(1, Math.floor(innerWidth / ROOM)) : all.length;
  const areTabs = all.length > room && alone === null;
  const shown = all.slice(0, room);
  if (chosen && !shown.includes(chosen)) shown.splice(-1, 1, chosen);
  page.tabs.hidden = !areTabs;
  for (const [talkie, tab] of tabs) {
    tab.hidden = !all.includes(talkie);
    const isChosen = talkie === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    say(tab, talkie.news ? `${talkie.name}'s news` : talkie.name || "New friend");
    tab.className = `color-${look(talkie.name).color}`;
    talkie.hidden = areTabs && !shown.includes(talkie);
    if (areTabs) talkie.setAttribute("role", "tabpanel");
    else talkie.removeAttribute("role");
    if (areTabs) talkie.setAttribute("aria-labelledby", tab.id);
    else talkie.removeAttribute("aria-labelledby");
  }
  air.draw();
}

function fold() {
  page.board.open = !small.matches;
}

/** @param {WalkieTalkie} talkie */
function ownWindow(talkie) {
  const link = element("a", { target: "_blank" }, "Own window");
  link.addEventListener("click", () => {
    link.href = `?${new URLSearchParams({ friend: talkie.name, room: talkie.room })}`;
    setTimeout(() => takeAway(talkie));
  });
  link.href = "?friend";
  return link;
}

/** @param {WalkieTalkie} talkie */
function remove(talkie) {
  return element("button", { type: "button", onclick: () => takeAway(talkie) }, "Remove");
}

/** @param {WalkieTalkie} talkie */
function takeAway(talkie) {
  club.remove(talkie);
  tabs.get(talkie)?.remove();
  tabs.delete(talkie);
  if (chosen === talkie) chosen = talkies()[0];
  show();
  page.add.focus();
}

/** @param {typeof DOORS[number]} door */
function door({ id, name }) {
  const item = element("li", { id: `door-${id}` });
  item.innerHTML = `
    <svg viewBox="0 0 36 48" aria-hidden="true">
      <path class="frame" d="M4 47V3q0-2 2-2h24q2 0 2 2v44z"/>
      <g class="leaf"><path class="leaf" d="M4 47V3q0-2 2-2h24q2 0 2 2v44z"/><circle class="knob" cx="26" cy="26" r="2"/></g>
    </svg><b>${name}</b><small><em></em><span></span></small>`;
  return item;
}

function show() {
  const { awake, lit, open, shut, fresh, rooms } = club;
  const isNew = DOORS.filter(({ id }) => fresh.has(id)).map(({ name }) => name);
  const isDark = Boolean(awake && !lit);
  document.body.dataset.awake = String(awake ?? "calling");
  document.body.classList.toggle("dark", isDark);
  if (awake === null) say(page.status, "Calling the club…");
  else
    say(
      page.status,
      awake
        ? `The club is awake${isDark ? ", but its house is dark" : ""}`
        : "The club is asleep. Is the server running? We will keep calling.",
    );
  const reached = DOORS.findLast(({ id }) => open.has(id)) ?? { step: 1, title: "the light is on" };
  // Steps after the last door cannot be seen from here.
  const all = DOORS.every(({ id }) => open.has(id));
  const title = all ? "All doors are open" : `Step ${reached.step} · ${reached.title}`;
  say(page.step, awake === null ? "Welcome to" : isDark ? "Step 1 · turn on the light" : title);

  for (const { id, name, step } of DOORS) {
    const item = here(`#door-${id}`);
    item.className = open.has(id) ? (fresh.has(id) ? "open new" : "open") : "";
    say(part(item, "em"), fresh.has(id) ? "new! " : "");
    const slip = reached.step > step ? ". Built it already? Read the last line in the terminal." : "";
    const closed = shut.has(id) ? `not built yet: step ${step}${slip}` : "nobody has tried it yet";
    say(part(item, "small span"), open.has(id) ? inside(id, rooms ?? {}) : closed);
    if (id === "docs") opens(part(item, "b"), name, open.has(id));
  }
  say(
    page.summary,
    `${isNew.length ? "New! " : ""}${DOORS.filter(({ id }) => open.has(id)).length} of ${DOORS.length} doors open`,
  );
  page.board.className = isNew.length ? "new" : "";
  showTree(rooms ?? {});
  say(page.news, isNew.length ? `New door: ${isNew.join(", ")}.` : "");

  for (const talkie of talkies()) {
    talkie.doors = open;
    talkie.words = words(talkie);
  }
  arrange();
  const count = friends().length;
  page.add.disabled = count >= FRIENDS;
  say(page.add, count >= FRIENDS ? "There is room for three friends" : "Add a friend");
}

/**
 * Each room is a door in the tree. It appears with its first friend, and is gone with the last.
 *
 * @param {Record<string, number>} rooms
 */
function showTree(rooms) {
  const doors = inTree(rooms).map(([room, count]) => ({
    words: `${room.slice(0, 20)} · ${count}`,
    isSecret: club.secret.has(room),
  }));
  if (club.moreRooms) doors.push({ words: `and ${club.moreRooms} more`, isSecret: false });
  const key = JSON.stringify(doors);
  if (page.rooms.dataset.doors === key) return;
  page.rooms.dataset.doors = key;
  page.rooms.hidden = !doors.length;
  page.rooms.replaceChildren(
    ...doors.map(({ words, isSecret }) => {
      const item = element("li", {}, words);
      if (isSecret) item.insertAdjacentHTML("afterbegin", '<i class="padlock" role="img" aria-label="secret"></i>');
      return item;
    }),
  );
}

/** @param {Record<string, number>} rooms */
function inTree(rooms) {
  return club.open.has("join")
    ? Object.entries(rooms).filter(([room]) => room !== "chat" && room !== "notifications")
    : [];
}

/**
 * What an open door says of itself.
 *
 * @param {string} id
 * @param {Record<string, number>} rooms
 */
function inside(id, rooms) {
  const tree = inTree(rooms).map(([room]) => room);
  const count = tree.length + club.moreRooms;
  if (id === "join" && count) return count === 1 ? "1 room" : `${count} rooms`;
  if (id !== "rooms") return "open";
  const words = Object.entries(rooms)
    .filter(([room]) => !tree.includes(room))
    .map(([room, count]) => `${count} in ${room === "notifications" ? "news" : room.slice(0, 20)}`);
  return words.join(" · ") || "open";
}

/**
 * The first words on a screen: what is going on, and what to do about it.
 *
 * @param {WalkieTalkie} talkie
 */
function words({ state, name, news, room, wanted }) {
  const door = news ? "news" : room ? "join" : "chat";
  if (!name) return "Who are you? Write a nickname at the top, then press Enter.";
  if (!wanted) return "This walkie-talkie is off. Press “Pick up” to come back.";
  if (club.awake === false) return "The club does not answer. The terminal may say why.";
  if (state === "connected")
    return news
      ? "News will come every five seconds. Only you will see it."
      : `Say hello! Everyone in ${room || "the chat"} will hear you.`;
  if (state === "taken")
    return `Somebody in ${room} is called ${name} already. Take another name, or wait: we will call again.`;
  if (state === "door") return `${room} is a secret room. Say the password, and come in.`;
  if (state === "refused") return "The club did not let this friend in. It says why below.";
  if (state === "shut" && club.open.has(door)) return "The club did not let this friend in. Try another name.";
  if (state === "silent") return "It rings, but nobody picks up. Does your program call websocket.accept()?";
  if (state === "lost") return "The line broke. We are calling again.";
  const closed = club.awake && club.shut.has(door) && DOORS.find(({ id }) => id === door);
  if (closed) {
    const { name, step } = closed;
    return `Nobody answers yet. ${name} comes in step ${step}. Built it already? Read the last line in the terminal.`;
  }
  return "Calling the club…";
}

/**
 * @param {Element} element
 * @param {string} words
 */
function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * The docs desk opens in another window, or in this one if no other has the program.
 *
 * @param {Element} place
 * @param {string} words
 * @param {boolean} isOpen
 */
function opens(place, words, isOpen) {
  if (!isOpen) return say(place, words);
  if (place.firstElementChild) return;
  const openDesk = () => {
    fold();
    desk?.open();
  };
  place.replaceChildren(
    desk ? element("button", { onclick: openDesk }, words) : element("a", { href: "docs/", target: "_blank" }, words),
  );
}
