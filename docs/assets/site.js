// Pictures that move have a pause, and stand still for those who asked for that. Long lines of code go on further in.

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

const ROUNDS = 3; // a picture that never rests takes a quarter of a processor

/**
 * A picture that moves does so three times, while it is in sight. Then it rests, until somebody asks for more.
 *
 * @param {HTMLButtonElement} button
 * @param {SVGSVGElement} svg
 */
function animate(button, svg) {
  const seconds = [...svg.querySelectorAll("[dur]")].map((each) => Number.parseFloat(each.getAttribute("dur") ?? ""));
  const end = ROUNDS * Math.max(...seconds);
  let [inSight, wanted] = [false, true];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const show = () => {
    clearTimeout(timer);
    const left = end - svg.getCurrentTime();
    const plays = wanted && inSight && left > 0;
    plays ? svg.unpauseAnimations() : svg.pauseAnimations();
    button.textContent = left <= 0 ? "Play again" : wanted ? "Pause" : "Play";
    if (plays) timer = setTimeout(show, left * 1000 + 20);
  };
  button.hidden = false;
  button.onclick = () => {
    const isOver = svg.getCurrentTime() >= end;
    if (isOver) svg.setCurrentTime(0);
    wanted = isOver || !wanted;
    show();
  };
  new IntersectionObserver(([{ isIntersecting }]) => {
    inSight = isIntersecting;
    show();
  }).observe(svg);
}

/** A line that goes on below itself has a sign, so that nobody types two. */
const wrapped = new ResizeObserver((changes) => {
  for (const { target } of changes) {
    /** @type {NodeListOf<HTMLElement>} */
    const lines = target.querySelectorAll('[id^="line-"]');
    // All are measured before any is changed, or the browser lays out the page once for each.
    const isLong = [...lines].map(
      (line) => line.offsetHeight > 1.5 * Number.parseFloat(getComputedStyle(line).lineHeight),
    );
    for (const [at, line] of lines.entries()) line.classList.toggle("wraps", isLong[at]);
  }
});

/**
 * The theme copies what such a button points at. Its own buttons make the browser lay out the page once for each.
 *
 * @param {Element} code
 * @param {number} number of it on the page
 */
function copyButton(code, number) {
  code.id = `code-${number}`;
  const place = Object.assign(document.createElement("div"), { className: "md-code__nav" });
  const button = Object.assign(document.createElement("button"), {
    className: "md-code__button",
    title: "Copy",
    ariaLabel: "Copy this code",
  });
  Object.assign(button.dataset, { mdType: "copy", clipboardTarget: `#${code.id}` });
  place.append(button);
  return place;
}

function dress() {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const pauses = document.querySelectorAll(".scene .pause");
  for (const button of pauses) {
    const svg = button.parentElement?.querySelector("svg");
    if (!svg) continue;
    if (still) svg.pauseAnimations();
    else animate(button, svg);
  }

  wrapped.disconnect();
  for (const [at, code] of document.querySelectorAll(".highlight code").entries()) {
    wrapped.observe(code);
    code.before(copyButton(code, at + 1));
  }
  /** @type {NodeListOf<HTMLElement>} */
  const lines = document.querySelectorAll('.highlight [id^="line-"]');
  for (const line of lines) {
    const indent = line.textContent.search(/[^ ]|$/);
    line.style.setProperty("--indent", `${indent}ch`);
    for (const text of line.querySelectorAll(".s1, .s2")) text.classList.toggle("short", text.textContent.length < 8);
  }
}

// The theme says when a page is there; without its script there is one page.
const { document$ } = /** @type {{ document$?: { subscribe: (listener: () => void) => void } }} */ (globalThis);
document$ ? document$.subscribe(dress) : dress();

// What the theme leaves without a name.
document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
