/** What was searched for recently, in this browser only. */

const KEY = "searchsvc-recent";
const MOST = 5;

/** The latest queries of an index, newest first, that contain `text`. */
export function recentSearches(index, text = "") {
  const wanted = text.trim().toLowerCase();
  return read(index).filter((query) => query.toLowerCase().includes(wanted) && query !== text);
}

/** Put a query on top. */
export function remember(index, query) {
  const text = query.trim();
  if (text) write(index, [text, ...read(index).filter((other) => other !== text)].slice(0, MOST));
}

/** Forget all queries of an index. */
export function forget(index) {
  write(index, []);
}

// A browser may refuse to store anything, and what it stored may be of another version.
function read(index) {
  try {
    const queries = JSON.parse(localStorage.getItem(`${KEY}-${index}`)) ?? [];
    return Array.isArray(queries) ? queries.filter((query) => typeof query === "string") : [];
  } catch {
    return [];
  }
}

function write(index, queries) {
  try {
    localStorage.setItem(`${KEY}-${index}`, JSON.stringify(queries));
  } catch {
    // As above.
  }
}
