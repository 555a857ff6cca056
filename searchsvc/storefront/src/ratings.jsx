/** Least ratings to choose from. */

import connectRatingMenu from "instantsearch.js/es/connectors/rating-menu/connectRatingMenu";
import { render } from "preact";

/**
 * A rating menu.
 *
 * @param {object} options
 * @param {HTMLElement} options.container
 * @param {string} options.attribute
 */
export function ratingList({ container, attribute }) {
  const show = ({ items, refine }) =>
    render(<Ratings items={items.filter(({ count, isRefined }) => count || isRefined)} refine={refine} />, container);
  return {
    ...connectRatingMenu(show, () => render(null, container))({ attribute, max: 5 }),
    $$widgetType: "searchsvc.ratings",
  };
}

function Ratings({ items, refine }) {
  return (
    <ul class="values">
      {items.map(({ value, count, isRefined }) => (
        <li key={value}>
          <button class="least" type="button" aria-pressed={isRefined} onClick={() => refine(value)}>
            <span class="stars" role="img" aria-label={`${value} stars`} style={{ "--share": `${Number(value) * 20}%` }} />
            <span class="value">and up</span>
            <span class="count">{count.toLocaleString(document.documentElement.lang)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
