/** The filters beside the results: those that every shop has, then whatever this feed offers. */

import dynamicWidgets from "instantsearch.js/es/widgets/dynamic-widgets/dynamic-widgets";
import hierarchicalMenu from "instantsearch.js/es/widgets/hierarchical-menu/hierarchical-menu";
import panel from "instantsearch.js/es/widgets/panel/panel";
import toggleRefinement from "instantsearch.js/es/widgets/toggle-refinement/toggle-refinement";
import { bareName, furtherFacets, labelOf } from "./catalogue.js";
import { rangeField } from "./range.jsx";
import { ratingList } from "./ratings.jsx";
import { valueList } from "./values.jsx";

const LEVELS = 4;
const SEPARATOR = " > ";
const MOST_VALUES = 100; // a rating menu counts all of its values

/** The widgets of the filters. */
export function facets({ catalogue, part }) {
  const place = part("facets");
  const container = () => place.appendChild(document.createElement("div"));
  const { category, brand, price, colour, size, rating, stocked } = catalogue;
  return [
    category && categories(category, container()),
    stocked &&
      toggleRefinement({
        container: container(),
        attribute: "availability",
        on: "in_stock",
        templates: { labelText: () => "In stock only" },
      }),
    brand && values(brand, container(), { searchable: true }),
    price && range(price, container()),
    colour && values(colour, container(), { swatches: true }),
    size && values(size, container()),
    rating && ratings(rating, container()),
    further(catalogue, container()),
  ].filter(Boolean);
}

function categories(attribute, container) {
  const attributes = Array.from({ length: LEVELS }, (_, level) => `${attribute}.lvl${level}`);
  return framed("Category", hierarchicalMenu)({
    container,
    attributes,
    separator: SEPARATOR,
    sortBy: ["count:desc", "name:asc"],
    limit: 10,
    showMore: true,
    showMoreLimit: 50,
    templates: { showMoreText: ({ isShowingMore }) => (isShowingMore ? "Show fewer" : "Show more") },
  });
}

function ratings(attribute, container) {
  const nothing = ({ items = [] }) => !items.some(({ count }) => count);
  return framed("Rating", ratingList, nothing)({ container, attribute });
}

function values(attribute, container, options = {}) {
  const label = labelOf(attribute);
  return framed(label, valueList)({ container, attribute, label, ...options });
}

function range(attribute, container) {
  const label = labelOf(attribute);
  return framed(label, rangeField, ({ range: { min, max } = {} }) => !(min < max))({
    container,
    attribute,
    label,
  });
}

/** Panels for what the products at hand differ by. */
function further(catalogue, container) {
  let last = [];
  return dynamicWidgets({
    container,
    facets: ["*"],
    maxValuesPerFacet: MOST_VALUES,
    widgets: [],
    fallbackWidget: ({ container: own, attribute }) =>
      catalogue.kinds[bareName(attribute)] === "number" ? range(attribute, own) : values(attribute, own),
    transformItems(order, { results }) {
      if (!results.nbHits) return last; // an empty answer has no facets, which may be chosen
      const answered = results._rawResults[0].facets ?? {};
      const refined = results.getRefinements().map(({ attributeName }) => attributeName);
      const all = [...order, ...refined.filter((name) => !order.includes(name))];
      last = furtherFacets({ order: all, facets: answered, refined });
      return last;
    },
  });
}

function framed(label, widget, hidden = ({ items }) => items !== undefined && items.length === 0) {
  return panel({
    templates: {
      header: (_, { html }) => html`<h2>${label}</h2>`,
      collapseButtonText: ({ collapsed }, { html }) =>
        html`<span class="unseen">${collapsed ? "Show" : "Hide"} ${label}</span><span aria-hidden="true">${collapsed ? "+" : "−"}</span>`,
    },
    collapsed: () => false,
    hidden: (options) => Boolean(options.results) && hidden(options),
  })(widget);
}
