// The teacher's board. One table in memory; the class sends rows that have changed, and the screen is painted once a frame.

import { element, part } from "/assets/clubhouse/dom.js"; // it is there before the pages are built
import { causeOf, hasStar, needs, order, stuckOn, sums } from "./rows.js";

/** @typedef {import("./rows.js").Row} Row */
/** @typedef {{ number: number, title: string, page: string }} Step */
/** @typedef {{ means: string, step: number, hints: string[] }} Cause */

const SOON = 500; // ms between two calls
const LOOK = 10_000; // ms: minutes pass without a message
const MARK_AT_ONCE = 2; // programs; a laptop has few cores

/**
 * @template {HTMLElement} [Kind=HTMLElement]
 * @param {string} id
 * @param {new () => Kind} [kind]
 */
const byId = (id, kind) => part(document, `#${id}`, kind);
/**
 * @param {string} textContent
 * @param {() => void} onclick
 */
const button = (textContent, onclick) => element("button", { type: "button", textContent, onclick });

// The secret is in no address bar, since a projector shows that, and in no cookie, since programs run in this browser.
const secret = location.hash.slice(1) || sessionStorage.getItem("secret") || "";
sessionStorage.setItem("secret", secret);
history.replaceState(null, "", location.pathname + location.search);

/** @type {Map<string, Row>} */
const rows = new Map(); // by nickname
/** @type {Map<string, { shown: string, tr: HTMLElement }>} */
const painted = new Map(); // what a row shows, as text, by nickname
let state = { paused: false, hushed: false, addresses: /** @type {string[]} */ ([]) };
/** @type {WebSocket | undefined} */
let line;
let due = 0;

/** @type {{ causes: Record<string, Cause>, steps: Step[] }} */
const { causes, steps } = await (await fetch("/class/causes.json")).json();

/** @param {{ type: string, to?: string } & Record<string, unknown>} message */
const send = (message) => line?.readyState === WebSocket.OPEN && line.send(JSON.stringify(message));

// --- the line ---

function call() {
  const called = new WebSocket(`ws://${location.host}/class/teacher`);
  line = called;
  called.onopen = () => called.send(secret);
  called.onmessage = ({ data }) => hear(JSON.parse(data));
  called.onclose = ({ code }) => {
    document.body.dataset.line = "away";
    if (code === 1008) {
      byId("line").textContent = "This is not the board's address any more. The terminal shows the new one.";
      return;
    }
    byId("line").textContent = "The class does not answer. Is it running? I keep calling.";
    setTimeout(call, SOON);
  };
}

/** @param {{ type: string } & Record<string, any>} message */
function hear({ type, ...what }) {
  if (type === "class") {
    state = { ...state, ...what };
    rows.clear();
    for (const row of what.pupils) rows.set(row.nickname, row);
    document.body.dataset.line = "here";
    byId("line").textContent = "";
  } else if (type === "pupil") rows.set(what.nickname, /** @type {Row} */ (what));
  else if (type === "pause") state.paused = what.on;
  else if (type === "hush") state.hushed = what.on;
  else if (type === "end")
    byId("line").textContent = "The class has ended. Collect what you need; Ctrl+C in the terminal closes it.";
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
  const body = part(document, "tbody");
  for (const [at, row] of sorted.entries()) {
    const shown = JSON.stringify([row, needs(row, now)]);
    const before = painted.get(row.nickname);
    const tr = before?.shown === shown ? before.tr : rowOf(row, now);
    if (tr !== before?.tr) {
      const focused = document.activeElement;
      const act = focused instanceof HTMLElement && before?.tr.contains(focused) && focused.dataset.act;
      before?.tr.replaceWith(tr);
      const same = act && tr.querySelector(`[data-act="${act}"]`);
      if (same instanceof HTMLElement) same.focus();
      painted.set(row.nickname, { shown, tr });
    }
    if (body.children[at] !== tr) body.insertBefore(tr, body.children[at] ?? null);
  }
  for (const [nickname, { tr }] of painted) {
    if (rows.has(nickname)) continue;
    tr.remove();
    painted.delete(nickname);
  }
  byId("nobody").hidden = rows.size > 0;
  byId("pause").ariaPressed = String(state.paused);
  byId("pause").textContent = state.paused ? "Eyes down again" : "Eyes up";
  byId("hush").ariaPressed = String(state.hushed);
  byId("hush").textContent = state.hushed ? "Let them talk" : "Hush";
  const address = state.addresses.at(-1) ?? location.origin;
  byId("address").textContent = address;
  const said = sums(sorted);
  if (byId("sums").textContent !== said) byId("sums").textContent = said;
  wall(sorted, address, said);
}

/**
 * @param {Row} row
 * @param {number} now
 */
function rowOf(row, now) {
  const { nickname, step, stars, tries, since, open, marked, muted } = row;
  const need = needs(row, now);
  const tr = element("tr", { className: row.here ? need.kind : "away" });
  const cell = (/** @type {(Node | string)[]} */ ...inside) => tr.append(element("td", {}, ...inside));
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
  if (cause) {
    const press = button(stuckOn(cause), () => showCause(cause, row));
    press.dataset.act = "cause";
    cell(press, much);
  } else cell();
  cell(open ? "open" : "");
  cell(...acts(row));
  return tr;
}

/** @param {Row} row */
function acts({ nickname, here, hand, knocks }) {
  /**
   * @param {string} name
   * @param {string} words
   * @param {{ type: string }} message
   */
  const act = (name, words, message) => {
    const made = button(words, () => send({ to: nickname, ...message }));
    made.dataset.act = name;
    return made;
  };
  const more = button("More…", () => showActs(nickname));
  more.dataset.act = "more";
  more.ariaLabel = `More for ${nickname}`;
  return [
    ...(knocks ? [act("let-in", "Let in", { type: "let-in" })] : []),
    ...(here && hand ? [act("lower", "Lower the hand", { type: "lower" })] : []),
    more,
  ];
}

// --- windows ---

/**
 * @param {string} id
 * @param {string} title
 * @param {Node[]} inside
 */
function show(id, title, ...inside) {
  const box = byId(id, HTMLDialogElement);
  box.replaceChildren(
    element("h2", { id: `${id}-title`, textContent: title }),
    ...inside,
    element(
      "p",
      { className: "acts" },
      button("Close", () => box.close()),
    ),
  );
  if (!box.open) box.showModal();
}

/**
 * What is wrong, the hints to give, and who else is there.
 *
 * @param {string} id
 * @param {Row} row
 */
function showCause(id, { nickname }) {
  const cause = causes[id];
  const others = [...rows.values()].filter((row) => row.nickname !== nickname && causeOf(row) === id);
  const plain = (/** @type {string} */ text) => text.replaceAll(/`|\{\w+\}/g, (found) => (found === "`" ? "" : "…"));
  show(
    "cause",
    cause ? plain(cause.means) || stuckOn(id) : id,
    ...(cause
      ? [
          element("p", {
            textContent: `It comes up in step ${cause.step || "any"}. Hints to give, one after the other:`,
          }),
          element("ol", {}, ...cause.hints.map((hint) => element("li", { textContent: plain(hint) }))),
        ]
      : []),
    element("p", {
      textContent: others.length
        ? `Here, too: ${others.map((row) => row.nickname).join(", ")}`
        : "Nobody else has this.",
    }),
  );
}

/** @param {string} nickname */
function showActs(nickname) {
  const row = rows.get(nickname);
  if (!row) return;
  const close = () => byId("acts", HTMLDialogElement).close();
  /**
   * @param {string} words
   * @param {{ type: string, on?: boolean }} message
   */
  const act = (words, message) =>
    button(words, () => {
      send({ to: nickname, ...message });
      close();
    });
  const words = `Say to ${nickname}`;
  const text = element("input", { ariaLabel: words, placeholder: `${words}…`, maxLength: 500, autocomplete: "off" });
  const say = element("form", {}, text, element("button", { textContent: "Say" }));
  say.onsubmit = (event) => {
    event.preventDefault();
    if (text.value.trim()) send({ type: "say", to: nickname, text: text.value.trim() });
    close();
  };
  const options = steps.map(({ number, title }) => new Option(title, String(number)));
  const which = element("select", { ariaLabel: "Step" }, ...options);
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
        close();
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

// --- for everybody ---

byId("pause").onclick = () => send({ type: "pause", on: !state.paused });
byId("hush").onclick = () => send({ type: "hush", on: !state.hushed });
byId("say").onsubmit = (event) => {
  event.preventDefault();
  const box = part(byId("say"), "input", HTMLInputElement);
  if (box.value.trim()) send({ type: "say", text: box.value.trim() });
  box.value = "";
};
byId("go").onsubmit = (event) => {
  event.preventDefault();
  send({ type: "go", page: part(byId("go"), "select", HTMLSelectElement).value });
};
byId("let-in").onclick = () => {
  for (const row of rows.values()) if (!row.here) send({ type: "let-in", to: row.nickname });
  byId("line").textContent = "For five minutes, whoever has a nickname from this list comes in.";
};
byId("end").onclick = () => {
  show(
    "acts",
    "End the class?",
    element("p", { textContent: "All pages leave the class. Programs, stars and nicknames are kept." }),
    button("End it", () => {
      send({ type: "end" });
      byId("acts", HTMLDialogElement).close();
    }),
  );
};

const ask = (/** @type {string} */ name) => fetch(`/class/${name}`, { headers: { authorization: `Bearer ${secret}` } });

/** @param {string} name of a file */
async function download(name) {
  const link = element("a", { href: URL.createObjectURL(await (await ask(name)).blob()), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}
byId("zip").onclick = () => download("collect.zip");
byId("csv").onclick = () => download("class.csv");

// --- marking, in this browser: nothing of the pupils' runs on this computer itself ---

/** @type {AbortController | null} */
let marking = null;

byId("mark").onclick = async () => {
  if (marking) return marking.abort();
  const say = (/** @type {string} */ words) => {
    byId("marking").textContent = words;
  };
  if (!("Suspending" in WebAssembly)) return say("This browser cannot check. Chrome, Edge and the newest Firefox can.");
  marking = new AbortController();
  const { signal } = marking;
  byId("mark").textContent = "Stop marking";
  try {
    /** @type {Record<string, string>} */
    const kept = await (await ask("programs.json")).json();
    const programs = Object.entries(kept);
    const { verdictOn } = await import("/assets/workbench/runtime.js");
    /** @type {{ steps: { number: number, name: string, subject: string }[] }} */
    const { steps } = await (await fetch("/assets/workbench/steps.json")).json();
    const { runtime } = await (await fetch("/class/runtime.json")).json();
    const folder = new URL(`/assets/in-page/${runtime}/`, location.href);
    const last = steps.at(-1);
    const how = { goal: Number(last?.number), parcel: new URL(`/take-home/${last?.name}.zip`, location.href).href };
    const names = steps.map(({ subject }) => subject);
    const left = programs.entries();
    /** @type {string[]} */
    const unmarked = [];
    const work = async () => {
      for (const [at, [nickname, source]] of left) {
        if (signal.aborted) return;
        say(`Marking ${nickname}: ${at + 1} of ${programs.length}`);
        const verdict = await verdictOn(folder, { source, ...how, names }, () => {}, signal);
        if (verdict?.goal) send({ type: "mark", to: nickname, stars: verdict.stars, oops: verdict.oops });
        else unmarked.push(nickname);
      }
    };
    await Promise.all(Array.from({ length: MARK_AT_ONCE }, work));
    const rest = unmarked.length ? ` Not marked: ${unmarked.join(", ")}.` : "";
    say(signal.aborted ? "Stopped." : `Marked: ${programs.length - unmarked.length}.${rest}`);
  } catch {
    say("Marking did not work. Are the pages built?");
  }
  marking = null;
  byId("mark").textContent = "Mark all";
};

// --- the projector: no names ---

const isWall = new URLSearchParams(location.search).has("projector");
byId("board").hidden = isWall;
byId("wall").hidden = !isWall;
byId("projector").hidden = isWall;
document.body.classList.toggle("wall", isWall);
byId("projector").onclick = () => open("/class/board?projector", "projector", "popup"); // it gets a copy of the secret

let drawn = "";

/**
 * @param {Row[]} sorted
 * @param {string} address
 * @param {string} said
 */
async function wall(sorted, address, said) {
  if (!isWall) return;
  part(byId("wall"), ".address").textContent = address;
  byId("wall-sums").textContent = said.replace(/;.*/, "");
  if (drawn !== address) {
    drawn = address;
    byId("code").innerHTML = await (await fetch(`/class/picture.svg?${encodeURIComponent(address)}`)).text();
  }
  const all = sorted.filter((row) => row.here).length;
  byId("bars").replaceChildren(
    ...steps.map(({ number, title }) => {
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

part(byId("go"), "select").replaceChildren(
  ...steps.map(({ page, title }) => new Option(title, page)),
  new Option("The first page", "index.html"),
  new Option("A feature of your own", "toolbox/own.html"),
);
call();
setInterval(soon, LOOK);
