// A search box that offers products and brands while one types.

import { autocomplete, getAlgoliaFacets, getAlgoliaResults } from "@algolia/autocomplete-js";
import { INDEX, searchClient } from "./shop.js";

const brands = (query) => ({
  sourceId: "brands",
  getItems: () =>
    getAlgoliaFacets({
      searchClient,
      queries: [
        { indexName: INDEX, facet: "brand", params: { facetQuery: query, maxFacetHits: 4 } },
      ],
    }),
  getItemInputValue: ({ item }) => item.label,
  templates: {
    item: ({ item, components, html }) =>
      html`<span data-count=${item.count}>
        ${components.Highlight({ hit: item, attribute: "label" })}
      </span>`,
  },
});

const products = (query) => ({
  sourceId: "products",
  getItems: () => getAlgoliaResults({ searchClient, queries: [{ indexName: INDEX, params: { query } }] }),
  getItemInputValue: ({ item }) => item.title,
  onSelect: ({ item }) => {
    document.body.dataset.chosen = item.objectID;
  },
  templates: {
    item: ({ item, components, html }) =>
      html`<span data-id=${item.objectID}>
        ${components.Highlight({ hit: item, attribute: "title" })}
      </span>`,
  },
});

autocomplete({
  container: "#root",
  detachedMediaQuery: "none",
  openOnFocus: true,
  getSources: ({ query }) => [brands(query), products(query)],
});
