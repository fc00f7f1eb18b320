// Hands what the frame's address says to the element: `?limit=5&filter=province%3D河北省`, and what
// no log should keep after a `#`: `#key=…`. Runs before the element is defined.

const TAKEN = ["filter", "limit", "facets", "placeholder", "label", "lang", "theme", "open-in", "analytics", "key"];

const results = document.querySelector("cesou-results");
const query = new URLSearchParams(location.search);
const fragment = new URLSearchParams(location.hash.slice(1));
for (const name of TAKEN) {
  const value = fragment.get(name) ?? query.get(name);
  if (value !== null) results?.setAttribute(name, value);
}
document.documentElement.lang = query.get("lang") ?? document.documentElement.lang;
document.documentElement.dataset["theme"] = query.get("theme") ?? "light";
