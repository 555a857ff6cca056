/** What a search says of the shopper; without consent it is the request that everybody sends. */

const PHONE = "(max-width: 599px)";

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
    return { ...request, params: { ...aboutShopper(visitor, shopper(), () => viewedFor(params)), ...params } };
  }

  const search = (requests, options) => {
    const known = visitor.agreed || shopper()?.segment;
    return client.search(known ? requests.map(personal) : requests, options);
  };
  return { ...client, search };
}

/** The parameters of one search. */
function aboutShopper(visitor, shopper, viewed) {
  const named = shopper?.segment ? { ruleContexts: [shopper.segment] } : {};
  const common = { consent: true, enablePersonalization: true, ...named };
  if (!visitor.agreed) return common;
  const products = viewed();
  return {
    ...common,
    userToken: visitor.token,
    clickAnalytics: true, // for the number that a click names its search by
    context: surroundings(),
    ...(products.length ? { viewed: products } : {}),
  };
}

/** What a segment may ask of the visit; of the page before only its host. */
function surroundings() {
  const device = matchMedia(PHONE).matches ? "mobile" : "desktop";
  const before = URL.canParse(document.referrer) ? new URL(document.referrer).host : "";
  return before && before !== location.host ? { device, referrer: before } : { device };
}
