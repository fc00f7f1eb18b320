// A search page as InstantSearch's documentation builds one, with every widget the service has to
// serve. `LINE` is put in by esbuild: which of the adapters it is made with.

import instantsearch from "instantsearch.js";
import {
  clearRefinements,
  configure,
  currentRefinements,
  hierarchicalMenu,
  hits,
  pagination,
  rangeInput,
  refinementList,
  searchBox,
  sortBy,
  stats,
} from "instantsearch.js/es/widgets";
import { instantMeiliSearch } from "ADAPTER";

const options = { finitePagination: true, primaryKey: "id" };
const made = instantMeiliSearch(globalThis.HOST, globalThis.KEY, options);
const search = instantsearch({
  indexName: "passages",
  // The older line returns the client itself.
  searchClient: made.searchClient ?? made,
});

search.addWidgets([
  configure({ hitsPerPage: 5, attributesToSnippet: ["body:20"] }),
  searchBox({ container: "#box" }),
  hits({
    container: "#hits",
    templates: {
      item: (hit, { html, components }) => html`
        <article data-id="${hit.id}" data-year="${JSON.stringify(hit.year)}" data-province="${hit.province}">
          <h3>${components.Highlight({ attribute: "heading", hit })}</h3>
          <p class="whole">${components.Highlight({ attribute: "body", hit })}</p>
          <p class="cut">${components.Snippet({ attribute: "body", hit })}</p>
        </article>
      `,
      empty: "没有",
    },
  }),
  refinementList({
    container: "#province",
    attribute: "province",
    operator: "or",
    limit: 40,
    searchable: true,
  }),
  refinementList({ container: "#theme", attribute: "theme", operator: "and", limit: 40 }),
  refinementList({ container: "#kind", attribute: "kind" }),
  hierarchicalMenu({
    container: "#region",
    attributes: ["region_lvl0", "region_lvl1", "region_lvl2"],
    limit: 40,
  }),
  rangeInput({ container: "#year", attribute: "year" }),
  sortBy({
    container: "#sort",
    items: [
      { label: "相关", value: "passages" },
      { label: "最新", value: "passages:year:desc" },
      { label: "最早", value: "passages:year:asc" },
    ],
  }),
  pagination({ container: "#pages" }),
  stats({
    container: "#stats",
    templates: { text: ({ nbHits }) => String(nbHits) },
  }),
  currentRefinements({ container: "#current" }),
  clearRefinements({ container: "#clear" }),
]);
search.on("error", (error) => {
  document.body.dataset["error"] = String(error.message ?? error);
});
search.start();
globalThis.search = search;
