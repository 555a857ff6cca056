/** One product to rate: the storefront's card, its details, and what can be said of it. */

import { createCard } from "./card.js";
import { element } from "./dom.js";
import { LABELS, SKIP } from "./labels.js";

const SHOWN_ABOVE = new Set([
  "title", "link", "image_link", "additional_image_links", "brand", "price", "sale_price",
  "sale_price_effective_date", "availability", "availability_date", "product_types", "attributes",
]);

/**
 * A list item.
 *
 * @param {object} product as the index has it.
 * @param {number} place from 0, for ids within the page.
 * @param {(label: number | null) => void} say called with what is clicked.
 */
export function createItem(product, place, say) {
  const card = createCard(product);
  const title = card.querySelector(".title");
  title.id = `title-${place}`;
  card.tabIndex = -1;
  card.setAttribute("aria-labelledby", title.id);
  card.dataset.product = product.id;
  const link = title.querySelector("a");
  if (link) link.target = "_blank"; // the place in the work is not to be lost
  const facts = card.querySelector(".facts");
  for (const path of product.product_types?.slice(0, 1) ?? []) {
    facts.append(element("p", { className: "path" }, path));
  }
  facts.append(details(product));
  const group = element("div", { className: "labels", role: "group" });
  group.setAttribute("aria-labelledby", title.id);
  group.append(...[...LABELS].reverse().map((one) => button(one, say)), button(SKIP, say));
  card.append(group);
  return card;
}

/** Show what the rater says of the product; null for nothing. */
export function showRating(card, rating) {
  card.classList.toggle("rated", rating !== null);
  for (const one of card.querySelectorAll(".labels button")) {
    const pressed = rating !== null && one.dataset.label === String(rating.label);
    one.setAttribute("aria-pressed", String(pressed));
  }
}

function button({ key, label, name, meaning }, say) {
  const made = element(
    "button",
    { type: "button", className: "say", title: meaning },
    element("kbd", {}, key),
    " ",
    element("span", {}, name),
  );
  made.dataset.label = String(label);
  made.setAttribute("aria-pressed", "false");
  made.setAttribute("aria-keyshortcuts", key);
  made.addEventListener("click", (event) => {
    if (event.detail < 2) say(label); // the second click of two would hit the next product
  });
  return made;
}

function details(product) {
  const list = element("dl", {});
  const rest = Object.entries(product).filter(([name]) => !SHOWN_ABOVE.has(name));
  for (const [name, value] of [...Object.entries(product.attributes ?? {}), ...rest]) {
    list.append(
      element("div", {}, element("dt", {}, name.replaceAll("_", " ")), element("dd", {}, plain(value))),
    );
  }
  return element("details", { className: "more" }, element("summary", {}, "Details"), list);
}

function plain(value) {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
