/** What stands beside the order: the shopper, the explanations, and on phones the filters. */

import { render } from "preact";
import { notApplied } from "./preferences.js";

/** The widget of the tools. */
export function toolsView({ search, catalogue, choices, part }) {
  return {
    $$type: "searchsvc.tools",
    init() {},
    dispose() {},
    render({ results }) {
      if (!results) return;
      const byRelevance = search.helper.state.index === catalogue.index;
      render(<ShopperField choices={choices} />, part("shopper"));
      render(<ExplainField choices={choices} />, part("explain"));
      render(<ShopperNote
          choices={choices}
          byRelevance={byRelevance}
          personalization={results.extensions?.searchsvc?.personalization}
        />, part("shopper-note"));
      const chosen = results.getRefinements().length;
      render(<>Filters{chosen > 0 && <span class="badge">{chosen}</span>}</>, part("open-filters"));
    },
  };
}

function ShopperField({ choices }) {
  return (
    <label>
      <span class="field-name">{choices.hasSegments ? "Show as" : "Shopper"}</span>
      <select
        aria-label={choices.hasSegments ? "Show the page as" : "Shopper"}
        value={choices.shopper?.id ?? ""}
        disabled={choices.shoppers.length === 0}
        onChange={(event) => choices.choose({ shopper: event.target.value || undefined, page: undefined })}
      >
        <option value="">Everyone</option>
        {choices.shoppers.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
      </select>
    </label>
  );
}

function ExplainField({ choices }) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        checked={choices.explain}
        onChange={(event) => choices.choose({ explain: event.target.checked || undefined })}
      />
      <span class="knob" aria-hidden="true" />
      Explain
    </label>
  );
}

function ShopperNote({ choices: { shopper }, byRelevance, personalization }) {
  if (!shopper) return null;
  const moved = byRelevance
    ? "▲ and ▼ are places moved, compared with the order of everybody."
    : "An order by a value leaves no room for likings; sort by relevance to see them.";
  if (!shopper.segment) {
    return (
      <p class="said">
        Seen as somebody who likes <strong>{shopper.likes}</strong>. {moved}{" "}
        <span class="muted small">A demo: the likings are sent with each request as boosts, and nothing is stored.</span>
      </p>
    );
  }
  const reason = notApplied(personalization);
  return (
    <p class="said">
      Seen as <strong>{shopper.name}</strong>, a segment of this shop.{" "}
      {reason ? `The order is everybody’s: ${reason}.` : moved}{" "}
      <span class="muted small">
        A demo: choosing it counts as your consent to naming it with each search. Nothing else about you is sent, and
        nothing is stored for it.
      </span>
    </p>
  );
}
