/** How many ranks a shopper's boosts move each hit. */

const DEEPEST = 1000; // the most that one page of the service holds

/** Compares the order on the page with the one that everybody gets. */
export class Ranks {
  #client;
  #asked = "";
  #before = null;

  constructor(client) {
    this.#client = client;
  }

  /**
   * The ranks moved up by hit, or null while they are not known.
   *
   * @param {object} helper InstantSearch's.
   * @param {object[]} hits of the page.
   * @param {() => void} arrived called when the other order has come.
   */
  moved({ helper, hits, first, arrived }) {
    const { optionalFilters, getRankingInfo, ...query } = helper.getQuery();
    const plain = {
      ...query,
      indexName: helper.state.index,
      page: 0,
      hitsPerPage: DEEPEST,
      facets: [],
      attributesToRetrieve: ["objectID", "item_group_id"],
      attributesToHighlight: [],
    };
    const asked = JSON.stringify(plain);
    if (asked !== this.#asked) this.#ask(plain, asked, arrived);
    if (this.#before === null) return null;
    return new Map(
      hits.map((hit, place) => {
        const before = this.#before.get(groupOf(hit));
        return [hit.objectID, before === undefined ? null : before - (first + place)];
      }),
    );
  }

  async #ask(plain, asked, arrived) {
    this.#asked = asked;
    this.#before = null;
    try {
      const { results } = await this.#client.search({ requests: [plain] });
      if (asked !== this.#asked) return;
      this.#before = new Map(results[0].hits.map((hit, place) => [groupOf(hit), place]));
      arrived();
    } catch {
      this.#asked = ""; // the page is whole without the ranks
    }
  }
}

function groupOf({ item_group_id: group, objectID }) {
  return group ?? objectID;
}
