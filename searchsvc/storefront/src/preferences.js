/** What is preferred for a shopper, in words. */

const NOT_APPLIED = {
  no_consent: "nobody agreed to it",
  switched_off: "it is switched off",
  nothing_known: "nothing is known yet that could change the order",
  profile_unavailable: "what is stored cannot be read at the moment",
};

/** What ranks moved are counted from. */
export const COMPARED = "compared with the order of everybody";

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

/** What the page calls a preference: the service tells small ones, and which products somebody chose, as one. */
export function nameOf({ kind, name }) {
  return kind === "taste" && name === "other traits" ? "other things you chose before" : name;
}

/** 0.0512 as `+0.051`. */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

/**
 * Why hits are in their order, for whom they are shown to.
 *
 * @param {object} personalization of the answer, explained.
 * @param {object[]} explanations of its hits.
 * @returns {string[]} sentences.
 */
export function reasonsFor(personalization, explanations) {
  const found = totals(explanations);
  const names = (wanted) => found.filter(wanted).map(({ name }) => `“${name}”`).slice(0, MOST_NAMES);
  const segments = personalization.segments.map(({ name, title, why }) => {
    const up = names(({ segment, total }) => segment === name && total > 0);
    const down = names(({ segment, total }) => segment === name && total < 0);
    return `${membership(title, why)}${consequence(up, down)}`;
  });
  // Of segments the page can tell more: what each of them does to these very products.
  const others = (personalization.why ?? []).filter(({ kind }) => kind !== "segment").map(({ text }) => text);
  return [...others, ...segments];
}

const MOST_NAMES = 4;

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

function list(names) {
  return new Intl.ListFormat(document.documentElement.lang, { type: "conjunction" }).format(names);
}
