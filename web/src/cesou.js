// The widget: one module that defines <cesou-search> and <cesou-results>.

import { CesouResults } from "./results.js";
import { CesouSearch } from "./search.js";

for (const [name, element] of /** @type {const} */ ([
  ["cesou-search", CesouSearch],
  ["cesou-results", CesouResults],
])) {
  // A page may load it twice, from two paths.
  if (!customElements.get(name)) customElements.define(name, element);
}
