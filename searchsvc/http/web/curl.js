/** The current search as a shell command. */

import { searchAddress } from "./api.js";

/** A command that asks the same; for any POSIX shell. */
export function curlCommand(index, wanted, page) {
  const address = searchAddress(index, wanted, page);
  const options = [...address.searchParams].map(
    ([name, value]) => `--data-urlencode ${quoted(`${name}=${value}`)}`,
  );
  address.search = "";
  return ["curl -G", quoted(address.href), ...options].join(" ");
}

/** Put `text`, which `shown` displays, on the clipboard; whether that was possible. */
export async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without https there is no clipboard object; then the text is at least selected.
    getSelection().selectAllChildren(shown);
    return document.execCommand("copy");
  }
}

function quoted(text) {
  return /^[\w=.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
