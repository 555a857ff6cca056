/** What the browser's tab says: the product that is open, or else the query; and the index. */

const SERVICE = "searchsvc";

/** Keeps the document's title. */
export class Title {
  #index;
  #query = "";
  #product = { id: undefined, name: "" };

  /** @param {string} index */
  constructor(index) {
    this.#index = index;
  }

  /** Say which product is open, if any; its name is not known yet. */
  open(id) {
    if (id !== this.#product.id) this.#product = { id, name: "" };
    this.#show();
  }

  /** Say what a product is called; one that is no longer open changes nothing. */
  name(id, name) {
    if (id === this.#product.id) this.#product = { id, name };
    this.#show();
  }

  /** The widget by which it learns the query. */
  widget() {
    return {
      $$type: "searchsvc.title",
      init() {},
      dispose() {},
      render: ({ results }) => {
        this.#query = results?.query ?? "";
        this.#show();
      },
    };
  }

  #show() {
    document.title = [this.#product.name || this.#query, this.#index, SERVICE].filter(Boolean).join(" – ");
  }
}
