// Small helpers to make elements.

export function element(tag, properties = {}, ...inside) {
  const { data = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(tag), rest);
  Object.assign(made.dataset, data);
  made.append(...inside.filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

export const button = (textContent, onclick, className = "") =>
  element("button", { type: "button", textContent, onclick, className });

/** Words with `code` in them. */
export const inline = (text) =>
  text.split("`").map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));

export const paragraph = (text) => element("p", {}, ...inline(text));

/** A window in front of the page. Escape and its last button close it; so does `close`, which every act in it is given. */
export function dialog(title, fill) {
  const box = element("dialog", { className: "window" });
  box.setAttribute("aria-label", title);
  const close = () => box.close();
  box.append(
    element("h2", { textContent: title }),
    ...fill(close).filter(Boolean),
    element("p", { className: "buttons" }, button("Close", close)),
  );
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", ({ target }) => target === box && close()); // beside it
  document.body.append(box);
  box.showModal();
  return box;
}

/** Copying needs a secure page (https, or this very machine); elsewhere the old way still works. */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = element("textarea", { value: text });
  const last = document.activeElement;
  // Outside an open dialog nothing can be selected.
  (last?.closest("dialog") ?? document.body).append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
  last?.focus();
}
