// A small docs desk, for a clubhouse that is shown in a page of the site: there, no other window could reach the
// program. It lists what the program tells about itself in openapi.json, and sends what is typed in.

const element = (tag, words = "") => Object.assign(document.createElement(tag), { textContent: words });

export class DocsDesk {
  #dialog;
  #network;

  constructor(dialog, network) {
    this.#dialog = dialog;
    this.#network = network;
    dialog.addEventListener("keydown", ({ key }) => key === "Escape" && dialog.close());
  }

  async open() {
    const { paths } = await (await this.#network.get("openapi.json")).json();
    const title = Object.assign(element("h2", "Docs desk"), { id: "desk-title" });
    const close = element("button", "Close");
    close.onclick = () => this.#dialog.close();
    const routes = Object.entries(paths).filter(([, methods]) => methods.post);
    this.#dialog.replaceChildren(title, close, ...routes.map(([path, { post }]) => this.#route(path, post)));
    this.#dialog.show();
  }

  #route(path, { parameters = [] }) {
    const form = element("form");
    const title = element("h3", `POST ${path}`);
    const answer = element("pre");
    answer.setAttribute("role", "status");
    form.append(title, ...parameters.map(field), answer, element("button", "Execute"));
    form.onsubmit = async (event) => {
      event.preventDefault();
      answer.textContent = "Calling…";
      answer.textContent = await this.#execute(path, parameters, new FormData(form));
    };
    return form;
  }

  async #execute(path, parameters, values) {
    const query = new URLSearchParams();
    for (const { name, in: place } of parameters) {
      if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(values.get(name)));
      else query.set(name, values.get(name));
    }
    try {
      const answer = await this.#network.post(`${path.slice(1)}?${query}`);
      return `${answer.status} ${await answer.text()}`;
    } catch {
      return "No answer came back. The terminal may say why.";
    }
  }
}

function field({ name, in: place, required, schema = {} }) {
  const label = element("label", `${name} `);
  label.append(element("small", place));
  const box = Object.assign(element("input"), { name, required, value: schema.default ?? "", autocomplete: "off" });
  label.append(box);
  return label;
}
