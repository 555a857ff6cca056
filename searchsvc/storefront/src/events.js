/** Events: what a shopper who agreed did, told to this page's own service. */

import { keyHeaders } from "./key.js";
import { pricesOf } from "./money.js";
import { randomToken } from "./visitor.js";

/** Tells the service; silent without consent or as somebody else, and no failure reaches the page. */
export class Events {
  #index;
  #visitor;
  #shopper;
  #found = new Map(); // by product, the search that it was chosen from

  /**
   * @param {string} index
   * @param {import("./visitor.js").Visitor} visitor
   * @param {() => object | undefined} shopper gives the one that the page is shown as.
   */
  constructor(index, visitor, shopper) {
    this.#index = index;
    this.#visitor = visitor;
    this.#shopper = shopper;
  }

  /** Whether anything is told: what is done while seeing the page as somebody else says nothing of the shopper. */
  get heard() {
    return this.#visitor.agreed && !this.#shopper();
  }

  /** A hit was chosen; `position` from 1. */
  click({ id, position, queryId }) {
    if (this.heard && queryId) this.#found.set(id, queryId);
    this.#tell("click", { id, position });
  }

  /** A product is looked at in full. */
  view(id) {
    if (this.heard) this.#visitor.saw(id);
    this.#tell("view", { id });
  }

  /** A product was put into the basket. */
  addToCart(product) {
    this.#tell("add_to_cart", ...priced(product));
  }

  /** A product was bought. */
  purchase(product) {
    this.#tell("purchase", ...priced(product));
  }

  /** Forget which searches products were chosen from. */
  forget() {
    this.#found.clear();
  }

  #tell(type, item, of = {}) {
    if (!this.heard) return;
    const { token } = this.#visitor;
    const search = this.#found.get(item.id);
    const event = { id: randomToken(), type, items: [item], ...(search ? { query_id: search } : {}), ...of };
    const body = { consent: true, user_token: token, index: this.#index, events: [event] };
    // Outlives the page: a purchase is often the last thing that is done on it.
    fetch(new URL("v1/events", document.baseURI), {
      method: "POST",
      keepalive: true,
      headers: { ...keyHeaders(), "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }).catch(() => {});
  }
}

function priced(product) {
  const prices = pricesOf(product);
  if (!prices) return [{ id: product.id }];
  const { amount, currency } = prices;
  return [{ id: product.id, price: amount }, /^[A-Z]{3}$/.test(currency ?? "") ? { currency } : {}];
}
