// A small docs desk, for a clubhouse that is shown in a page of the site: there, no other window could reach the
// program. It lists what the program tells about itself in openapi.json, and sends what is typed in.

import { element } from "./dom.js";

/** @typedef {{ name: string, in: string, required?: boolean, schema?: { default?: string } }} Parameter */

export class DocsDesk {
  #dialog;
  #get;
  #post;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {import("./club.js").Network & { post: (path: string) => Promise<Response> }} network
   */
  constructor(dialog, network) {
    this.#dialog = dialog;
    this.#get = network.get;
    this.#post = network.post;
    dialog.addEventListener("keydown", ({ key }) => key === "Escape" && dialog.close());
  }

  async open() {
    /** @type {{ paths: Record<string, { post?: { parameters?: Parameter[] } }> }} */
    const { paths } = await (await this.#get("openapi.json")).json();
    const routes = Object.entries(paths).flatMap(([path, { post }]) => (post ? this.#route(path, post) : []));
    this.#dialog.replaceChildren(
      element("h2", { id: "desk-title" }, "Docs desk"),
      element("button", { onclick: () => this.#dialog.close() }, "Close"),
      ...routes,
    );
    this.#dialog.show();
  }

  /**
   * @param {string} path
   * @param {{ parameters?: Parameter[] }} operation
   */
  #route(path, { parameters = [] }) {
    const answer = element("pre", { role: "status" });
    const title = element("h3", {}, `POST ${path}`);
    const form = element("form", {}, title, ...parameters.map(field), answer, element("button", {}, "Execute"));
    form.onsubmit = async (event) => {
      event.preventDefault();
      answer.textContent = "Calling…";
      answer.textContent = await this.#execute(path, parameters, new FormData(form));
    };
    return form;
  }

  /**
   * @param {string} path
   * @param {Parameter[]} parameters
   * @param {FormData} values
   */
  async #execute(path, parameters, values) {
    const query = new URLSearchParams();
    for (const { name, in: place } of parameters) {
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(String(values.get(name))));
      else query.set(name, String(values.get(name)));
    }
    try {
      const answer = await this.#post(`${path.slice(1)}?${query}`);
      return `${answer.status} ${await answer.text()}`;
    } catch {
      return "No answer came back. The terminal may say why.";
    }
  }
}

/** @param {Parameter} parameter */
function field({ name, in: place, required = false, schema = {} }) {
  const box = element("input", { name, required, value: schema.default ?? "", autocomplete: "off" });
  return element("label", {}, `${name} `, element("small", {}, place), box);
}
