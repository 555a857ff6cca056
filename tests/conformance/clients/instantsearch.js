// A shop of InstantSearch widgets, each where it is told to be.

import instantsearch from "instantsearch.js";
import { connectGeoSearch } from "instantsearch.js/es/connectors";
import {
  breadcrumb,
  clearRefinements,
  configure,
  currentRefinements,
  dynamicWidgets,
  hierarchicalMenu,
  hits,
  hitsPerPage,
  index,
  infiniteHits,
  menu,
  menuSelect,
  numericMenu,
  pagination,
  rangeInput,
  rangeSlider,
  ratingMenu,
  refinementList,
  searchBox,
  sortBy,
  stats,
  toggleRefinement,
} from "instantsearch.js/es/widgets";
import {
  CATEGORIES,
  FUTURE,
  INDEX,
  INSIGHTS,
  ORDERS,
  PAGE_SIZES,
  SNIPPETS,
  USUAL_CATEGORIES,
  facts,
  searchClient,
} from "./shop.js";

const place = (id) => {
  const container = document.createElement("section");
  container.id = id;
  document.getElementById("root").append(container);
  return { container };
};

const item = (hit, { html, components }) => html`<article ...${facts(hit)}>
  <h3>${components.Highlight({ hit, attribute: "title" })}</h3>
  <p>${components.Snippet({ hit, attribute: "description" })}</p>
</article>`;
const templates = { item };

// A map without a map: what it would show, and a key that frames the south of Italy.
const map = connectGeoSearch(({ items, refine, widgetParams }, isFirstRender) => {
  const { container } = widgetParams;
  if (isFirstRender) {
    const frame = document.createElement("button");
    frame.onclick = () =>
      refine({ northEast: { lat: 41, lng: 16 }, southWest: { lat: 37, lng: 12 } });
    container.append(frame);
  }
  container.dataset.shown = items.map(({ objectID }) => objectID).join(" ");
});

const start = (widgets, options = {}) => {
  const search = instantsearch({ indexName: INDEX, searchClient, future: FUTURE, ...options });
  search.addWidgets(widgets);
  search.start();
  return search;
};

window.shop = start([
  configure(SNIPPETS),
  searchBox(place("search")),
  stats(place("stats")),
  sortBy({ ...place("order"), items: ORDERS }),
  hitsPerPage({ ...place("size"), items: PAGE_SIZES }),
  clearRefinements(place("clear")),
  currentRefinements(place("current")),
  breadcrumb({ ...place("trail"), attributes: CATEGORIES }),
  hierarchicalMenu({ ...place("category"), attributes: CATEGORIES, limit: 20 }),
  refinementList({ ...place("brand"), attribute: "brand", searchable: true, showMore: true }),
  menu({ ...place("gender"), attribute: "gender" }),
  menuSelect({ ...place("material"), attribute: "material", limit: 100 }),
  rangeInput({ ...place("price"), attribute: "price" }),
  rangeSlider({ ...place("popularity"), attribute: "popularity" }),
  numericMenu({
    ...place("reviews"),
    attribute: "review_count",
    items: [
      { label: "Any" },
      { label: "Up to 4", end: 4 },
      { label: "5 to 9", start: 5, end: 9 },
      { label: "10 and more", start: 10 },
    ],
  }),
  ratingMenu({ ...place("rating"), attribute: "rating" }),
  toggleRefinement({ ...place("sale"), attribute: "on_sale" }),
  toggleRefinement({ ...place("stock"), attribute: "availability", on: "in_stock" }),
  map(place("map")),
  hits({ ...place("hits"), templates }),
  pagination(place("pages")),
  index({ indexName: ORDERS[1].value }).addWidgets([
    configure({ hitsPerPage: 3 }),
    hits({ ...place("cheapest"), templates }),
  ]),
]);


window.dynamic = start([
  configure({ hitsPerPage: 7 }),
  stats(place("dynamic-stats")),
  dynamicWidgets({
    ...place("dynamic"),
    widgets: [
      (container) => hierarchicalMenu({ container, attributes: USUAL_CATEGORIES }),
      (container) => menu({ container, attribute: "brand" }),
    ],
    fallbackWidget: ({ attribute, container }) => {
      container.dataset.attribute = attribute;
      return refinementList({ container, attribute });
    },
  }),
  infiniteHits({ ...place("endless"), templates }),
], { insights: INSIGHTS });
