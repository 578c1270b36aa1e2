// What makes a page of the site alive: the workbench beside a step, the walkie-talkies of the home page, and the stars.
//
// A page is words first. Nothing heavy is fetched before somebody touches the program or a walkie-talkie.

import { Mine } from "./mine.js";
import { Runtime } from "./runtime.js";

const place = new URL("../../", import.meta.url); // of the site
const mine = new Mine(place.pathname);

let site; // what the pages share: the steps' programs, and where Python is
let bench;
let boxes;
let home;

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

async function theSite({ runtime }) {
  const folder = new URL(`assets/in-page/${runtime}/`, place);
  const programs = site ?? (await (await fetch(new URL("steps.json", import.meta.url))).json());
  site ??= { ...programs, place, folder, runtime: new Runtime(folder), version: runtime };
  return site;
}

async function arrive() {
  await open();
  here.dispatchEvent(new Event("arrive"));
}

async function open() {
  boxes?.leave();
  home?.leave();
  boxes = home = null;
  light();
  const step = document.querySelector("section.run[data-runtime]");
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
}

async function openBench(section) {
  const [, { Bench }, { Boxes }, { arrive }] = await Promise.all([
    theSite(section.dataset),
    import("./bench.js"),
    import("./boxes.js"),
    import("./keep.js"),
  ]);
  if (!section.isConnected) return; // the reader has gone on
  bench ??= new Bench(site, mine, here);
  bench.arrive(site.steps.find(({ name }) => name === section.dataset.step));
  bench.boxes = boxes = new Boxes(section.closest("article"), bench, mine, site);
  await arrive(bench, mine, site);
}

/** Who has been here before goes on where they were. */
function welcomeBack() {
  if (mine.untouched && !mine.stars.length) return;
  const rungs = [...document.querySelectorAll("[data-rung]")];
  const next = rungs.find(({ dataset }) => Number(dataset.rung) > Math.max(0, ...mine.stars)) ?? rungs.at(-1);
  const start = document.querySelector(".md-button--primary");
  start.textContent = `Go on with step ${next.dataset.rung}`;
  start.href = next.href;
}

/** The map shows the stars that the checker gave. */
function light() {
  for (const rung of document.querySelectorAll("[data-rung]")) {
    const step = Number(rung.dataset.rung);
    const earned = mine.stars.includes(step);
    const again = earned && mine.doubt && mine.doubt <= step;
    const star = rung.querySelector(".star");
    star.className = earned ? "star earned" : "star";
    star.ariaLabel = earned ? (again ? "star, but look again" : "star") : "no star yet";
    star.textContent = earned ? "★" : "☆";
    rung.classList.toggle("again", Boolean(again));
  }
}
mine.addEventListener("change", light);

// The theme goes on without a new page where the map of the site lists this very address. It can do so everywhere.
document.addEventListener("click", (event) => {
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
    !globalThis.location$ ||
    !url.href.startsWith(place.href) ||
    !url.pathname.endsWith(".html") ||
    url.pathname === location.pathname
  )
    return;
  event.preventDefault();
  history.pushState(null, "", url);
  location$.next(url);
});

// The theme says when a page is there; without its script there is one page.
globalThis.document$ ? document$.subscribe(arrive) : arrive();
