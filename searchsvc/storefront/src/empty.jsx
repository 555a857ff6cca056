/** What is said where nothing was found, with ways on. */

const DEPARTMENTS = 2;

/** @param {object} properties of the page's context, with the `results`. */
export function Empty({ choices, catalogue, results }) {
  const { query } = results;
  const refined = results.getRefinements().length > 0;
  const without = results.extensions?.searchsvc?.unfiltered_total;
  const departments = catalogue.values[`${catalogue.category}.lvl0`]?.slice(0, DEPARTMENTS) ?? [];
  return (
    <div class="empty">
      <h2>Nothing found{query && <> for “{query}”</>}</h2>
      <p>{refined ? "No product has all that is chosen." : "No product comes near enough in words or in meaning."}</p>
      <p class="ways">
        {refined && (
          <button class="button strong" type="button" onClick={() => choices.choose(cleared())}>
            Search without filters{without > 0 && ` (${without.toLocaleString(document.documentElement.lang)})`}
          </button>
        )}
        {query && (
          <button class="button" type="button" onClick={() => choices.ask("", cleared())}>Show all products</button>
        )}
      </p>
      {query && departments.length > 1 && (
        <>
          <p>Or look around in</p>
          <p class="ways">
            {departments.map((name) => (
              <button
                key={name}
                class="chip"
                type="button"
                onClick={() => choices.ask("", { ...cleared(), hierarchicalMenu: { [`${catalogue.category}.lvl0`]: [name] } })}
              >
                {name}
              </button>
            ))}
          </p>
        </>
      )}
    </div>
  );
}

/** The state without any filter. */
export function cleared() {
  return {
    refinementList: undefined,
    hierarchicalMenu: undefined,
    range: undefined,
    ratingMenu: undefined,
    toggle: undefined,
    page: undefined,
  };
}
