/** The command behind this page, and the token that it asks for. */

const TIMEOUT_MS = 30_000;
const STORED = "searchsvc-judging-token";

/** Something that could not be done; the message is for people. */
export class ServiceError extends Error {}

/** Keep the token of the address for reloads of this tab, and take it out of sight. */
export function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem(STORED, given);
    history.replaceState(null, "", location.pathname);
  }
}

/** Rater, index, and all queries with how far they are. */
export function readSession() {
  return ask("session");
}

/** The products of a query in this rater's order, each with this rater's rating or null. */
export function readPool(queryId) {
  return ask(`queries/${encodeURIComponent(queryId)}`);
}

/**
 * Write down what is said of a product; resolves when it is on the disk.
 *
 * @param {{label: number | null} | null} rating null takes back what was said.
 */
export async function writeRating(queryId, productId, rating) {
  const pair = { query_id: queryId, product_id: productId };
  if (rating) await ask("ratings", { ...pair, label: rating.label });
  else await ask("withdrawals", pair);
}

async function ask(path, body) {
  let response;
  let answer = null;
  try {
    response = await fetch(new URL(`api/${path}`, document.baseURI), {
      method: body ? "POST" : "GET",
      headers: {
        Authorization: `Bearer ${sessionStorage.getItem(STORED) ?? ""}`,
        ...(body && { "Content-Type": "application/json" }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status !== 204) answer = await response.json();
  } catch {
    throw new ServiceError(
      "The command does not answer. If it was stopped, start it again and open the address that it " +
        "prints; nothing that was rated is lost.",
    );
  }
  if (!response.ok) throw new ServiceError(`${answer.title}: ${answer.detail}.`);
  return answer;
}
