/** What is chosen beside the query and the filters: shopper, explanations, the words as typed. */

const KINDS = ["shopper", "explain", "exact", "product"];

/** Keeps the choices as a part of InstantSearch's state, so that they are in the address. */
export class Choices {
  #chosen = {};
  #shoppers;
  #pending = null;
  #answered = null;
  #search = null;
  #index = "";

  /** @param {import("./shoppers.js").Shopper[]} shoppers to choose from. */
  constructor(shoppers) {
    this.#shoppers = shoppers;
  }

  /** Say which search to change. */
  attach(search, index) {
    this.#search = search;
    this.#index = index;
  }

  get shoppers() {
    return this.#shoppers;
  }

  /** Whether the shoppers are segments of the shop. */
  get hasSegments() {
    return this.#shoppers.some(({ segment }) => segment);
  }

  /** The shopper that is chosen, or undefined. */
  get shopper() {
    return this.#shoppers.find(({ id }) => id === this.#chosen.shopper);
  }

  get explain() {
    return Boolean(this.#chosen.explain);
  }

  get exact() {
    return Boolean(this.#chosen.exact);
  }

  get product() {
    return this.#chosen.product;
  }

  get state() {
    return this.#search.getUiState()[this.#index] ?? {};
  }

  /** Whether what was chosen last has no answer yet, perhaps because the search failed. */
  get pending() {
    return this.#pending !== null;
  }

  /** Ask again what failed: InstantSearch has gone back to what it asked before. */
  again() {
    if (this.#pending) this.choose(this.#pending);
    else this.#search.refresh();
  }

  /** Choose; everything of InstantSearch's state may be given, too. */
  choose(changes) {
    this.#pending = changes;
    this.#search.setUiState((all) => ({
      ...all,
      [this.#index]: { ...all[this.#index], ...changes },
    }));
  }

  /** Ask something else: a misspelling that was insisted on is of the query before. */
  ask(query, changes = {}) {
    this.choose({ query, page: undefined, exact: undefined, product: undefined, ...changes });
  }

  /** Search again by what is known of the shopper now. */
  renew() {
    this.choose({ page: undefined });
  }

  /** The widget by which InstantSearch knows of the choices. */
  widget() {
    return {
      $$type: "searchsvc.choices",
      init() {},
      render: ({ results }) => {
        if (results !== this.#answered) this.#pending = null;
        this.#answered = results;
      },
      dispose() {},
      getWidgetUiState: (state) => ({ ...state, ...this.#chosen }),
      getWidgetSearchParameters: (parameters, { uiState }) => {
        this.#chosen = Object.fromEntries(KINDS.map((kind) => [kind, uiState[kind] || undefined]));
        return parameters.setQueryParameters({
          optionalFilters: this.shopper?.boosts,
          getRankingInfo: this.explain || undefined,
          typoTolerance: this.exact ? false : undefined,
        });
      },
    };
  }
}
