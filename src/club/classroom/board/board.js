// The teacher's board. One table in memory; the class sends rows that have changed, and the screen is painted once a frame.

import { causeOf, hasStar, needs, order, stuckOn, sums } from "./rows.js";

const SOON = 500; // ms between two calls
const LOOK = 10_000; // ms: minutes pass without a message
const MARK_AT_ONCE = 2; // programs; a laptop has few cores

const part = (id) => document.getElementById(id);
const element = (tag, properties = {}, ...inside) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside.filter(Boolean));
  return made;
};
const button = (textContent, onclick) => element("button", { type: "button", textContent, onclick });

// The secret is in no address bar, since a projector shows that, and in no cookie, since programs run in this browser.
const secret = location.hash.slice(1) || sessionStorage.getItem("secret") || "";
sessionStorage.setItem("secret", secret);
history.replaceState(null, "", location.pathname + location.search);

const rows = new Map();
const painted = new Map(); // what a row shows, as text, by nickname
let state = { paused: false, hushed: false, addresses: [], steps: [] };
let line = null;
let due = 0;
let causes = {};

const send = (message) => line?.readyState === WebSocket.OPEN && line.send(JSON.stringify(message));

// --- the line ---

function call() {
  line = new WebSocket(`ws://${location.host}/class/teacher`);
  line.onopen = () => line.send(secret);
  line.onmessage = ({ data }) => hear(JSON.parse(data));
  line.onclose = ({ code }) => {
    document.body.dataset.line = "away";
    if (code === 1008) {
      part("line").textContent = "This is not the board's address any more. The terminal shows the new one.";
      return;
    }
    part("line").textContent = "The class does not answer. Is it running? I keep calling.";
    setTimeout(call, SOON);
  };
}

function hear({ type, ...what }) {
  if (type === "class") {
    state = { ...state, ...what };
    rows.clear();
    for (const row of what.pupils) rows.set(row.nickname, row);
    document.body.dataset.line = "here";
    part("line").textContent = "";
  } else if (type === "pupil") rows.set(what.nickname, what);
  else if (type === "pause") state.paused = what.on;
  else if (type === "hush") state.hushed = what.on;
  else if (type === "end")
    part("line").textContent = "The class has ended. Collect what you need; Ctrl+C in the terminal closes it.";
  soon();
}

// --- the table ---

function soon() {
  if (!due) due = requestAnimationFrame(paint);
}

function paint() {
  due = 0;
  const now = Date.now() / 1000;
  const sorted = order([...rows.values()], now);
  const body = document.querySelector("tbody");
  for (const [at, row] of sorted.entries()) {
    const shown = JSON.stringify([row, needs(row, now)]);
    let tr = painted.get(row.nickname)?.tr;
    if (painted.get(row.nickname)?.shown !== shown) {
      const fresh = rowOf(row, now);
      const focused = tr?.contains(document.activeElement) && document.activeElement.dataset.act;
      tr?.replaceWith(fresh);
      if (focused) fresh.querySelector(`[data-act="${focused}"]`)?.focus();
      tr = fresh;
      painted.set(row.nickname, { shown, tr });
    }
    if (body.children[at] !== tr) body.insertBefore(tr, body.children[at] ?? null);
  }
  for (const [nickname, { tr }] of painted) {
    if (rows.has(nickname)) continue;
    tr.remove();
    painted.delete(nickname);
  }
  part("nobody").hidden = rows.size > 0;
  part("pause").setAttribute("aria-pressed", state.paused);
  part("pause").textContent = state.paused ? "Eyes down again" : "Eyes up";
  part("hush").setAttribute("aria-pressed", state.hushed);
  part("hush").textContent = state.hushed ? "Let them talk" : "Hush";
  const address = state.addresses.at(-1) ?? location.origin;
  part("address").textContent = address;
  const said = sums(sorted);
  if (part("sums").textContent !== said) part("sums").textContent = said;
  wall(sorted, address, said);
}

function rowOf(row, now) {
  const { nickname, here, step, stars, tries, since, open, marked, muted } = row;
  const need = needs(row, now);
  const tr = element("tr", { className: here ? need.kind : "away" });
  const cell = (...inside) => tr.append(element("td", {}, ...inside));
  tr.append(
    element("th", { scope: "row", textContent: nickname }, muted && element("small", { textContent: " · muted" })),
  );
  cell(element("b", { textContent: need.words }));
  cell(step ? String(step) : "");
  const count = marked ? marked.stars : stars.length;
  const checked = marked ? "marked by the board" : "as their page says";
  cell(
    element(
      "span",
      { className: marked ? "marked" : "told", title: checked },
      `★ ${count}`,
      element("small", { textContent: marked ? " marked" : "" }),
    ),
  );
  const cause = causeOf(row);
  const minutes = since ? Math.floor((now - since) / 60) : 0;
  const much = since && !marked ? ` ${minutes} min, ${tries} ×` : "";
  const press = cause && button(stuckOn(cause), () => showCause(cause, row));
  if (press) press.dataset.act = "cause";
  cell(press, much);
  cell(open ? "open" : "");
  cell(...acts(row));
  return tr;
}

function acts({ nickname, here, hand, knocks }) {
  const act = (name, words, message) => {
    const made = button(words, () => send({ to: nickname, ...message }));
    made.dataset.act = name;
    return made;
  };
  const more = button("More…", () => showActs(nickname));
  more.dataset.act = "more";
  more.ariaLabel = `More for ${nickname}`;
  return [
    knocks && act("let-in", "Let in", { type: "let-in" }),
    here && hand && act("lower", "Lower the hand", { type: "lower" }),
    more,
  ];
}

// --- windows ---

function show(id, title, ...inside) {
  const box = part(id);
  box.replaceChildren(
    element("h2", { id: `${id}-title`, textContent: title }),
    ...inside.filter(Boolean),
    element(
      "p",
      { className: "acts" },
      button("Close", () => box.close()),
    ),
  );
  if (!box.open) box.showModal();
}

/** What is wrong, the hints to give, and who else is there. */
function showCause(id, { nickname }) {
  const cause = causes[id];
  const others = [...rows.values()].filter((row) => row.nickname !== nickname && causeOf(row) === id);
  const plain = (text) => text.replaceAll(/`|\{\w+\}/g, (found) => (found === "`" ? "" : "…"));
  show(
    "cause",
    cause ? plain(cause.means) || stuckOn(id) : id,
    cause &&
      element("p", { textContent: `It comes up in step ${cause.step || "any"}. Hints to give, one after the other:` }),
    cause && element("ol", {}, ...cause.hints.map((hint) => element("li", { textContent: plain(hint) }))),
    element("p", {
      textContent: others.length
        ? `Here, too: ${others.map((row) => row.nickname).join(", ")}`
        : "Nobody else has this.",
    }),
  );
}

function showActs(nickname) {
  const row = rows.get(nickname);
  const act = (words, message) =>
    button(words, () => {
      send({ to: nickname, ...message });
      part("acts").close();
    });
  const words = `Say to ${nickname}`;
  const text = element("input", { ariaLabel: words, placeholder: `${words}…`, maxLength: 500, autocomplete: "off" });
  const say = element("form", {}, text, element("button", { textContent: "Say" }));
  say.onsubmit = (event) => {
    event.preventDefault();
    if (text.value.trim()) send({ type: "say", to: nickname, text: text.value.trim() });
    part("acts").close();
  };
  const which = stepsIn(element("select", { ariaLabel: "Step" }));
  which.value = String(row.step || 1);
  show(
    "acts",
    nickname,
    say,
    element(
      "p",
      { className: "acts" },
      "Our program of step ",
      which,
      button("Hand out", () => {
        send({ type: "hand-out", to: nickname, step: Number(which.value) });
        part("acts").close();
      }),
    ),
    element("p", { textContent: "It earns no stars, and the pupil can undo it." }),
    element(
      "p",
      { className: "acts" },
      act(row.muted ? "Let talk in friends' clubs" : "Mute in friends' clubs", { type: "mute", on: !row.muted }),
      act("Let in", { type: "let-in" }),
      act("Put out", { type: "out" }),
    ),
  );
}

const stepsIn = (select) => {
  select.replaceChildren(...state.steps.map(({ number, title }) => new Option(title, number)));
  return select;
};

// --- for everybody ---

part("pause").onclick = () => send({ type: "pause", on: !state.paused });
part("hush").onclick = () => send({ type: "hush", on: !state.hushed });
part("say").onsubmit = (event) => {
  event.preventDefault();
  const [box] = event.target;
  if (box.value.trim()) send({ type: "say", text: box.value.trim() });
  box.value = "";
};
part("go").onsubmit = (event) => {
  event.preventDefault();
  send({ type: "go", page: event.target[0].value });
};
part("let-in").onclick = () => {
  for (const { nickname, here } of rows.values()) if (!here) send({ type: "let-in", to: nickname });
  part("line").textContent = "For five minutes, whoever has a nickname from this list comes in.";
};
part("end").onclick = () => {
  show(
    "acts",
    "End the class?",
    element("p", { textContent: "All pages leave the class. Programs, stars and nicknames are kept." }),
    button("End it", () => {
      send({ type: "end" });
      part("acts").close();
    }),
  );
};

const ask = (name) => fetch(`/class/${name}`, { headers: { authorization: `Bearer ${secret}` } });

async function download(name) {
  const link = element("a", { href: URL.createObjectURL(await (await ask(name)).blob()), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
part("zip").onclick = () => download("collect.zip");
part("csv").onclick = () => download("class.csv");

// --- marking, in this browser: nothing of the pupils' runs on this computer itself ---

let marking = null;

part("mark").onclick = async () => {
  if (marking) return marking.abort();
  const say = (words) => {
    part("marking").textContent = words;
  };
  if (!("Suspending" in WebAssembly)) return say("This browser cannot check. Chrome, Edge and the newest Firefox can.");
  marking = new AbortController();
  const { signal } = marking;
  part("mark").textContent = "Stop marking";
  try {
    const programs = Object.entries(await (await ask("programs.json")).json());
    const { verdictOn } = await import("/assets/workbench/runtime.js");
    const { steps } = await (await fetch("/assets/workbench/steps.json")).json();
    const { runtime } = await (await fetch("/class/runtime.json")).json();
    const folder = new URL(`/assets/in-page/${runtime}/`, location);
    const last = steps.at(-1);
    const how = { goal: last.number, parcel: new URL(`/take-home/${last.name}.zip`, location).href };
    const names = steps.map(({ subject }) => subject);
    const left = [...programs];
    const work = async () => {
      while (left.length && !signal.aborted) {
        const [nickname, source] = left.shift();
        say(`Marking ${nickname}: ${programs.length - left.length} of ${programs.length}`);
        const verdict = await verdictOn(folder, { source, ...how, names }, () => {}, signal);
        if (verdict?.goal) send({ type: "mark", to: nickname, stars: verdict.stars, oops: verdict.oops });
      }
    };
    await Promise.all(Array.from({ length: MARK_AT_ONCE }, work));
    say(signal.aborted ? "Stopped." : `Marked: ${programs.length}.`);
  } catch {
    say("Marking did not work. Are the pages built?");
  }
  marking = null;
  part("mark").textContent = "Mark all";
};

// --- the projector: no names ---

const isWall = new URLSearchParams(location.search).has("projector");
part("board").hidden = isWall;
part("wall").hidden = !isWall;
part("projector").hidden = isWall;
document.body.classList.toggle("wall", isWall);
part("projector").onclick = () => open("/class/board?projector", "projector"); // it gets a copy of the secret

let drawn = "";

async function wall(sorted, address, said) {
  if (!isWall) return;
  part("wall").querySelector(".address").textContent = address;
  part("wall-sums").textContent = said.replace(/;.*/, "");
  if (drawn !== address) {
    drawn = address;
    part("code").innerHTML = await (await fetch(`/class/picture.svg?${encodeURIComponent(address)}`)).text();
  }
  const all = sorted.filter(({ here }) => here).length;
  part("bars").replaceChildren(
    ...state.steps.map(({ number, title }) => {
      const count = sorted.filter((row) => row.here && hasStar(row, number)).length;
      const bar = element("meter", {
        min: 0,
        max: Math.max(1, all),
        value: count,
        ariaLabel: `${title}: ${count} of ${all}`,
      });
      return element(
        "li",
        {},
        element("span", { textContent: title }),
        bar,
        element("b", { textContent: String(count) }),
      );
    }),
  );
}

// --- begin ---

const about = await (await fetch("/class/causes.json")).json();
causes = about.causes;
state.steps = about.steps;
part("go").firstElementChild.replaceChildren(
  ...state.steps.map(({ page, title }) => new Option(title, page)),
  new Option("The first page", "index.html"),
  new Option("A feature of your own", "toolbox/own.html"),
);
call();
setInterval(soon, LOOK);
