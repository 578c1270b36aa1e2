// What the workbench is made of, and how its parts lie: the bar above, the program, what there is to say, the club below.

import { element } from "./dom.js";

/** @typedef {ReturnType<typeof layout>} Layout */

/** @param {string} textContent */
const key = (textContent, className = "") => element("button", { type: "button", textContent, className });

/**
 * One of several buttons, of which one is pressed; `data-name` is what it stands for.
 *
 * @param {string} name
 */
const choice = (name) => element("button", { type: "button", textContent: name, data: { name: name.toLowerCase() } });

/**
 * @param {string} ariaLabel
 * @param {...Element} inside
 */
export const group = (ariaLabel, ...inside) =>
  element("div", { className: "group", role: "group", ariaLabel }, ...inside);

export function layout() {
  const part = {
    mine: key("Mine"),
    ours: key("Ours"),
    test: key("My test"),
    tryTest: key("Run my test"),
    run: key("Run", "start"),
    stop: key("Stop"),
    check: key("Check me"),
    help: key("Help me"),
    keep: key("Keep"),
    copy: key("Copy"),
    undo: key("Undo", "undo"),
    progress: element("progress", { hidden: true, ariaLabel: "Progress" }),
    notice: element("p", { className: "notice" }),
    plain: element("pre", { className: "plain", tabIndex: 0, role: "textbox", ariaMultiLine: "true" }),
    keys: element("p", {
      className: "keys",
      id: "keys",
      textContent:
        "Enter makes the spaces at the start of a line for you, and Tab makes more. To leave the editor, press Escape and then Tab. Ctrl+Enter runs the program.",
    }),
    verdict: element("div", { className: "verdict", hidden: true }),
    oops: element("div", { className: "oops", role: "alert", hidden: true }),
    status: element("p", { className: "status", role: "status" }),
    address: element("input", { placeholder: "rooms", autocomplete: "off", spellcheck: false, ariaLabel: "Address" }),
    terminalButton: key("Terminal"),
    sizes: ["Code", "Both", "Club"].map(choice),
    club: element(
      "div",
      { className: "club" },
      element("p", { className: "asleep" }, "Your club is asleep. Press Run to wake it."),
    ),
    terminal: element("pre", { className: "terminal", tabIndex: 0, hidden: true, role: "log", ariaLabel: "Terminal" }),
    views: ["Read", "Code", "Club"].map(choice), // on a phone
  };
  part.stop.disabled = true;
  const code = element("div", { className: "code" }, part.plain);
  const { run, stop, check, tryTest, help, keep, copy, undo } = part;
  const go = element("button", { textContent: "Go" });
  const way = element("form", { className: "way" }, element("label", {}, "Open /", part.address), go);
  const box = element(
    "aside",
    { id: "bench", hidden: true, ariaLabel: "Your program" },
    element(
      "div",
      { className: "bar" },
      group("Which program", part.mine, part.ours, part.test),
      ...[run, stop, check, tryTest, help, keep, copy, undo],
    ),
    part.progress,
    part.notice,
    code,
    part.keys,
    part.verdict,
    part.oops,
    element("div", { className: "strip" }, part.status, way, part.terminalButton, group("Size", ...part.sizes)),
    element("div", { className: "stage" }, part.club, part.terminal),
  );
  const tabs = element("nav", { id: "views", ariaLabel: "What to see", hidden: true }, ...part.views);
  return { ...part, code, way, box, tabs };
}

/**
 * Press that one of several, and none of the others.
 *
 * @param {HTMLElement[]} all
 * @param {string} name
 */
export function press(all, name) {
  for (const each of all) each.ariaPressed = String(each.dataset.name === name);
}
