/** The products that were found, in cards. */

import connectHits from "instantsearch.js/es/connectors/hits/connectHits";
import { render } from "preact";
import { Card } from "./card.jsx";
import { Empty } from "./empty.jsx";
import { scaleOf } from "./explanation.jsx";
import { Ranks } from "./ranks.js";

const SKELETONS = 12;

/** The widget of the results. */
export function hitsView({ search, client, catalogue, choices, events, part }) {
  const place = part("results");
  const ranks = new Ranks(client);
  const open = (product) => choices.choose({ product });

  let latest; // answers and the ranks of everybody come in any order
  function show(shown) {
    latest = shown;
    const { items, results } = shown;
    if (!results || !search.helper) return render(<Skeleton />, place);
    place.ariaBusy = String(search.status === "loading" || search.status === "stalled");
    const first = results.page * results.hitsPerPage;
    const byRelevance = search.helper.state.index === catalogue.index;
    const moved =
      byRelevance && isPersonal(choices, results)
        ? ranks.moved({ helper: search.helper, hits: items, first, arrived: () => show(latest) })
        : null;
    const scale = choices.explain && byRelevance ? scaleOf(items, results.extensions?.searchsvc?.personalization) : null;
    const cards = items.map((hit, position) => (
      <li key={hit.objectID}>
        <Card
          hit={hit}
          rank={first + position + 1}
          moved={moved?.get(hit.objectID)}
          scale={scale}
          open={open}
          chosen={(id) => events.click({ id, position: first + position + 1, queryId: results.queryID })}
        />
      </li>
    ));
    const found = results.nbHits > 0;
    render(
      found ? (
        <Parts cards={cards} relevant={relevantOf(results) - first} />
      ) : (
        <Empty search={search} catalogue={catalogue} choices={choices} results={results} />
      ),
      place,
    );
  }
  return connectHits(show, () => render(null, place))({});
}

/** Whether it is worth asking what everybody would see. */
function isPersonal(choices, { extensions }) {
  return Boolean(choices.shopper) || (choices.explain && extensions?.searchsvc?.personalization?.applied);
}

/** The cards, divided where those that are less relevant begin on this page. */
function Parts({ cards, relevant }) {
  if (!(relevant >= 0 && relevant < cards.length)) return <ol class="cards">{cards}</ol>;
  return (
    <>
      {relevant > 0 && <ol class="cards">{cards.slice(0, relevant)}</ol>}
      <p class="divider" id="less-relevant">Less relevant</p>
      <ol class="cards" aria-labelledby="less-relevant">{cards.slice(relevant)}</ol>
    </>
  );
}

/** How many come first in an order by a column; NaN where the order has no two parts. */
function relevantOf({ nbSortedHits: relevant }) {
  return relevant > 0 ? relevant : NaN;
}

function Skeleton() {
  return (
    <ol class="cards" aria-hidden="true">
      {Array.from({ length: SKELETONS }, (_, place) => (
        <li key={place}><div class="card skeleton"><div class="picture" /><div class="facts" /></div></li>
      ))}
    </ol>
  );
}
