/** The parts of the page, and how they show an answer or the lack of one. */

import { createCard } from "./card.js";
import { byId, element } from "./dom.js";
import { createExplanation, showStages } from "./explain.js";
import { showCorrection, showUnderstanding } from "./understanding.js";

/** Every element of the page that something happens to, by id. */
export const page = Object.fromEntries(
  [
    "search", "box", "examples", "count", "took", "picker", "index", "explain", "shell", "curl",
    "command", "copy", "copied", "corrected", "understood", "stages", "notice", "messages", "retry",
    "results", "cards", "nothing", "more",
  ].map((id) => [id, byId(id)]),
);
page.asTyped = byId("as-typed");

let cards = new Map(); // those on the page by product, kept so that pictures do not flicker

/** Show that an answer is awaited, or no longer. */
export function showBusy(busy) {
  page.results.ariaBusy = String(busy);
}

/** Show what the service found. */
export function showAnswer(answer) {
  const { hits, total, took_ms: tookMs, stages_ms: stages, understood } = answer;
  const query = answer.query.trim();
  showCards(answer, query !== "");
  page.count.textContent = `${query ? "" : "All "}${number(total)} ${total === 1 ? "product" : "products"}`;
  page.took.textContent = `in ${tookMs.toFixed(1)} ms`;
  page.more.hidden = hits.length >= total;
  page.more.textContent = `Show more (${number(hits.length)} of ${number(total)})`;
  page.nothing.hidden = total > 0;
  if (total === 0) page.nothing.replaceChildren(...(query ? noMatch(query) : noProducts()));
  showCorrection(page.corrected, query, answer.corrected_query);
  page.asTyped.hidden = answer.corrected_query === null;
  page.understood.hidden = !understood || !query;
  if (understood) showUnderstanding(page.understood, understood);
  page.stages.hidden = !stages;
  if (stages) showStages(page.stages, stages, tookMs);
  for (const chip of page.examples.querySelectorAll("button")) {
    chip.ariaCurrent = String(chip.textContent === query);
  }
  document.title = query ? `${query} – searchsvc` : "searchsvc";
}

/** Show that the service has nothing to search. */
export function showNoIndex() {
  cards.clear();
  page.cards.replaceChildren();
  page.count.textContent = "No index yet";
  page.took.textContent = "";
  page.more.hidden = true;
  showCorrection(page.corrected, "", null);
  page.asTyped.hidden = true;
  page.understood.hidden = true;
  page.stages.hidden = true;
  page.nothing.hidden = false;
  page.nothing.replaceChildren(
    element("h3", {}, "There is nothing to search yet."),
    element("p", {}, "Build an index from a product feed, then try again:"),
    element("pre", {}, element("code", {}, "searchsvc reindex FEED --index demo")),
  );
}

/**
 * Show messages above the results; without any, the notice is gone.
 *
 * @param {[string, string?][]} messages each a sentence and its detail.
 * @param {object} [options]
 * @param {boolean} [options.retry] whether there is something to try again.
 * @param {boolean} [options.stale] whether the results below answer an earlier query.
 */
export function showNotice(messages, { retry = false, stale = false } = {}) {
  const paragraphs = messages.map(([sentence, detail = ""]) =>
    element("p", {}, element("strong", {}, sentence), " ", detail),
  );
  page.messages.replaceChildren(...paragraphs);
  page.retry.hidden = !retry;
  page.results.classList.toggle("stale", stale);
  if (stale) page.more.hidden = true;
}

/** Offer the choice between `indexes` where there is one. */
export function showIndexes(indexes) {
  const options = indexes.map(({ index, products }) =>
    element("option", { value: index }, `${index} (${number(products)})`),
  );
  page.index.replaceChildren(...options);
  page.picker.hidden = indexes.length < 2;
}

/** Offer `queries` to be tried. */
export function showExamples(queries, onChoice) {
  const chips = queries.map((query) => {
    const chip = element("button", { className: "chip", type: "button" }, query);
    chip.addEventListener("click", () => onChoice(query));
    return element("li", {}, chip);
  });
  page.examples.querySelector("ul").replaceChildren(...chips);
}

/** Take the keyboard's focus to a result, counted from 0. */
export function focusCard(position) {
  const card = page.cards.children[position];
  const link = card?.querySelector("a");
  if (card && !link) card.tabIndex = -1;
  (link ?? card)?.focus({ preventScroll: true });
}

function showCards({ hits, index, generation }, asked) {
  const bestBm25 = Math.max(...hits.map((hit) => hit.explain?.lexical_score ?? 0));
  const next = new Map();
  for (const [position, hit] of hits.entries()) {
    const key = `${index} ${generation} ${hit.id}`;
    const card = cards.get(key) ?? createCard(hit.product);
    card.querySelector(".explanation")?.remove();
    if (hit.explain) card.append(createExplanation(hit, position + 1, { bestBm25, asked }));
    next.set(key, card);
  }
  cards = next;
  page.cards.replaceChildren(...cards.values());
}

function noMatch(query) {
  return [
    element("h3", {}, `Nothing matches “${query}”.`),
    element("p", {}, "Check the spelling, leave out a word, or say it in other words."),
    element("button", { className: "primary", type: "button" }, "Show all products"),
  ];
}

function noProducts() {
  return [element("h3", {}, "This index has no products.")];
}

function number(value) {
  return value.toLocaleString(document.documentElement.lang);
}
