/** What a product costs, how it is rated, and whether it is there. */

import { formatPrice, pricesOf } from "./money.js";

const AVAILABILITY = {
  in_stock: "In stock",
  out_of_stock: "Out of stock",
  preorder: "Pre-order",
  backorder: "Back-order",
};

/** The price, with the one before a sale. */
export function Price({ product }) {
  const prices = pricesOf(product);
  if (!prices) return null;
  const { amount, was, currency } = prices;
  if (was === null) return <p class="price">{formatPrice(amount, currency)}</p>;
  return (
    <p class="price">
      <strong class="sale">{formatPrice(amount, currency)}</strong>{" "}
      <span class="unseen">instead of </span>
      <s>{formatPrice(was, currency)}</s>
    </p>
  );
}

/** Stars of five, for reading aloud as a number. */
export function Stars({ product }) {
  const rating = valueOf(product, "rating");
  if (typeof rating !== "number") return null;
  const reviews = valueOf(product, "review_count");
  return (
    <p class="rating">
      <span class="stars" role="img" aria-label={`Rated ${rating} of 5`} style={{ "--share": `${rating * 20}%` }} />
      {typeof reviews === "number" && <span class="reviews">({reviews})</span>}
    </p>
  );
}

/** Whether it can be had. */
export function Availability({ product }) {
  const state = product.availability;
  if (!Object.hasOwn(AVAILABILITY, state ?? "")) return null;
  const date = new Date((product.availability_date ?? "").slice(0, "2026-12-31".length));
  const dated = ["preorder", "backorder"].includes(state) && !Number.isNaN(date.valueOf());
  const style = { dateStyle: "medium", timeZone: "UTC" }; // the shop's day, wherever the reader is
  const from = dated ? ` from ${date.toLocaleDateString(document.documentElement.lang, style)}` : "";
  return <p class={`availability ${state}`}>{AVAILABILITY[state]}{from}</p>;
}

/** A column's value of a product of either API. */
export function valueOf(product, name) {
  return product[name] ?? product.attributes?.[name];
}
