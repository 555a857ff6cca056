/** The judging page: one query at a time, one product after the other. */

import { byId, element } from "./dom.js";
import { createItem, showRating } from "./item.js";
import { KEYS, LABELS, nameOf, SKIP } from "./labels.js";
import { readPool, readSession, ServiceError, takeToken, writeRating } from "./service.js";

const WIDE = matchMedia("(min-width: 64rem)");
const FIELDS = "select, input, textarea";
const NUMBERS = new Intl.NumberFormat(document.documentElement.lang);

let queries = [];
let open = -1; // place of the open query
let items = []; // {product, rating, card} of the open query
let current = -1; // place of the product that a key rates
const said = []; // what can be undone: {place, productId, before}

// One thing after the other, however fast the keys come.
let last = Promise.resolve();
function then(step) {
  last = last.then(step).catch(report);
  return last;
}

function report(error) {
  const known = error instanceof ServiceError;
  tell(known ? error.message : `This page failed (${error.message}). Reload it; nothing is lost.`);
  if (!known) console.error(error);
}

/** A message that stays until something succeeds. */
function tell(message) {
  byId("notice").replaceChildren(...(message ? [element("p", {}, message)] : []));
}

// What is shown

async function show(place, productId = null) {
  if (place < 0 || place >= queries.length) return;
  const pool = await readPool(queries[place].id);
  tell("");
  open = place;
  byId("query").textContent = queries[place].text;
  document.title = `${queries[place].text} – judging`;
  byId("queries").value = String(place);
  byId("previous").disabled = place === 0;
  byId("next").disabled = place === queries.length - 1;
  items = pool.map(({ product, rating }, at) => {
    const card = createItem(product, at, (label) => then(() => rate(at, label)));
    showRating(card, rating);
    card.addEventListener("focusin", () => mark(at));
    return { product, rating, card };
  });
  byId("items").replaceChildren(...items.map(({ card }) => card));
  byId("items").setAttribute("aria-busy", "false");
  byId("nothing").hidden = items.length > 0;
  current = -1;
  count();
  const wanted = items.findIndex(({ product }) => product.id === productId);
  scrollTo({ top: 0 });
  if (wanted >= 0) select(wanted);
  else if (!advance(-1) && items.length) select(0);
}

/** Make a product the one that keys rate, and bring it into view. */
function select(at) {
  if (at < 0 || at >= items.length) return;
  mark(at);
  const { card } = items[at];
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: at === 0 ? "end" : "center", behavior: "instant" });
}

function mark(at) {
  items[current]?.card.removeAttribute("aria-current");
  current = at;
  items[at].card.setAttribute("aria-current", "true");
}

/** Go to the next product without a rating, around the end if need be; false when all have one. */
function advance(from) {
  const following = [...items.keys()].map((step) => (from + 1 + step) % items.length);
  const at = following.find((place) => items[place].rating === null);
  byId("done").hidden = at !== undefined;
  if (at !== undefined) select(at);
  else finish();
  return at !== undefined;
}

function finish() {
  // Further keys must not label the last product again: whoever is in rhythm would not notice.
  items[current]?.card.removeAttribute("aria-current");
  current = -1;
  const more = following() >= 0;
  byId("done-text").textContent = more
    ? "Everything here is rated."
    : "Everything is rated. You can stop the command, or change what you said.";
  byId("onward").hidden = !more;
}

/** Place of the next query with something to rate, around the end; -1 for none. */
function following() {
  const places = [...queries.keys()].map((step) => (open + 1 + step) % queries.length);
  return places.find((place) => queries[place].rated < queries[place].pooled) ?? -1;
}

function count() {
  const query = queries[open];
  query.rated = items.filter(({ rating }) => rating !== null).length;
  const rated = sum(queries.map((one) => one.rated));
  const pooled = sum(queries.map((one) => one.pooled));
  const done = queries.filter((one) => one.rated >= one.pooled).length;
  byId("progress").textContent =
    `${query.rated} of ${query.pooled} rated here · ${NUMBERS.format(rated)} of ` +
    `${NUMBERS.format(pooled)} in all · ${done} of ${queries.length} queries done`;
  const bar = byId("bar");
  bar.setAttribute("aria-valuemax", pooled);
  bar.setAttribute("aria-valuenow", rated);
  bar.style.setProperty("--share", pooled ? rated / pooled : 1);
  byId("queries").options[open].text = title(query, open);
}

function title(query, place) {
  const state = query.rated >= query.pooled ? "✓" : `${query.rated}/${query.pooled}`;
  return `${place + 1} of ${queries.length}: ${query.text} (${state})`;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

// What is said

async function rate(at, label) {
  const item = items[at];
  if (!item) return;
  await write(at, { label });
  byId("said").textContent = `${nameOf(label)}. ${queries[open].rated} of ${items.length} rated.`;
  if (!advance(at)) {
    byId("said").textContent += ` ${byId("done-text").textContent}`;
    byId("done").scrollIntoView({ block: "center", behavior: "instant" });
    if (!byId("onward").hidden) byId("onward").focus({ preventScroll: true });
  }
}

async function write(at, rating) {
  const { product, card, rating: before } = items[at];
  await writeRating(queries[open].id, product.id, rating);
  tell("");
  said.push({ place: open, productId: product.id, before });
  items[at].rating = rating;
  showRating(card, rating);
  count();
}

async function undo() {
  const step = said.at(-1);
  if (!step) {
    byId("said").textContent = "Nothing to undo since the page was opened.";
    return;
  }
  if (step.place !== open) await show(step.place, step.productId);
  const at = items.findIndex(({ product }) => product.id === step.productId);
  await write(at, step.before);
  said.splice(-2); // what was undone, and the undoing
  byId("done").hidden = items.some(({ rating }) => rating === null);
  byId("said").textContent = "Undone.";
  select(at);
}

// Keys

const actions = {
  ArrowDown: () => select(current + 1),
  ArrowRight: () => select(current + 1),
  ArrowUp: () => select(current - 1),
  ArrowLeft: () => select(current - 1),
  n: () => show(open + 1),
  p: () => show(open - 1),
  u: undo,
  d: () => items[current]?.card.querySelector(".more").toggleAttribute("open"),
  "?": () => byId("dialog").showModal(),
};
for (const { key, label } of [...LABELS, SKIP]) actions[key] = () => rate(current, label);

document.addEventListener("keydown", (event) => {
  const busy = event.ctrlKey || event.metaKey || event.altKey || byId("dialog").open;
  if (busy || event.target.matches(FIELDS) || !Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  if (event.repeat && !event.key.startsWith("Arrow")) return; // a key that is held says one thing
  if (open >= 0 || event.key === "?") then(actions[event.key]);
});
byId("previous").addEventListener("click", () => then(actions.p));
byId("next").addEventListener("click", () => then(actions.n));
byId("queries").addEventListener("change", (event) => then(() => show(Number(event.target.value))));
byId("onward").addEventListener("click", () => then(() => show(following())));
byId("help").addEventListener("click", actions["?"]);

// The beginning

function explain() {
  for (const list of document.querySelectorAll(".meanings")) {
    for (const { key, name, meaning } of [...LABELS, SKIP]) {
      const term = element("dt", {}, element("kbd", {}, key), ` ${name}`);
      list.append(element("div", {}, term, element("dd", {}, meaning)));
    }
  }
  for (const [keys, does] of KEYS) {
    const term = element("dt", {}, ...keys.split(" ").map((key) => element("kbd", {}, key)));
    byId("keys").append(element("div", {}, term, element("dd", {}, does)));
  }
  byId("guide").open = WIDE.matches;
}

async function begin() {
  takeToken();
  const session = await readSession();
  queries = session.queries;
  byId("who").textContent = `${session.rater} · ${session.index}`;
  byId("queries").append(
    ...queries.map((query, place) => element("option", { value: place }, title(query, place))),
  );
  await show(Math.max(0, following()));
}

explain();
then(begin);
