/** What can be said of a product, and the keys of the page. */

export const LABELS = [
  { key: "3", label: 3, name: "Exact", meaning: "What the query asks for, in every respect that it names." },
  { key: "2", label: 2, name: "Good", meaning: "Serves the same need; something that was asked for is a little off or not stated." },
  { key: "1", label: 1, name: "Partly", meaning: "Not what was meant, but related: a rough substitute, or something that goes with it." },
  { key: "0", label: 0, name: "Irrelevant", meaning: "Has nothing to do with the need. In a result list it would annoy." },
];
export const SKIP = {
  key: "s",
  label: null,
  name: "Skip",
  meaning: "You cannot tell: the product or the query is unclear to you. It counts as no label.",
};

/** Key → what it does, for the help. */
export const KEYS = [
  ["0 1 2 3", "label the product and go to the next one"],
  ["s", "skip it: you cannot tell"],
  ["↑ ↓", "move between products"],
  ["u", "undo, step by step, back to when the page was opened"],
  ["d", "show or hide the details of the product"],
  ["n p", "next, previous query"],
  ["?", "this help"],
];

/** What a rating says, in a word. */
export function nameOf(label) {
  return [...LABELS, SKIP].find((one) => one.label === label).name;
}
