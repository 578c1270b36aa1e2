// FastAPI's docs page, from this folder instead of the internet.
const night = matchMedia("(prefers-color-scheme: dark)");
const dress = () => document.documentElement.classList.toggle("dark-mode", night.matches);
night.addEventListener("change", dress);
dress();

SwaggerUIBundle({
  url: "../openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  defaultModelsExpandDepth: -1, // the shapes of error answers are of no use to a newcomer
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
