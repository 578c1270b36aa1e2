// A visit to a friend's club: the clubhouse as it is, whose program runs in the friend's page.

import { ClassLine, join, whoAmI } from "./class-line.js";
import { element } from "./dom.js";

const host = decodeURIComponent(location.pathname.split("/")[2]);
const line = new ClassLine();
const status = element("span", { role: "status" });
/** @type {Record<string, string>} */
const words = {
  "": "",
  hush: "Quiet, please: nobody hears you now.",
  out: "Your teacher has closed your line.",
  end: "The class has ended.",
};
/** @param {string} what */
const say = (what) => {
  status.textContent = words[what];
};

document.title = `${host}'s club`;
document.body.prepend(
  element(
    "header",
    { id: "visiting" },
    element("p", {}, "You visit ", element("b", { textContent: host }), ". ", status),
  ),
);
/** @param {Event} event */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;
line.addEventListener("hello", (event) => say(detail(event).hushed ? "hush" : ""));
line.addEventListener("hush", (event) => say(detail(event).on ? "hush" : ""));
for (const end of ["out", "end"]) line.addEventListener(end, () => say(end));
line.addEventListener("lost", () => location.reload());

const { nickname } = (await whoAmI()) ?? (await join());
const params = new URLSearchParams(location.search);
// The class lets nobody call under another name.
if (params.get("friend") !== nickname) {
  params.set("friend", nickname);
  location.replace(`?${params}`);
} else line.call();
