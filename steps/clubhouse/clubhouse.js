import { Air } from "./air.js";
import { Club, DOORS } from "./club.js";
import { DocsDesk } from "./docs-desk.js";
import { canBeName, freeName, look } from "./friends.js";
import "./walkie-talkie.js";
import { XRay } from "./x-ray.js";

const FRIENDS = 3; // how many can talk in one window
const narrow = matchMedia("(max-width: 640px)"); // one device at a time
const small = matchMedia("(max-width: 640px), (max-height: 480px)"); // the doors are folded

const part = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);
const asked = params.get("friend");
const alone = asked === null || canBeName(asked) ? asked : "";
const inPage = frameElement?.network; // in a page of the site, the program runs in that page; no other window has it
// Whoever builds a club plays all friends. A machine that joins the club of another one is one friend.
const isBuilder = inPage || /^(localhost|127\.|\[::1\]$)/.test(location.hostname);
const club = new Club(inPage, alone || undefined);
const desk = inPage && new DocsDesk(part("desk"), inPage);
const air = new Air(part("air"), part("wires"), part("hub").lastElementChild);
const xray = new XRay(part("frames").querySelector("tbody"));
let chosen; // the device that a narrow window shows
let added = 0;

part("doors").append(...DOORS.map(door));
club.addEventListener("change", show);
document.addEventListener("state", () => air.draw());
document.addEventListener("frame", ({ target, detail }) => {
  xray.add(detail);
  air.spark(target, detail.sent);
});

part("add").onclick = async () => {
  part("add").disabled = true;
  const talkie = await addFriend();
  choose(talkie);
  talkie.focus();
};
part("tabs").onkeydown = (event) => {
  const all = talkies();
  const at = all.indexOf(chosen);
  const next = { ArrowRight: (at + 1) % all.length, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(all.at(next));
  chosen.tab.focus();
};
narrow.onchange = arrange;
small.onchange = fold;
part("xray").onclick = ({ currentTarget }) => {
  const on = currentTarget.getAttribute("aria-pressed") !== "true";
  currentTarget.setAttribute("aria-pressed", on);
  part("frames").hidden = !on;
  xray.on = on;
  if (on) part("frames").scrollIntoView({ block: "nearest" }); // in a low window it is below
};
part("copy").onclick = async ({ currentTarget }) => {
  await copy(String(xray));
  currentTarget.textContent = "Copied";
  setTimeout(() => (currentTarget.textContent = "Copy all"), 2000);
};

part("another").hidden = Boolean(inPage);
fold();
if (alone !== null) {
  document.title = `${alone || "A friend"} · The clubhouse`;
  part("talkies").className = "alone";
  part("add").hidden = part("tabs").hidden = true;
  add(alone, { room: params.get("room") ?? "" });
} else {
  await addFriend();
  if (isBuilder) await addFriend();
  document.addEventListener("state", addRadio);
  addRadio();
}
show();
club.look();

async function addFriend() {
  return add(
    isBuilder
      ? await freeName(
          friends().map(({ name }) => name),
          inPage?.me,
        )
      : "",
  );
}

/** The first friend who has a name gets a radio too. */
function addRadio() {
  const first = friends().find(({ name }) => name);
  if (!first) return;
  document.removeEventListener("state", addRadio);
  add(first.name, { news: true });
}

function talkies() {
  return [...part("talkies").children];
}

function friends() {
  return talkies().filter(({ news }) => !news);
}

function add(name, { news = false, room = "" } = {}) {
  const talkie = document.createElement("walkie-talkie");
  talkie.setAttribute("name", name);
  talkie.toggleAttribute("news", news);
  if (canBeName(room)) talkie.setAttribute("room", room);
  if (!news && alone === null) talkie.append(...(inPage ? [] : [ownWindow(talkie)]), remove(talkie));
  const radio = part("talkies").querySelector("[news]");
  part("talkies").insertBefore(talkie, radio);
  talkie.id = `talkie-${++added}`;
  talkie.tab = tabTo(talkie);
  part("tabs").insertBefore(talkie.tab, radio?.tab ?? null);
  chosen ??= talkie;
  club.add(talkie);
  show();
  return talkie;
}

function tabTo(talkie) {
  const tab = document.createElement("button");
  tab.type = "button";
  tab.id = `tab-${added}`;
  tab.setAttribute("role", "tab");
  tab.setAttribute("aria-controls", talkie.id);
  tab.onclick = () => choose(talkie);
  return tab;
}

function choose(talkie) {
  chosen = talkie;
  arrange();
}

/** A narrow window shows the chosen device and tabs for the others; a wide one shows them all. */
function arrange() {
  const tabs = narrow.matches && alone === null;
  part("tabs").hidden = !tabs;
  for (const talkie of talkies()) {
    const { tab } = talkie;
    const isChosen = talkie === chosen;
    tab.setAttribute("aria-selected", isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    say(tab, talkie.news ? `${talkie.name}'s news` : talkie.name || "New friend");
    tab.className = `color-${look(talkie.name).color}`;
    talkie.hidden = tabs && !isChosen;
    if (tabs) talkie.setAttribute("role", "tabpanel");
    else talkie.removeAttribute("role");
    if (tabs) talkie.setAttribute("aria-labelledby", tab.id);
    else talkie.removeAttribute("aria-labelledby");
  }
  air.draw();
}

function fold() {
  part("board").open = !small.matches;
}

function ownWindow(talkie) {
  const link = document.createElement("a");
  link.textContent = "Own window";
  link.target = "_blank";
  link.addEventListener("click", () => {
    link.href = `?${new URLSearchParams({ friend: talkie.name, room: talkie.room })}`;
    setTimeout(() => takeAway(talkie));
  });
  link.href = "?friend";
  return link;
}

function remove(talkie) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Remove";
  button.onclick = () => takeAway(talkie);
  return button;
}

function takeAway(talkie) {
  club.remove(talkie);
  talkie.tab.remove();
  if (chosen === talkie) chosen = talkies()[0];
  show();
  part("add").focus();
}

function door({ id, name }) {
  const item = document.createElement("li");
  item.id = `door-${id}`;
  item.innerHTML = `
    <svg viewBox="0 0 36 48" aria-hidden="true">
      <path class="frame" d="M4 47V3q0-2 2-2h24q2 0 2 2v44z"/>
      <g class="leaf"><path class="leaf" d="M4 47V3q0-2 2-2h24q2 0 2 2v44z"/><circle class="knob" cx="26" cy="26" r="2"/></g>
    </svg><b>${name}</b><small><em></em><span></span></small>`;
  return item;
}

function show() {
  const { awake, open, shut, fresh, rooms } = club;
  const isNew = DOORS.filter(({ id }) => fresh.has(id)).map(({ name }) => name);
  document.body.dataset.awake = awake ?? "calling";
  say(
    part("club").querySelector("span"),
    {
      true: "The club is awake",
      false: "The club is asleep. Is the server running? We will keep calling.",
      null: "Calling the club…",
    }[awake],
  );
  const reached = DOORS.findLast(({ id }) => open.has(id)) ?? { step: 1, title: "the light is on" };
  // Steps after the last door cannot be seen from here.
  const all = DOORS.every(({ id }) => open.has(id));
  const title = all ? "All doors are open" : `Step ${reached.step} · ${reached.title}`;
  say(part("step"), awake === null ? "Welcome to" : title);

  for (const { id, name, step } of DOORS) {
    const item = part(`door-${id}`);
    item.className = open.has(id) ? (fresh.has(id) ? "open new" : "open") : "";
    say(item.querySelector("em"), fresh.has(id) ? "new! " : "");
    const slip = reached.step > step ? ". Built it already? Read the last line in the terminal." : "";
    const closed = shut.has(id) ? `not built yet: step ${step}${slip}` : "nobody has tried it yet";
    say(item.querySelector("small span"), open.has(id) ? inside(id, rooms ?? {}) : closed);
    if (id === "docs") opens(item.querySelector("b"), name, open.has(id));
  }
  say(
    part("board").querySelector("summary"),
    `${isNew.length ? "New! " : ""}${DOORS.filter(({ id }) => open.has(id)).length} of ${DOORS.length} doors open`,
  );
  part("board").className = isNew.length ? "new" : "";
  showTree(rooms ?? {});
  say(part("news"), isNew.length ? `New door: ${isNew.join(", ")}.` : "");

  for (const talkie of talkies()) {
    talkie.doors = open;
    talkie.words = words(talkie);
  }
  arrange();
  const count = friends().length;
  part("add").disabled = count >= FRIENDS;
  say(part("add"), count >= FRIENDS ? "There is room for three friends" : "Add a friend");
}

/** Each room is a door in the tree. It appears with its first friend, and is gone with the last. */
function showTree(rooms) {
  const doors = inTree(rooms).map(([room, count]) => [`${room.slice(0, 20)} · ${count}`, club.secret.has(room)]);
  if (club.moreRooms) doors.push([`and ${club.moreRooms} more`]);
  const list = part("rooms");
  if (list.dataset.doors === doors.join("/")) return;
  list.dataset.doors = doors.join("/");
  list.hidden = !doors.length;
  list.replaceChildren(
    ...doors.map(([words, isSecret]) => {
      const item = Object.assign(document.createElement("li"), { textContent: words });
      if (isSecret) item.insertAdjacentHTML("afterbegin", '<i class="padlock" role="img" aria-label="secret"></i>');
      return item;
    }),
  );
}

function inTree(rooms) {
  return club.open.has("join")
    ? Object.entries(rooms).filter(([room]) => room !== "chat" && room !== "notifications")
    : [];
}

/** What an open door says of itself. */
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

/** The first words on a screen: what is going on, and what to do about it. */
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
  if (club.awake && club.shut.has(door)) {
    const { name, step } = DOORS.find(({ id }) => id === door);
    return `Nobody answers yet. ${name} comes in step ${step}. Built it already? Read the last line in the terminal.`;
  }
  return "Calling the club…";
}

function say(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** The docs desk opens in another window, or in this one if no other has the program. */
function opens(element, words, isOpen) {
  if (!isOpen) return say(element, words);
  if (element.firstElementChild) return;
  const way = document.createElement(desk ? "button" : "a");
  if (desk)
    way.onclick = () => {
      fold();
      desk.open();
    };
  else Object.assign(way, { href: "docs/", target: "_blank" });
  way.textContent = words;
  element.replaceChildren(way);
}

/** Copying needs a secure page (https, or this very machine); elsewhere the old way still works. */
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = document.createElement("textarea");
  box.value = text;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}
