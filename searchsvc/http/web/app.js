/** The storefront page: what is wanted is asked for, and the newest answer is shown. */

import { readAddress, writeAddress } from "./address.js";
import { listIndexes, search, ServiceError } from "./api.js";
import { copy, curlCommand } from "./curl.js";
import { Latest } from "./latest.js";
import * as view from "./view.js";

const { page } = view;
const PAGE = 24;
const LARGEST_PAGE = 1000; // the API's limit
const TYPING_PAUSE_MS = 120;
const DEMO = "demo";
const EXAMPLES = [
  "warm jacket for rainy hikes",
  "pan that nothing sticks to",
  "kettle that does not wake the baby",
  "present for a curious six year old",
];

const latest = new Latest();
let wanted = readAddress();
let settled = true; // whether what is wanted next begins an entry of the history
let indexes = null; // what the service serves, as soon as it has said so
let shown = null; // the answer on the page, with the hits of all its pages so far
let retry = null; // what to do again after a failure

/** Ask for what is wanted, from the first result on. */
function ask({ limit = PAGE, delayMs = 0 } = {}) {
  const task = async (signal) => {
    remember();
    const index = await chooseIndex(signal);
    return index ? search(index, wanted, { limit }, signal) : null;
  };
  start(task, show, { delayMs, below: "Below are the results from before." });
}

/** Ask for the results that follow those on the page. */
function askFurther() {
  if (page.results.ariaBusy === "true") return;
  const { index, query, generation, stages_ms: stages, hits } = shown;
  const offset = hits.length;
  start(
    (signal) =>
      search(index, { ...wanted, query, explain: Boolean(stages) }, { offset, limit: PAGE }, signal),
    (answer) => {
      // Only within one generation of the catalogue do pages fit together.
      if (answer.generation !== generation) return ask({ limit: wholePages(offset + 1) });
      show({ ...shown, hits: [...hits, ...answer.hits], degraded: answer.degraded });
      view.focusCard(offset);
    },
  );
}

function start(task, done, { delayMs = 0, below = "" } = {}) {
  const handlers = {
    done: (answer) => {
      view.showBusy(false);
      done(answer);
    },
    failed: (error) => {
      view.showBusy(false);
      retry = () => start(task, done, { below });
      showFailure(error, shown?.hits.length ? below : "");
    },
  };
  view.showBusy(true);
  latest.start(task, handlers, delayMs);
}

/** The index to search, "" where there is none: as wanted, else the demo, else one that can. */
async function chooseIndex(signal) {
  if (indexes === null) {
    const listed = await listIndexes(signal);
    if (signal.aborted) return "";
    indexes = listed;
    view.showIndexes(indexes);
  }
  const names = indexes.map((served) => served.index);
  const ready = indexes.find((served) => served.generation !== null);
  const index =
    [wanted.index, DEMO, ready?.index].find((name) => names.includes(name)) ?? names[0] ?? "";
  page.index.value = index;
  page.examples.hidden = index !== DEMO;
  return index;
}

function show(answer) {
  shown = answer;
  if (answer === null) {
    indexes = null; // the next try asks anew
    retry = ask;
    view.showNoIndex();
    view.showNotice([], { retry: true });
    return;
  }
  view.showAnswer(answer);
  const messages = answer.degraded.map((reason) => [
    "Ranked by words alone, without their meaning.",
    reason,
  ]);
  if (wanted.index && wanted.index !== answer.index) {
    messages.unshift([`There is no index “${wanted.index}” here.`, `This is “${answer.index}”.`]);
  }
  view.showNotice(messages);
  page.command.textContent = curlCommand(answer.index, wanted, { limit: PAGE });
}

function showFailure(error, below) {
  if (!(error instanceof ServiceError)) throw error;
  indexes = null; // perhaps they have changed
  view.showNotice([[error.message, below]], { retry: true, stale: below !== "" });
}

function wholePages(hits) {
  return Math.min(Math.ceil(hits / PAGE) * PAGE, LARGEST_PAGE);
}

/** Let the address follow: one entry of the history for each search, not for each letter. */
function remember() {
  if (writeAddress(wanted, settled)) settled = false;
}

/** What is wanted now is a search of its own, to which the back button leads. */
function settle() {
  remember();
  settled = true;
}

function seek(change) {
  settle();
  wanted = { ...wanted, asTyped: false, ...change };
  settle();
  showWanted();
  ask();
}

function showWanted() {
  page.box.value = wanted.query;
  wanted.query = page.box.value; // the box drops line breaks
  page.explain.checked = wanted.explain;
}

function typed() {
  if (wanted.query !== page.box.value) wanted.asTyped = false;
  wanted.query = page.box.value;
  ask({ delayMs: TYPING_PAUSE_MS });
}

page.box.addEventListener("input", (event) => event.isComposing || typed());
page.box.addEventListener("compositionend", typed);
page.box.addEventListener("change", settle);
page.search.addEventListener("submit", (event) => {
  event.preventDefault();
  settle();
  ask();
});
page.index.addEventListener("change", () => seek({ index: page.index.value }));
page.explain.addEventListener("change", () => {
  wanted.explain = page.explain.checked;
  writeAddress(wanted, false);
  ask({ limit: wholePages(shown?.hits.length || 1) });
});
page.nothing.addEventListener("click", (event) => {
  if (event.target.closest("button")) seek({ query: "" });
});
page.asTyped.addEventListener("click", () => {
  seek({ asTyped: true });
  page.box.focus(); // the button goes
});
page.more.addEventListener("click", askFurther);
page.retry.addEventListener("click", () => retry());
addEventListener("online", () => page.retry.hidden || retry());

page.shell.addEventListener("click", () => {
  page.curl.hidden = !page.curl.hidden;
  page.shell.ariaExpanded = String(!page.curl.hidden);
});
page.copy.addEventListener("click", async () => {
  const copied = await copy(page.command.textContent, page.command);
  page.copied.textContent = copied ? "Copied" : "Selected; copy it with the keyboard";
  page.copy.textContent = copied ? "Copied" : "Selected";
  setTimeout(() => (page.copy.textContent = "Copy"), 2000);
});

addEventListener("keydown", (event) => {
  const writing = event.target.closest?.("input:not([type=checkbox]), textarea, select");
  if (event.key !== "/" || writing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  page.box.focus();
  page.box.select();
});
addEventListener("popstate", () => {
  wanted = readAddress();
  settled = true;
  showWanted();
  ask();
});

view.showExamples(EXAMPLES, (query) => seek({ query }));
showWanted();
ask();
