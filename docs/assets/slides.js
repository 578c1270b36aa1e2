// Slides: arrow keys go through them, N shows the notes, and two windows of one deck go together. Without this script, they
// are one long page. It is no module, so it runs from a folder, too.
{
  /** @param {string} id */
  const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const slides = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".slide"));
  const deck = new BroadcastChannel(location.pathname);
  let now = 0;

  /**
   * @param {number} at
   * @param {boolean} [isAsked] here, and not in the other window
   */
  function show(at, isAsked = true) {
    now = Math.min(Math.max(at, 0), slides.length - 1);
    slides.forEach((slide, each) => {
      slide.classList.toggle("now", each === now);
    });
    byId("at").textContent = `${now + 1} of ${slides.length}`;
    history.replaceState(null, "", `#${now + 1}`);
    if (isAsked) deck.postMessage(now);
  }

  function notes() {
    const isOn = document.body.classList.toggle("noted");
    byId("notes").setAttribute("aria-pressed", String(isOn));
  }

  /** @type {Record<string, () => void>} */
  const KEYS = {
    ArrowRight: () => show(now + 1),
    PageDown: () => show(now + 1),
    " ": () => show(now + 1),
    ArrowLeft: () => show(now - 1),
    PageUp: () => show(now - 1),
    Home: () => show(0),
    End: () => show(slides.length - 1),
    n: notes,
  };

  addEventListener("keydown", (event) => {
    const isPressed = event.target instanceof Element && event.target.closest("button, a, summary");
    if (event.ctrlKey || event.metaKey || event.altKey || (isPressed && event.key === " ")) return;
    const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
  deck.onmessage = ({ data }) => show(data, false);
  byId("back").onclick = KEYS.ArrowLeft;
  byId("next").onclick = KEYS.ArrowRight;
  byId("notes").onclick = notes;
  byId("print").onclick = () => print();
  document.body.classList.add("deck");
  show(Number(location.hash.slice(1)) - 1, false);
}
