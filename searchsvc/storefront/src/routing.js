/** The page's address: everything that is chosen, so that a link or a reload shows the same. */

import history from "instantsearch.js/es/lib/routers/history";

const WRITE_DELAY_MS = 300;
const PATH = " > ";

/**
 * The `routing` option of InstantSearch.
 *
 * @param {import("./catalogue.js").Catalogue} catalogue
 * @param {boolean} named whether the address names the index.
 */
export function createRouting(catalogue, named) {
  const { index } = catalogue;
  return {
    router: history({
      writeDelay: WRITE_DELAY_MS,
      cleanUrlOnDispose: false,
      createURL: ({ routeState, location }) => {
        const parameters = toParameters(routeState);
        if (named) parameters.set("index", index);
        const text = parameters.toString();
        return `${location.origin}${location.pathname}${text ? `?${text}` : ""}`;
      },
      parseURL: ({ location }) => fromParameters(new URLSearchParams(location.search)),
    }),
    stateMapping: {
      stateToRoute: (uiState) => toRoute(uiState[index] ?? {}, catalogue),
      routeToState: (route) => ({ [index]: fromRoute(route, catalogue) }),
    },
  };
}

function toRoute(state, { index, category, rating }) {
  return {
    q: state.query,
    page: state.page > 1 ? state.page : undefined,
    sort: state.sortBy === index ? undefined : state.sortBy?.slice(index.length + 1),
    category: state.hierarchicalMenu?.[`${category}.lvl0`]?.join(PATH),
    stock: state.toggle?.availability ? "1" : undefined,
    rating: state.ratingMenu?.[rating],
    exact: state.exact ? "1" : undefined,
    explain: state.explain ? "1" : undefined,
    shopper: state.shopper || undefined,
    product: state.product || undefined,
    values: state.refinementList ?? {},
    ranges: state.range ?? {},
  };
}

function fromRoute(route, { index, category, rating }) {
  const state = {
    query: route.q,
    page: Number(route.page) || undefined,
    sortBy: route.sort ? `${index}:${route.sort}` : undefined,
    exact: route.exact === "1",
    explain: route.explain === "1",
    shopper: route.shopper,
    product: route.product,
    refinementList: route.values,
    range: route.ranges,
  };
  if (category && route.category) {
    state.hierarchicalMenu = { [`${category}.lvl0`]: route.category.split(PATH) };
  }
  if (rating && Number(route.rating)) state.ratingMenu = { [rating]: Number(route.rating) };
  if (route.stock === "1") state.toggle = { availability: true };
  return state;
}

// A column's values are `is.brand=…`, its range `in.price=10:50`: no column can clash with a
// parameter of the page.
function toParameters({ values, ranges, ...single }) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(single)) {
    if (value !== undefined && value !== "") parameters.set(name, value);
  }
  for (const [column, chosen] of Object.entries(values)) {
    for (const value of chosen) parameters.append(`is.${column}`, value);
  }
  for (const [column, range] of Object.entries(ranges)) parameters.set(`in.${column}`, range);
  return parameters;
}

function fromParameters(parameters) {
  const [values, ranges] = [{}, {}];
  for (const name of new Set(parameters.keys())) {
    if (name.startsWith("is.")) values[name.slice(3)] = parameters.getAll(name);
    if (name.startsWith("in.")) ranges[name.slice(3)] = parameters.get(name);
  }
  const single = Object.fromEntries([...parameters].filter(([name]) => !/^(is|in)\./.test(name)));
  return { ...single, values, ranges };
}
