/** What is being looked for, as the page's address says it. */

/**
 * @typedef {object} Wanted
 * @property {string} query as typed.
 * @property {string} index as chosen; empty where the choice is the page's.
 * @property {boolean} explain
 * @property {boolean} asTyped whether misspelt words are left as they are.
 */

/** @returns {Wanted} */
export function readAddress() {
  const parameters = new URLSearchParams(location.search);
  return {
    query: parameters.get("q") ?? "",
    index: parameters.get("index") ?? "",
    explain: parameters.get("explain") === "1",
    asTyped: parameters.get("exact") === "1",
  };
}

/**
 * Make the address say what is wanted.
 *
 * @param {Wanted} wanted
 * @param {boolean} entry whether this is a new entry of the history, or the current one goes on.
 * @returns {boolean} whether it said something else before.
 */
export function writeAddress({ query, index, explain, asTyped }, entry) {
  const parameters = new URLSearchParams();
  if (query) parameters.set("q", query);
  if (index) parameters.set("index", index);
  if (explain) parameters.set("explain", "1");
  if (asTyped) parameters.set("exact", "1");
  const text = parameters.toString();
  if (text === location.search.slice(1)) return false;
  const address = text ? `?${text}` : location.pathname;
  if (entry) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  return true;
}
