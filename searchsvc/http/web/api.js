/** The service's API, as this page uses it. */

const TIMEOUT_MS = 10_000;

/** A request that brought no usable answer; the message is for people. */
export class ServiceError extends Error {}

/** The address of a search; parameters that say nothing are left out. */
export function searchAddress(index, { query, explain, asTyped }, { offset = 0, limit }) {
  const address = resolve(`v1/indexes/${encodeURIComponent(index)}/search`);
  if (query) address.searchParams.set("query", query);
  if (offset) address.searchParams.set("offset", offset);
  address.searchParams.set("limit", limit);
  if (explain) address.searchParams.set("explain", "true");
  if (asTyped) address.searchParams.set("as_typed", "true");
  return address;
}

/** One page of an answer. */
export function search(index, wanted, page, signal) {
  return get(searchAddress(index, wanted, page), signal);
}

/** The indexes that are served. */
export async function listIndexes(signal) {
  return (await get(resolve("v1/indexes"), signal)).indexes;
}

// Relative to the page, so that the service also works below a path of a reverse proxy.
function resolve(path) {
  return new URL(path, document.baseURI);
}

async function get(address, signal) {
  let response;
  let body;
  try {
    response = await fetch(address, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    body = await response.json();
  } catch {
    throw new ServiceError(
      response && !response.ok
        ? `The search service answered with status ${response.status}.`
        : "The search service cannot be reached.",
    );
  }
  if (!response.ok) throw new ServiceError(`${body.title}: ${body.detail}`);
  return body;
}
