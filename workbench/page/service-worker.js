// After the first Run the whole site works with the network off, the club in the page too.
//
// `page.js` registers it with the name of the runtime: a new runtime brings a new worker, which keeps everything anew.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const { registration } = worker;
const runtime = new URL(location.href).searchParams.get("runtime");
const NAME = `site ${registration.scope} ${runtime}`;
const FOREVER = new URL(`assets/in-page/${runtime}/`, registration.scope).href; // its name changes with its content
const LINK =
  /(?:href|src)="([^"#?]+)|url\("?([^")]+)|(?:from |import ?\(?)"(\.[^"]+)|new URL\("([\w.-]+)"|"search": ?"([^"]+)/g;
const LINKING = /\.html$|\.css$|\/(clubhouse|workbench)\/[\w-]+\.js$/;

/** Follow every link from the first page, and forget whatever else was kept. */
async function keep() {
  const cache = await caches.open(NAME);
  const { sizes } = await (await fetch(`${FOREVER}manifest.json`)).json();
  const files = ["index.html", "assets/clubhouse/index.html", "sitemap.xml", "assets/workbench/steps.json"];
  files.push("search/search_index.json", "search/search_index.js");
  files.push(
    ...["manifest.json", "worker.js", "editor.js", "parcels.js", ...Object.keys(sizes)].map((file) => FOREVER + file),
  );
  const found = new Set(files.map((file) => new URL(file, registration.scope).href));
  for (const url of found) {
    const answer = await fetch(url);
    if (!answer.ok) continue;
    await cache.put(url, answer.clone());
    if (!LINKING.test(url)) continue;
    for (const [, ...links] of (await answer.text()).matchAll(LINK)) {
      const link = new URL(links.find(Boolean) ?? "", url).href;
      if (link.startsWith(registration.scope)) found.add(link);
    }
  }
  for (const request of await cache.keys()) if (!found.has(request.url)) await cache.delete(request);
  for (const name of await caches.keys()) {
    if (name.startsWith(`site ${registration.scope} `) && name !== NAME) await caches.delete(name);
  }
}

/** @param {FetchEvent} event */
async function answer(event) {
  const { request } = event;
  const cache = await caches.open(NAME);
  const kept = () => cache.match(request, { ignoreSearch: true });
  if (request.url.startsWith(FOREVER)) return (await kept()) ?? fetch(request);
  try {
    const fresh = await fetch(request);
    if (fresh.status === 200) event.waitUntil(cache.put(request, fresh.clone())); // a slow disk holds nobody up
    return fresh;
  } catch {
    return (await kept()) ?? Response.error();
  }
}

worker.addEventListener("install", (event) => {
  worker.skipWaiting();
  event.waitUntil(keep());
});
worker.addEventListener("message", (event) => event.waitUntil(keep())); // the learner starts over
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(registration.scope)) event.respondWith(answer(event));
});
