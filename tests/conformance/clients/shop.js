// What both search pages show: the same attributes in places of the same names.

import { liteClient } from "algoliasearch/lite";
import { connect } from "./driver.js";

export const searchClient = connect(
  liteClient,
  new URLSearchParams(location.search).get("service"),
  5,
);

export const INDEX = "shop";

// What InstantSearch advises new pages to choose; a category keeps its count when one below it is
// chosen.
export const FUTURE = { preserveSharedStateOnUnmount: true, persistHierarchicalRootCount: true };

const levels = (name) => [0, 1, 2].map((level) => `${name}.lvl${level}`);

// The service's own name of the categories, and the one that Algolia's guides use.
export const CATEGORIES = levels("product_type");
export const USUAL_CATEGORIES = levels("categories");

export const ORDERS = [
  { value: INDEX, label: "Relevance" },
  { value: `${INDEX}_price_asc`, label: "Price, lowest first" },
  { value: `${INDEX}_price_desc`, label: "Price, highest first" },
  { value: `${INDEX}:popularity:desc`, label: "Popularity" },
];

export const PAGE_SIZES = [
  { value: 12, label: "12 a page", default: true },
  { value: 48, label: "48 a page" },
];

// Events come to the page; nothing is sent, and no script is loaded.
window.events = [];
export const INSIGHTS = {
  insightsClient: null,
  onEvent: ({ insightsMethod, payload }) => {
    window.events.push({ method: insightsMethod, ...payload });
  },
};

export const SNIPPETS = { attributesToSnippet: ["description:8"] };

// How a product tells a test what it is.
export const facts = (hit) => ({
  "data-id": hit.objectID,
  "data-price": hit.effective_price,
  "data-popularity": hit.popularity,
});
