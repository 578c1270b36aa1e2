// What makes a page of the site alive: the workbench beside a step, the walkie-talkies of the home page, and the stars.
//
// A page is words first. Nothing heavy is fetched before somebody touches the program or a walkie-talkie.

import { part } from "../clubhouse/dom.js";
import { Mine } from "./mine.js";
import { wordsOf } from "./report.js";
import { Runtime } from "./runtime.js";

const place = new URL("../../", import.meta.url); // of the site
const mine = new Mine(place.pathname);

/**
 * A step's program, as `steps.json` has it.
 *
 * @typedef {object} Step
 * @property {number} number
 * @property {string} name
 * @property {string} subject
 * @property {string} source
 * @property {number[]} new the lines that it adds
 */

/**
 * What the pages share.
 *
 * @typedef {object} Site
 * @property {Step[]} steps
 * @property {{ name: string, source: string }[]} ideas which add to a step
 * @property {string[]} said what the promises insist on, word for word
 * @property {string} starter what a learner's file has in it at first
 * @property {URL} place of the site
 * @property {URL} folder of Python
 * @property {Runtime} runtime
 * @property {string} version of Python's folder
 */

/**
 * What the theme tells: the pages that it opens, and addresses for it to open.
 *
 * @typedef {object} Theme
 * @property {{ subscribe: (listener: () => void) => void }} [document$]
 * @property {{ next: (url: URL) => void }} [location$]
 */
const theme = /** @type {Theme} */ (globalThis);

/** @type {Site | undefined} */
let site;
/** @type {import("./bench.js").Bench | undefined} */
let bench;
/** @type {import("./boxes.js").Boxes | undefined} */
let boxes;
/** @type {import("./home.js").Home | undefined} */
let home;
/** @type {import("./own-page.js").OwnPage | undefined} */
let ownPage;

/** What the class's part of a page builds on. It hears "arrive" when a page is open, and "verdict" from the checker. */
class Here extends EventTarget {
  mine = mine;
  place = place;
  nickname = ""; // in a class
  get site() {
    return site;
  }
  get bench() {
    return bench;
  }
}
export const here = new Here();

/**
 * @param {DOMStringMap} dataset of the section that says where Python is
 * @returns {Promise<Site>}
 */
async function theSite({ runtime = "" }) {
  const folder = new URL(`assets/in-page/${runtime}/`, place);
  const programs = site ?? (await (await fetch(new URL("steps.json", import.meta.url))).json());
  const known = site ?? { ...programs, place, folder, runtime: new Runtime(folder), version: runtime };
  site = known;
  return known;
}

async function arrive() {
  await open();
  here.dispatchEvent(new Event("arrive"));
}

async function open() {
  boxes?.leave();
  home?.leave();
  ownPage?.leave();
  boxes = home = ownPage = undefined;
  light();
  /** @type {HTMLElement | null} */
  const step = document.querySelector("section.run[data-runtime]");
  /** @type {HTMLElement | null} */
  const devices = document.querySelector("section.home[data-runtime]");
  document.documentElement.classList.toggle("bench", Boolean(step));
  if (step) await openBench(step);
  else bench?.arrive(null);
  if (devices) {
    welcomeBack();
    const { Home } = await import("./home.js");
    if (!devices.isConnected) return;
    home = new Home(
      devices,
      () => theSite(devices.dataset),
      () => bench?.gone(),
    );
  }
  /** @type {HTMLElement | null} */
  const paper = document.querySelector("section.certificate");
  if (paper) (await import("./certificate.js")).fill(paper, mine.stars, here.nickname);
  /** @type {HTMLElement | null} */
  const own = document.querySelector("section.own-page[data-runtime]");
  if (own) {
    const { OwnPage } = await import("./own-page.js");
    if (own.isConnected)
      ownPage = new OwnPage(
        own,
        () => theSite(own.dataset),
        mine,
        () => bench?.gone(),
      );
  }
}

/** @param {HTMLElement} section */
async function openBench(section) {
  const [site, { Bench }, { Boxes }, { arrive }] = await Promise.all([
    theSite(section.dataset),
    import("./bench.js"),
    import("./boxes.js"),
    import("./keep.js"),
  ]);
  if (!section.isConnected) return; // the reader has gone on
  bench ??= new Bench(site, mine, here);
  bench.arrive(site.steps.find(({ name }) => name === section.dataset.step) ?? null, section.dataset.about);
  boxes = new Boxes(section.closest("article") ?? document.body, bench, mine, site);
  bench.boxes = boxes;
  await arrive(bench, mine, site);
}

/** Those who have been here before go on where they stopped. */
function welcomeBack() {
  if (mine.untouched && !mine.stars.length) return;
  const rungs = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-rung]"));
  const next =
    [...rungs].find(({ dataset }) => Number(dataset.rung) > Math.max(0, ...mine.stars)) ?? rungs[rungs.length - 1];
  const start = part(document, ".md-button--primary", HTMLAnchorElement);
  start.textContent = `Go on with step ${next.dataset.rung}`;
  start.href = next.href;
}

/** The map shows the stars that the checker gave. */
function light() {
  const rungs = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("[data-rung]"));
  for (const rung of rungs) {
    const step = Number(rung.dataset.rung);
    const earned = mine.stars.includes(step);
    const again = earned && mine.doubt && mine.doubt <= step;
    const star = part(rung, ".star");
    star.className = earned ? "star earned" : "star";
    star.ariaLabel = earned ? (again ? "star, but look again" : "star") : "no star yet";
    star.textContent = earned ? "★" : "☆";
    rung.classList.toggle("again", Boolean(again));
  }
}
mine.addEventListener("change", light);

// A fault of our own leaves a trace that somebody can send to us.
const OURS = /\/assets\/(workbench|in-page)\//;
addEventListener("error", ({ error, message, filename }) => {
  if (OURS.test(filename)) bench?.fault(wordsOf(error ?? message));
});
addEventListener("unhandledrejection", ({ reason }) => {
  const what = wordsOf(reason);
  if (OURS.test(what)) bench?.fault(what);
});

// The theme goes on without a new page where the map of the site lists this very address. It can do so everywhere.
document.addEventListener("click", (event) => {
  /** @type {HTMLAnchorElement | false | null} */
  const link = event.target instanceof Element && event.target.closest("a[href]");
  if (
    !link ||
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    link.target ||
    link.download
  )
    return;
  const url = new URL(link.href);
  if (
    url.origin === "http://127.0.0.1:8000" &&
    url.origin !== location.origin &&
    document.querySelector("html.bench")
  ) {
    event.preventDefault();
    bench?.visit(url.pathname.slice(1) + url.search);
    return;
  }
  if (
    !theme.location$ ||
    !url.href.startsWith(place.href) ||
    !url.pathname.endsWith(".html") ||
    url.pathname === location.pathname
  )
    return;
  event.preventDefault();
  history.pushState(null, "", url);
  theme.location$.next(url);
});

// The theme says when a page is there; without its script there is one page.
theme.document$ ? theme.document$.subscribe(arrive) : arrive();
