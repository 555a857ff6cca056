/** How a hit got its place, and where the time of a search went. */

import { element } from "./dom.js";

/**
 * The explanation of a hit.
 *
 * @param {object} hit with `explain`.
 * @param {number} place among all results, from 1.
 * @param {object} scale
 * @param {number} scale.bestBm25 the BM25 score that fills the bar.
 * @param {boolean} scale.asked false for an empty query, which ranks nothing.
 */
export function createExplanation(hit, place, { bestBm25, asked }) {
  const { explain, score } = hit;
  const panel = element("dl", { className: "explanation" });
  panel.append(row("Place", `${place}`, asked ? `score ${score.toFixed(3)}` : "nothing asked"));
  if (!asked) return panel;
  panel.append(
    gauged(row("BM25", ...words(explain)), explain.lexical_score / bestBm25),
    gauged(row("Coverage", covered(explain)), explain.coverage),
    gauged(row("Similarity", ...meaning(explain)), explain.similarity),
    row("Feedback", gained(explain)),
  );
  if (explain.identified) {
    const badge = element("span", { className: "badge" }, "Identified by number");
    panel.append(row("Match", badge));
  }
  return panel;
}

/**
 * Show the time of each stage.
 *
 * @param {HTMLElement} panel with a `.bar` and a `.legend`.
 * @param {Record<string, number>} stages milliseconds by stage.
 * @param {number} tookMs all in all; what no stage accounts for is shown as the rest.
 */
export function showStages(panel, stages, tookMs) {
  const entries = Object.entries(stages);
  const accounted = entries.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
  entries.push(["rest", Math.max(tookMs - accounted, 0)]);
  const segments = entries.map(([, milliseconds]) => {
    const segment = element("span", { className: "segment" });
    segment.style.flexGrow = milliseconds;
    return segment;
  });
  panel.querySelector(".bar").replaceChildren(...segments);
  const terms = entries.map(([name, milliseconds]) =>
    element(
      "div",
      {},
      element("dt", {}, name),
      element("dd", {}, `${milliseconds.toFixed(2)} ms`),
    ),
  );
  panel.querySelector(".legend").replaceChildren(...terms);
}

function row(name, ...values) {
  const spaced = values.flatMap((value, position) => (position ? [" · ", value] : [value]));
  return element("div", {}, element("dt", {}, name), element("dd", {}, ...spaced));
}

function gauged(line, share) {
  const percent = 100 * Math.min(Math.max(share || 0, 0), 1);
  line.classList.add("gauged");
  line.style.setProperty("--share", `${percent}%`);
  return line;
}

function words({ lexical_rank: rank, lexical_score: score }) {
  if (score <= 0) return ["no match"];
  return [...ranked(rank), score.toFixed(2)];
}

function covered({ lexical_rank: rank, coverage }) {
  return rank === null ? "no word" : `${Math.round(100 * coverage)} % of the words`;
}

/** What resembling the best candidates was worth; none are compared without a vector. */
function gained({ fused_score: fused, feedback }) {
  if (fused === null) return "behind the ranking window";
  return feedback ? `${feedback > 0 ? "+" : "−"}${Math.abs(feedback).toFixed(3)}` : "none";
}

function meaning({ semantic_rank: rank, similarity }) {
  if (similarity === null) return ["not compared"];
  return [...ranked(rank), similarity.toFixed(3)];
}

function ranked(rank) {
  return rank === null ? [] : [`rank ${rank}`];
}
