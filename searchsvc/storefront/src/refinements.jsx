/** What the results are narrowed by, each with a way back. */

import connectCurrentRefinements from "instantsearch.js/es/connectors/current-refinements/connectCurrentRefinements";
import { render } from "preact";
import { labelOf } from "./catalogue.js";
import { cleared } from "./empty.jsx";

/** The widget of the active filters. */
export function refinements({ catalogue, choices, part }) {
  const place = part("refinements");
  // A least rating is in InstantSearch also a greatest one, of five stars.
  const remove = (attribute, refine, one) =>
    attribute === catalogue.rating
      ? choices.choose({ ratingMenu: undefined, page: undefined })
      : refine(one);
  const shown = (attribute, { operator }) => attribute !== catalogue.rating || operator === ">=";
  const show = ({ items }) =>
    render(<Chips groups={items} shown={shown} remove={remove} clear={() => choices.choose(cleared())} />, place);
  return connectCurrentRefinements(show)({ excludedAttributes: ["query"] });
}

function Chips({ groups, shown, remove, clear }) {
  const chips = groups.flatMap(({ attribute, refinements: chosen, refine }) =>
    chosen
      .filter((one) => shown(attribute, one))
      .map((one) => ({ attribute, one, refine, text: textOf(attribute, one) })),
  );
  if (!chips.length) return null;
  return (
    <ul class="chips" aria-label="Active filters">
      {chips.map(({ attribute, one, refine, text }) => (
        <li key={`${attribute}:${one.operator ?? ""}${one.value}`}>
          <button class="chip" type="button" aria-label={`Remove filter ${text}`} onClick={() => remove(attribute, refine, one)}>
            {text} <span aria-hidden="true">✕</span>
          </button>
        </li>
      ))}
      <li><button class="link" id="clear-filters" type="button" onClick={clear}>Clear all</button></li>
    </ul>
  );
}

function textOf(attribute, { type, operator, value, label }) {
  const name = labelOf(attribute);
  if (attribute === "availability") return "In stock";
  if (type === "numeric") return `${name} ${{ ">=": "from", "<=": "up to" }[operator] ?? operator} ${value}`;
  if (type === "hierarchical") return String(value).split(" > ").at(-1);
  return `${name}: ${label}`;
}
