/** What a search says of the shopper; without consent it is the request that everybody sends. */

import { isNarrow } from "./screen.js";

/**
 * The search client, which adds to each request for hits what the shopper agreed to.
 *
 * @param {object} client
 * @param {import("./visitor.js").Visitor} visitor
 * @param {() => {segment?: string} | undefined} shopper gives the one that is chosen.
 */
export function personalClient(client, visitor, shopper) {
  let shown = { question: "", viewed: [] };

  /** The products viewed so far; but what is on the page keeps its order until something is asked. */
  function viewedFor({ query, facetFilters, numericFilters }) {
    const asked = JSON.stringify([query, facetFilters, numericFilters, visitor.token]);
    if (asked !== shown.question) shown = { question: asked, viewed: visitor.viewed };
    return shown.viewed;
  }

  function personal({ params, ...request }) {
    // What only counts needs to know nobody.
    if (params?.hitsPerPage === 0) return { params, ...request };
    const tried = shopper();
    const about = tried ? asSomebody(tried) : aboutVisitor(visitor, () => viewedFor(params));
    return { ...request, params: { ...about, ...params } };
  }

  const search = (requests, options) => {
    const known = visitor.agreed || shopper()?.segment;
    return client.search(known ? requests.map(personal) : requests, options);
  };
  return { ...client, search };
}

/** Whoever tries out how others see the page gives no number: the search would be stored as their own. */
function asSomebody({ segment }) {
  return segment ? { consent: true, ruleContexts: [segment] } : {};
}

/** What the shopper of this browser, who agreed, says of themselves. */
function aboutVisitor(visitor, viewed) {
  const products = viewed();
  return {
    consent: true,
    enablePersonalization: true,
    userToken: visitor.token,
    clickAnalytics: true, // for the number that a click names its search by
    context: surroundings(),
    ...(products.length ? { viewed: products } : {}),
  };
}

/** What a segment may ask of the visit; of the page before only its host. */
function surroundings() {
  const device = isNarrow() ? "mobile" : "desktop";
  const before = URL.canParse(document.referrer) ? new URL(document.referrer).host : "";
  return before && before !== location.host ? { device, referrer: before } : { device };
}
