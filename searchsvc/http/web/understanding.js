/** What the service took a query for: the words it searched for instead, and each step to them. */

import { element } from "./dom.js";

/**
 * Say that other words were searched for, or nothing.
 *
 * @param {HTMLElement} line a live region: left alone where it says so already, since it would be
 *   read out again.
 * @param {string} typed
 * @param {string | null} corrected
 */
export function showCorrection(line, typed, corrected) {
  const said = element("p");
  if (corrected !== null) {
    const [meant, was] = [element("strong", {}, corrected), element("q", {}, typed)];
    said.append("Showing results for ", meant, " — you typed ", was);
  }
  if (said.textContent !== line.textContent) line.replaceChildren(...said.childNodes);
}

/**
 * Show how a query was read.
 *
 * @param {HTMLElement} panel with a list.
 * @param {object} understood of an answer with explanations.
 */
export function showUnderstanding(panel, { steps, embedded }) {
  const lines = [...stepLines(steps), ...readingLines(embedded)];
  if (!lines.length) lines.push(element("li", {}, "Taken as it was typed."));
  panel.querySelector("ul").replaceChildren(...lines);
}

function stepLines(steps) {
  const discounted = steps.filter(({ kind }) => kind === "discounted");
  const lines = steps
    .filter(({ kind }) => kind !== "discounted")
    .map((step, position, shown) => stepLine(step, isFurtherGuess(step, shown[position - 1])));
  if (discounted.length) {
    const words = discounted.map(({ typed }) => typed).join(", ");
    const counts = discounted.length > 1 ? "count" : "counts";
    lines.push(line([element("b", {}, words)], `${counts} little beside the other words`));
  }
  return lines;
}

function stepLine({ kind, typed, meant, weight }, further) {
  const [sign, meaning, reason] = {
    corrected: further
      ? ["→", `or ${meant}`, `less likely, ${percent(weight)} of the weight`]
      : ["→", meant, `no product says “${typed}”`],
    expanded: ["→", `also ${meant}`, `more products say so, ${percent(weight)} of the weight`],
    split: ["→", meant, "a space was missing"],
    joined: ["=", meant, "also looked for as one word"],
    quantity: ["→", spaced(meant), "whatever the unit"],
    synonym: ["→", `also ${meant}`, "a synonym"],
    forbidden: ["≠", meant, "never taken for it"],
  }[kind] ?? ["→", meant, kind]; // a newer service may know more
  return line([element("b", {}, typed), ` ${sign} `, element("b", {}, meaning)], reason);
}

function isFurtherGuess(step, before) {
  return before?.kind === step.kind && before.typed === step.typed;
}

/** The other texts whose meaning was searched for; the first one is the query. */
function readingLines([, ...others]) {
  if (!others.length) return [];
  return [line(["By meaning also ", element("b", {}, others.join("; "))], "with the synonym in its place")];
}

function line(said, reason) {
  return element("li", {}, ...said, ": ", element("span", { className: "muted" }, reason));
}

/** `43.2cm` as people write it. */
function spaced(quantity) {
  return quantity.replace(/(?<=\d)(?=[a-z])/, " ");
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
