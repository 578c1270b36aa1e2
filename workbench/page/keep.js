// Keep: take the program home, bring one back, move it to another machine, go back to an earlier version, start over.

import { button, copy, dialog, element, paragraph } from "./dom.js";

/** @typedef {import("./bench.js").Bench} Bench */
/** @typedef {import("./mine.js").Mine} Mine */
/** @typedef {import("./page.js").Site} Site */

/** @type {(site: Site) => Promise<typeof import("../parcels.js")>} */
const parcels = ({ folder }) => import(new URL("parcels.js", folder).href);

/**
 * @param {Bench} bench
 * @param {Mine} mine
 * @param {Site} site
 */
export function keep(bench, mine, site) {
  dialog("Keep your program", (close) => {
    const file = element("input", { type: "file", accept: ".py,.zip", hidden: true });
    file.onchange = async () => {
      const picked = file.files?.[0];
      close();
      if (!picked) return;
      const { read } = await parcels(site);
      offer(await read(new Uint8Array(await picked.arrayBuffer())), picked.name, bench, mine);
    };
    return [
      paragraph(
        "It is kept in this browser, and only here. Take it home now and then: some browsers forget what nobody has looked at for a week.",
      ),
      paragraph("Whatever you press here, the program that you have now stays in the list below."),
      element(
        "p",
        { className: "buttons" },
        button("Take it home", () => takeHome(bench, mine, site)),
        button("Bring it back", () => file.click()),
        button("Move to another machine", () => {
          close();
          move(mine, site);
        }),
        button("Start over", () => {
          close();
          startOver(bench, mine);
        }),
      ),
      file,
      element("h3", { textContent: "Earlier versions" }),
      versions(mine, close),
    ];
  });
}

/**
 * @param {Bench} bench
 * @param {Mine} mine
 */
function startOver(bench, { first }) {
  const from = first.given ? `our program of step ${first.given}` : "the file that everybody starts with";
  dialog("Start over?", (close) => [
    paragraph(`This puts ${from} in place of yours. “Undo” brings yours back.`),
    element("pre", { tabIndex: 0, textContent: first.text }),
    element(
      "p",
      { className: "buttons" },
      button(
        "Start over",
        () => {
          close();
          bench.startOver();
        },
        "start",
      ),
    ),
  ]);
}

/**
 * @param {Mine} mine
 * @param {() => void} close
 */
function versions(mine, close) {
  const found = mine
    .earlier()
    .filter(({ text }, at, all) => text !== mine.text && all.findIndex((other) => other.text === text) === at);
  if (!found.length) return paragraph("There are none yet. Each version that stood for a second is kept here.");
  const rows = found.map(({ text, when }) => {
    const lines = text.trimEnd().split("\n");
    const day = new Date(when).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
    const changed =
      lines.find((line) => line.trim() && !mine.text.includes(line.trim())) ??
      lines.findLast((line) => line.trim().length > 3) ??
      "";
    const row = button("", () => {
      close();
      mine.replace(text, "back to an earlier version");
    });
    row.append(
      element("b", { textContent: day }),
      ` · ${lines.length} lines · `,
      element("code", { textContent: changed.trim().slice(0, 60) }),
      text === mine.ran ? " · it ran" : "",
    );
    return element("li", {}, row);
  });
  return element("ol", { className: "versions" }, ...rows);
}

/**
 * @param {Bench} bench
 * @param {Mine} mine
 * @param {Site} site
 */
async function takeHome(bench, mine, site) {
  const { zip } = await parcels(site);
  const project = new Uint8Array(await (await fetch(bench.parcel)).arrayBuffer());
  const link = element("a", { href: URL.createObjectURL(await zip(project, mine.text)), download: "my-club.zip" });
  link.click();
  URL.revokeObjectURL(link.href);
}

/**
 * Somebody brings a program. It is looked at first, and never taken or run unasked.
 *
 * @param {string | null} text
 * @param {string} from
 * @param {Bench} bench
 * @param {Mine} mine
 */
export function offer(text, from, bench, mine) {
  if (text === null) {
    dialog("That is no program", () => [
      paragraph(`What came from ${from} is damaged, or it is no program. Nothing has changed.`),
    ]);
  } else if (text === mine.text) {
    dialog("It is the same", () => [paragraph(`What came from ${from} is the program that you have here already.`)]);
  } else {
    dialog("Is this the program that you want?", (close) => [
      paragraph(`It comes from ${from}. If you take it, you can still go back to the one that you have now.`),
      paragraph("Run it only if you know who wrote it."),
      element("pre", { tabIndex: 0, textContent: text }),
      element(
        "p",
        { className: "buttons" },
        button(
          "Take it",
          () => {
            close();
            take(text, bench, mine);
          },
          "start",
        ),
      ),
    ]);
  }
}

/**
 * @param {string} text
 * @param {Bench} bench
 * @param {Mine} mine
 */
function take(text, bench, mine) {
  mine.replace(text, "brought a program", 0);
  bench.inMine(() => bench.say("This is your program now. “Check me” tells what it can do."));
}

/**
 * The program of ours that this one is most like: the address only has to say what is different.
 *
 * @param {string} text
 * @param {Site["steps"]} steps
 */
const nearest = (text, steps) =>
  steps.reduce((best, step) => (likeness(step.source, text) > likeness(best.source, text) ? step : best));

/**
 * @param {string} ours
 * @param {string} text
 */
function likeness(ours, text) {
  const lines = new Set(text.split("\n"));
  const those = ours.split("\n");
  return those.filter((line) => lines.has(line)).length - Math.max(0, those.length - lines.size);
}

/**
 * @param {Mine} mine
 * @param {Site} site
 */
async function move(mine, site) {
  const { toLink, picture } = await parcels(site);
  const step = nearest(mine.text, site.steps);
  const address = new URL(location.href.split("#")[0]);
  address.hash = `mine=${step.number}.${toLink(mine.text, step.source)}`;
  const image = picture(address.href);
  const drawn = element("div", { className: "qr", role: "img", ariaLabel: "The address as a picture" });
  drawn.innerHTML = image ?? "";
  const line = element("input", { readOnly: true, value: address.href, ariaLabel: "The address" });
  line.onfocus = () => line.select();
  dialog("Move to another machine", () => [
    paragraph("Open this address on the other machine. Your program is in it, and goes nowhere else."),
    element(
      "p",
      { className: "buttons" },
      button("Copy the address", () => copy(address.href)),
    ),
    line,
    image
      ? drawn
      : paragraph("It is too long for a picture that a phone can scan. The address works, and so does the zip."),
  ]);
}

/**
 * Has somebody come with a program in the address?
 *
 * @param {Bench} bench
 * @param {Mine} mine
 * @param {Site} site
 */
export async function arrive(bench, mine, site) {
  const found = /^#mine=(\d+)\.(.+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(history.state, "", location.href.split("#")[0]);
  const { fromLink } = await parcels(site);
  const step = site.steps.find(({ number }) => number === Number(found[1]));
  offer(step ? fromLink(found[2], step.source) : null, "the address", bench, mine);
}
