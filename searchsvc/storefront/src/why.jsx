/** Why the products are in this order, said to the shopper for whom they are. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { reasonsFor } from "./preferences.js";

/** The widget of the question and its answer. */
export function whyView({ search, personal, choices, part }) {
  let open = false;
  return {
    $$type: "searchsvc.why",
    init() {},
    dispose() {},
    render({ results }) {
      const personalization = results?.extensions?.searchsvc?.personalization;
      const applied = Boolean(personalization?.applied) && results.nbHits > 0;
      const toggle = (event) => {
        if (event.currentTarget.open === open) return;
        open = event.currentTarget.open;
        this.render({ results });
      };
      render(
        applied && (
          <Why
            open={open}
            toggle={toggle}
            results={results}
            explained={() => (choices.explain ? results : ask(search, personal))}
          />
        ),
        part("why"),
      );
    },
  };
}

/** The page's answer once more, explained; this is not stored as a search. */
async function ask({ helper }, client) {
  const params = {
    ...helper.getQuery(),
    facets: [],
    clickAnalytics: undefined,
    attributesToRetrieve: ["objectID"],
    attributesToHighlight: [],
    getRankingInfo: true,
  };
  const { results } = await client.search([{ indexName: helper.state.index, params }]);
  return results[0];
}

function Why({ open, toggle, results, explained }) {
  const [reasons, setReasons] = useState(null);
  useEffect(() => {
    if (!open) return undefined;
    let current = true;
    Promise.resolve(explained()).then(
      (found) => current && setReasons(reasonsIn(found)),
      () => current && setReasons([]),
    );
    return () => (current = false);
  }, [open, results]);
  return (
    <details open={open} onToggle={toggle}>
      <summary>Why this order?</summary>
      <div id="reasons">
        {open && reasons && (
          <ul class="said">
            {reasons.length > 0 ? reasons.map((reason) => <li key={reason}>{reason}</li>) : <li>Nothing that is known of you changes this page.</li>}
            <li class="muted">Everything else is in the order of how well it fits what you asked for.</li>
          </ul>
        )}
      </div>
    </details>
  );
}

function reasonsIn({ hits, extensions }) {
  return reasonsFor(extensions.searchsvc.personalization, hits.map((hit) => hit._rankingInfo?.searchsvc));
}
