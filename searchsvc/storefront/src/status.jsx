/** How many products there are, and what was searched for instead of what was typed. */

import { render } from "preact";
import { Understanding } from "./understanding.jsx";

/** The widget of the lines above the results. */
export function statusView({ search, catalogue, choices, part }) {
  return {
    $$type: "searchsvc.status",
    init() {},
    dispose() {},
    render({ results }) {
      if (!results?.hits) return;
      render(<Count results={results} />, part("count"));
      const extras = results.extensions?.searchsvc ?? {};
      const { query } = results;
      render(
        <>
          <Correction query={query} corrected={extras.corrected_query} choices={choices} />
          <Relaxed relaxed={extras.relaxed} />
          <Degraded reasons={extras.degraded ?? []} />
          {choices.explain && <Understanding index={catalogue.index} query={query} exact={choices.exact} />}
        </>,
        part("understood"),
      );
      if (search.status === "idle") part("results").ariaBusy = "false";
    },
  };
}

function Count({ results: { nbHits, nbSortedHits: first, processingTimeMS, extensions } }) {
  const [total, relevant] = [nbHits, first].map((count) => count?.toLocaleString(document.documentElement.lang));
  const grouped = extensions?.searchsvc?.counted === "groups";
  return (
    <>
      <b title={grouped ? "The variants of a product count as one." : undefined}>
        {total} {nbHits === 1 ? "product" : "products"}
      </b>
      {0 < first && first < nbHits && <>, the {relevant} most relevant first,</>}
      <span class="muted"> in {processingTimeMS < 1 ? "under 1" : processingTimeMS} ms</span>
    </>
  );
}

function Correction({ query, corrected, choices }) {
  if (!corrected) return null;
  return (
    <p class="said" role="status">
      Showing results for <strong>{corrected}</strong> instead of <q>{query}</q>.{" "}
      <button class="link" id="as-typed" type="button" onClick={() => choices.choose({ exact: true, page: undefined })}>
        Search for <q>{query}</q> as typed
      </button>
    </p>
  );
}

function Relaxed({ relaxed }) {
  if (!relaxed) return null;
  const { kind, dropped = [], text } = relaxed;
  return (
    <p class="said" role="status">
      {kind === "words" && dropped.length ? (
        <>No product has all of these words; showing <strong>{text}</strong> without {listed(dropped)}.</>
      ) : (
        <>No product has these words; showing what comes nearest in meaning.</>
      )}
    </p>
  );
}

function Degraded({ reasons }) {
  if (!reasons.length) return null;
  return <p class="said">Ranked by words alone, without their meaning. <span class="muted">{reasons.join(" ")}</span></p>;
}

function listed(words) {
  return words.map((word, place) => <>{place > 0 && ", "}<s>{word}</s></>);
}
