// Pictures that move have a pause, and stand still for those who asked for that. Long lines of code go on further in.

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

function dress() {
  /** @type {NodeListOf<HTMLButtonElement>} */
  const pauses = document.querySelectorAll(".scene .pause");
  for (const button of pauses) {
    const svg = button.parentElement?.querySelector("svg");
    if (!svg) continue;
    if (still) {
      svg.pauseAnimations();
      continue;
    }
    button.hidden = false;
    button.onclick = () => {
      const paused = svg.animationsPaused();
      paused ? svg.unpauseAnimations() : svg.pauseAnimations();
      button.textContent = paused ? "Pause" : "Play";
    };
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
new MutationObserver(() => {
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((nav) => {
    nav.setAttribute("aria-label", `Code ${nav.parentElement?.id.match(/\d+/)?.[0] ?? ""}`);
    nav.firstElementChild?.setAttribute("aria-label", "Copy this code");
  });
}).observe(document.body, { childList: true, subtree: true });
