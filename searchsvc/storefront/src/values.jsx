/** The values of one column, to choose several of. */

import connectRefinementList from "instantsearch.js/es/connectors/refinement-list/connectRefinementList";
import { render } from "preact";
import { useRef, useState } from "preact/hooks";

const FEW = 7;
const MANY = 60;
const TYPING_PAUSE_MS = 150;

/**
 * A refinement list.
 *
 * @param {object} options
 * @param {HTMLElement} options.container
 * @param {string} options.attribute
 * @param {string} options.label
 * @param {boolean} [options.searchable] whether the values can be searched.
 * @param {boolean} [options.swatches] whether values are colours.
 */
export function valueList({ container, attribute, label, searchable = false, swatches = false }) {
  const show = (state) =>
    render(<Values {...state} label={label} searchable={searchable} swatches={swatches} />, container);
  const options = { attribute, operator: "or", limit: FEW, showMore: true, showMoreLimit: MANY };
  return {
    ...connectRefinementList(show, () => render(null, container))(options),
    $$widgetType: "searchsvc.values",
  };
}

function Values({ items, refine, label, searchable, swatches, ...more }) {
  const [asked, ask] = useState("");
  const { searchForItems, isFromSearch, canToggleShowMore, isShowingMore, toggleShowMore } = more;
  const timer = useRef(0);
  const search = (text) => {
    ask(text);
    clearTimeout(timer.current); // answers to single letters could overtake one another
    timer.current = setTimeout(() => searchForItems(text), TYPING_PAUSE_MS);
  };
  return (
    <>
      {searchable && (asked || items.length >= FEW) && (
        <input
          class="facet-search"
          type="search"
          aria-label={`Search in ${label}`}
          placeholder={`Search in ${label.toLowerCase()}`}
          value={asked}
          maxLength="100"
          onInput={(event) => search(event.target.value)}
        />
      )}
      <ul class="values">
        {items.map(({ value, label: text, count, isRefined }) => (
          <li key={value}>
            <label>
              <input type="checkbox" checked={isRefined} onChange={() => choose(value)} />
              {swatches && <Swatch colour={text} />}
              <span class="value">{text}</span>
              <span class="count">{count.toLocaleString(document.documentElement.lang)}</span>
            </label>
          </li>
        ))}
      </ul>
      {asked && items.length === 0 && <p class="muted small">Nothing called “{asked}”.</p>}
      {canToggleShowMore && !isFromSearch && (
        <button class="link small" type="button" aria-expanded={isShowingMore} onClick={toggleShowMore}>
          {isShowingMore ? "Show fewer" : "Show more"}<span class="unseen"> of {label}</span>
        </button>
      )}
    </>
  );

  function choose(value) {
    clearTimeout(timer.current);
    ask("");
    refine(value);
  }
}

// Families of colours bear names that CSS knows, too.
function Swatch({ colour }) {
  const known = CSS.supports("color", colour.toLowerCase().replaceAll(" ", ""));
  return <span class="swatch" aria-hidden="true" style={known ? { background: colour.toLowerCase() } : {}} />;
}
