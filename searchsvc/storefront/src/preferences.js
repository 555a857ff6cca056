/** What is preferred for a shopper, in words. */

import { labelOf } from "./catalogue.js";

const NOT_APPLIED = {
  no_consent: "nobody agreed to it",
  switched_off: "it is switched off",
  nothing_known: "nothing is known yet that could change the order",
  profile_unavailable: "what is stored cannot be read at the moment",
};
const PLAIN = new Set(["brand", "product_type", "categories"]);
const KINDS = { taste: "Taste", session: "This visit", request: "Request", segment: "Segment" };

/** Why an answer is not personalized, or an empty text. */
export function notApplied({ reason } = {}) {
  return reason ? (NOT_APPLIED[reason] ?? reason) : "";
}

/** The preferences that an explanation names, those that do something. */
export function preferencesOf(explanation) {
  return (explanation?.preferences ?? []).filter(({ gain }) => gain);
}

/** The titles of the segments of an answer, by name. */
export function titlesOf(personalization) {
  return new Map((personalization?.segments ?? []).map(({ name, title }) => [name, title]));
}

/** Whose preference one is: the title of the segment, or where else it comes from. */
export function whose({ kind, segment }, titles) {
  return kind === "segment" ? (titles.get(segment) ?? segment) : (KINDS[kind] ?? kind);
}

/** 0.0512 as `+0.051`. */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

/**
 * Why hits are in their order, for whom they are shown to.
 *
 * @param {object} personalization of the answer.
 * @param {object[]} explanations of its hits.
 * @returns {string[]} sentences, what moves most first.
 */
export function reasonsFor(personalization, explanations) {
  const found = totals(explanations);
  const names = (wanted) => found.filter(wanted).map(({ name }) => name).slice(0, MOST_NAMES);
  const segments = (personalization.segments ?? []).map(({ name, title, why }) => {
    const up = names(({ segment, total }) => segment === name && total > 0).map(quoted);
    const down = names(({ segment, total }) => segment === name && total < 0).map(quoted);
    return `${membership(title, why)}${consequence(up, down)}`;
  });
  const tastes = (wanted) => names(({ kind, total }) => kind === "taste" && wanted(total)).map(tasteInWords).filter(Boolean);
  const liked = tastes((total) => total > 0);
  const disliked = tastes((total) => total < 0);
  const session = found.some(({ kind }) => kind === "session");
  const asked = names(({ kind, total }) => kind === "request" && total > 0);
  return [
    session && "Some products resemble what you have just looked at.",
    liked.length > 0 && `You often look at ${list(liked)}.`,
    disliked.length > 0 && `You seldom look at ${list(disliked)}.`,
    ...segments,
    asked.length > 0 && `The page asks for ${list(asked.map(quoted))} first.`,
  ].filter(Boolean);
}

const MOST_NAMES = 4;

/** `product_type: Footwear > Running Shoes` as `Running Shoes`; a value says little without its column. */
function tasteInWords(name) {
  const [, column, value] = name.match(/^(\S+?): (.+)$/) ?? [];
  if (!column) return ""; // the rest, which has no name
  if (PLAIN.has(column)) return value.split(" > ").at(-1);
  return `${labelOf(column)} ${value}`;
}

/** What each preference does to all hits together, the strongest first. */
function totals(explanations) {
  const found = new Map();
  for (const { kind, segment, name, gain } of explanations.flatMap(preferencesOf)) {
    const key = JSON.stringify([kind, segment, name]);
    const total = (found.get(key)?.total ?? 0) + gain;
    found.set(key, { kind, segment, name, total });
  }
  return [...found.values()].sort((one, other) => Math.abs(other.total) - Math.abs(one.total));
}

function membership(title, why) {
  const reason = {
    named: `You see the page as “${title}”`,
    rule: `You count as “${title}”, by this visit or by what you did here before`,
    listed: `The shop counts you among “${title}”`,
    learned: `You like what “${title}” like`,
  };
  return reason[why] ?? `You count as “${title}”`;
}

function consequence(up, down) {
  const parts = [up.length > 0 && `first comes ${list(up)}`, down.length > 0 && `later ${list(down)}`];
  const said = parts.filter(Boolean).join(", ");
  return said ? `: ${said}.` : "; that changes nothing on this page.";
}

function quoted(name) {
  return `“${name}”`;
}

function list(names) {
  return new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);
}
