/** What the service says is wrong with a document, each complaint at its place. */

import { placeOf } from "./json-places.js";

const PART = String.raw`(?:segments|strength|timezone)(?:[.[][\w\].[-]*)?`;
const COMPLAINT = new RegExp(`^(${PART})(?:, character \\d+)?: `);
const BETWEEN = new RegExp(`; (?=${PART}(?:, character \\d+)?: )`);

/**
 * The complaints of `detail`.
 *
 * @param {string} detail of the service's answer.
 * @param {Map<string, {start: number, end: number}>} places of the document's parts.
 * @returns {{message: string, start?: number, end?: number}[]} without a place where it names none.
 */
export function complaintsOf(detail, places) {
  return detail.split(BETWEEN).map((message) => {
    const path = message.match(COMPLAINT)?.[1];
    if (path === undefined) return { message };
    return { message, ...placeOf(places, path.replace(/\.(\d+)(?=\.|\[|$)/g, "[$1]")) };
  });
}
