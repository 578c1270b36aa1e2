// @ts-nocheck: not typed yet
// A visit to a friend's club: the clubhouse as it is, whose program runs in the friend's page.

import { ClassLine, join, whoAmI } from "./class-line.js";
import { element } from "./dom.js";

const host = decodeURIComponent(location.pathname.split("/")[2]);
const line = new ClassLine();
const status = element("span", { role: "status" });
const words = { "": "", hush: "Quiet, please: nobody hears you now.", over: "The class is over for you." };
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
line.addEventListener("hello", ({ detail }) => say(detail.hushed ? "hush" : ""));
line.addEventListener("hush", ({ detail }) => say(detail.on ? "hush" : ""));
for (const end of ["out", "end"]) line.addEventListener(end, () => say("over"));
line.addEventListener("lost", () => location.reload());

const { nickname } = (await whoAmI()) ?? (await join());
const params = new URLSearchParams(location.search);
// The class lets nobody call under another name.
if (params.get("friend") !== nickname) {
  params.set("friend", nickname);
  location.replace(`?${params}`);
} else line.call();
