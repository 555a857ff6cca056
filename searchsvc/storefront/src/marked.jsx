/** Highlights as runs of text; nothing of them is ever put into the page as markup. */

import { unescape } from "instantsearch.js/es/lib/utils/escape-html";
import { TAG_REPLACEMENT } from "instantsearch.js/es/lib/utils/escape-highlight";

const { highlightPreTag: OPENING, highlightPostTag: CLOSING } = TAG_REPLACEMENT;

/**
 * The runs of one highlighted attribute of a hit.
 *
 * @returns {{text: string, marked: boolean}[]}
 */
export function highlightRuns(hit, attribute) {
  const value = hit._highlightResult?.[attribute]?.value;
  if (typeof value !== "string") return [{ text: String(hit[attribute] ?? ""), marked: false }];
  return runsBetween(value, OPENING, CLOSING).map(({ text, marked }) => ({
    text: unescape(text),
    marked,
  }));
}

/** The runs of safe HTML whose only element is `<mark>`. */
export function htmlRuns(html) {
  // A parsed document that is not shown loads nothing and runs nothing.
  const { body } = new DOMParser().parseFromString(html, "text/html");
  return [...body.childNodes].map((node) => ({
    text: node.textContent,
    marked: node.nodeType === Node.ELEMENT_NODE,
  }));
}

/** Runs as elements. */
export function Runs({ runs }) {
  return runs.map(({ text, marked }) => (marked ? <mark>{text}</mark> : text));
}

function runsBetween(text, opening, closing) {
  return text.split(opening).flatMap((part, place) => {
    if (place === 0) return part ? [{ text: part, marked: false }] : [];
    const [inside, ...after] = part.split(closing);
    const rest = after.join(closing);
    return [{ text: inside, marked: true }, ...(rest ? [{ text: rest, marked: false }] : [])];
  });
}
