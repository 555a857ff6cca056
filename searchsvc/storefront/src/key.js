/** The key that the service asks for, where it asks for one: kept until the tab is closed. */

const PLACE = "searchsvc.key";
const OPEN = "public"; // what the stock client sends to a service that asks for none

/** The key that was entered in this tab; "" without one. */
export function searchKey() {
  return sessionStorage.getItem(PLACE) ?? "";
}

/** Use `key` from now on, and after a reload of this tab. */
export function keepKey(key) {
  sessionStorage.setItem(PLACE, key);
}

/** Use none any more. */
export function dropKey() {
  sessionStorage.removeItem(PLACE);
}

/** The headers that tell the service; none where it asks for no key. */
export function keyHeaders() {
  const key = searchKey();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

/** The key as the stock client, which cannot do without one, sends it. */
export function clientKey() {
  return searchKey() || OPEN;
}
