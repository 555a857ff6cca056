/** The service's own API, for what the stock search client does not know. */

import { keyHeaders } from "./key.js";

const TIMEOUT_MS = 10_000;

/** Products on a page. */
export const HITS = 24;

/** An answer that is none. */
export class Refused extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`The service answered with status ${status}.`);
    this.status = status;
  }

  /** Whether another key could help. */
  get wantsKey() {
    return this.status === 401 || this.status === 403;
  }
}

/** The indexes that are served. */
export async function listIndexes() {
  return (await ask("v1/indexes")).indexes;
}

/** The segments of an index that the page may be seen as: names and titles. */
export async function segmentNames(index) {
  return (await ask(`${path(index)}/segments/names`)).segments;
}

/** Completions of a query with categories, brands and products for them. */
export function suggest(index, text, signal) {
  const parameters = new URLSearchParams({ q: text, limit: 5, categories: 2, brands: 2, products: 3 });
  return ask(`${path(index)}/suggest?${parameters}`, { signal });
}

/** A product as the feed has it. */
export function product(index, id) {
  return ask(`${path(index)}/products/${encodeURIComponent(id)}`);
}

/** The products nearest in meaning to one. */
export async function similar(index, id) {
  const answer = await ask(`${path(index)}/products/${encodeURIComponent(id)}/similar?limit=6`);
  return answer.hits.map((hit) => hit.product);
}

/** What a query is taken for, and where its time goes. */
export function understand(index, query, asTyped) {
  const body = JSON.stringify({ query, as_typed: asTyped, limit: HITS, explain: true });
  const headers = { "Content-Type": "application/json" };
  return ask(`${path(index)}/search`, { method: "POST", headers, body });
}

function path(index) {
  return `v1/indexes/${encodeURIComponent(index)}`;
}

// Relative to the page, so that the service also works below a path of a reverse proxy.
async function ask(address, { headers = {}, ...options } = {}) {
  const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(options.signal ? [options.signal] : [])];
  const response = await fetch(new URL(address, document.baseURI), {
    ...options,
    headers: { ...keyHeaders(), ...headers },
    signal: AbortSignal.any(signals),
  });
  if (!response.ok) throw new Refused(response.status);
  return response.json();
}
