// Pictures that move have a pause, and stand still for those who asked for that. Steps can be ticked off.

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

function dress() {
  for (const button of document.querySelectorAll(".scene .pause")) {
    const svg = button.parentElement.querySelector("svg");
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

  for (const link of document.querySelectorAll(".ladder a")) {
    const step = new URL(link.href).pathname.split("/").pop();
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    try {
      box.checked = localStorage.getItem(`done ${step}`) !== null;
      box.onchange = () => (box.checked ? localStorage.setItem(`done ${step}`, "") : localStorage.removeItem(`done ${step}`));
    } catch {
      continue; // a browser that keeps nothing has nothing to tick
    }
    label.append(box, " done");
    link.after(label);
  }
}

// The theme says when a page is there; without its script there is one page.
globalThis.document$ ? document$.subscribe(dress) : dress();

// What the theme leaves without a name.
document.querySelector(".md-search[role=dialog]")?.setAttribute("aria-label", "Search");
new MutationObserver(() => {
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((nav) => {
    nav.setAttribute("aria-label", `Code ${nav.parentElement.id.match(/\d+/)?.[0] ?? ""}`);
    nav.firstElementChild?.setAttribute("aria-label", "Copy this code");
  });
}).observe(document.body, { childList: true, subtree: true });
