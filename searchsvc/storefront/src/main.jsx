/** The storefront page: an index is chosen, and stock widgets over it are put together. */

import "./styles/index.css";
import instantsearch from "instantsearch.js/es/index.js";
import configure from "instantsearch.js/es/widgets/configure/configure";
import pagination from "instantsearch.js/es/widgets/pagination/pagination";
import sortBy from "instantsearch.js/es/widgets/sort-by/sort-by";
import { render } from "preact";
import { readCatalogue } from "./catalogue.js";
import { Choices } from "./choices.js";
import { createClient } from "./client.js";
import { installConsent } from "./consent.jsx";
import { detailView } from "./detail.jsx";
import { installDrawer } from "./drawer.js";
import { Events } from "./events.js";
import { facets } from "./facets.jsx";
import { hitsView } from "./hits.jsx";
import { dropKey, keepKey } from "./key.js";
import { Notice } from "./notice.jsx";
import { personalClient } from "./personal.js";
import { refinements } from "./refinements.jsx";
import { createRouting } from "./routing.js";
import { installSearchBox } from "./searchbox.jsx";
import { SearchKeyForm } from "./search-key-form.jsx";
import { HITS, Refused, listIndexes, segmentNames } from "./service.js";
import { shoppersIn, shoppersOf } from "./shoppers.js";
import { statusView } from "./status.jsx";
import { installTheme } from "./theme.js";
import { Title } from "./title.js";
import { toolsView } from "./tools.jsx";
import { Visitor } from "./visitor.js";
import { whyView } from "./why.jsx";

const DEMO = ["demo", "sample"];

const part = (id) => document.getElementById(id);

async function main() {
  installTheme(part("theme"));
  let served;
  try {
    served = await listIndexes();
  } catch (error) {
    if (!(error instanceof Refused && error.wantsKey)) throw error;
    return askForKey();
  }
  await open(served);
}

/** Where the service answers nobody without a key; what was entered and does not hold is forgotten. */
function askForKey() {
  dropKey();
  const enter = async (key) => {
    keepKey(key);
    let served;
    try {
      served = await listIndexes();
    } catch (error) {
      dropKey();
      throw error;
    }
    render(null, part("results"));
    part("results").ariaBusy = "true";
    open(served).catch(cannotStart);
  };
  part("results").ariaBusy = "false";
  render(<SearchKeyForm open={enter} />, part("results"));
}

async function open(served) {
  const wanted = new URLSearchParams(location.search).get("index");
  const chosen = chooseIndex(served, wanted);
  if (!chosen) {
    part("results").ariaBusy = "false";
    return warn("There is no index yet. Build one with “searchsvc reindex”.");
  }
  showIndexes(served, chosen.index);
  if (wanted && wanted !== chosen.index) {
    warn(`There is no index “${wanted}” here. This is “${chosen.index}”.`);
  }
  const client = createClient();
  const [catalogue, segments] = await Promise.all([
    readCatalogue(chosen, client),
    segmentNames(chosen.index).catch(() => []), // the page works without them
  ]);
  const shoppers = segments.length > 0 ? shoppersIn(segments) : shoppersOf(catalogue);
  startSearch(catalogue, shoppers, client, served.length > 1);
}

function startSearch(catalogue, shoppers, client, severalIndexes) {
  const choices = new Choices(shoppers);
  const visitor = new Visitor(catalogue.index);
  const events = new Events(catalogue.index, visitor, () => choices.shopper);
  const personal = personalClient(client, visitor, () => choices.shopper);
  const title = new Title(catalogue.index);
  let failedAfter; // the last results before a failure
  const search = instantsearch({
    indexName: catalogue.index,
    searchClient: personal,
    routing: createRouting(catalogue, severalIndexes),
    insights: false,
    future: { preserveSharedStateOnUnmount: true },
  });
  choices.attach(search, catalogue.index);
  const context = { search, client, personal, catalogue, choices, visitor, events, title, part };
  search.addWidgets([
    configure({
      hitsPerPage: HITS,
      distinct: true,
      attributesToHighlight: ["title"],
      removeWordsIfNoResults: "allOptional", // the page says how an answer was widened
    }),
    choices.widget(),
    title.widget(),
    installSearchBox(context),
    ...facets(context),
    sortBy({ container: part("sort"), items: catalogue.orders }),
    hitsView(context),
    statusView(context),
    toolsView(context),
    whyView(context),
    refinements(context),
    detailView(context),
    pagination({
      container: part("pages"),
      padding: 2,
      scrollTo: false,
      templates: { previous: () => "‹", next: () => "›", first: () => "«", last: () => "»" },
    }),
  ]);
  search.on("error", ({ error }) => {
    if (error?.status === 401) return location.reload(); // which asks for another key
    part("results").ariaBusy = "false";
    failedAfter = search.mainIndex.getResults();
    const unreachable = error?.name === "RetryError";
    warn(
      unreachable ? "The search service cannot be reached." : `The search failed: ${error.message}`,
      () => choices.again(),
    );
  });
  search.on("render", () => {
    if (failedAfter === undefined || search.mainIndex.getResults() === failedAfter) return;
    failedAfter = undefined;
    render(null, part("notice"));
  });
  search.start();
  installConsent(context);
  installDrawer(part, search);
  scrollUpOnNewPage(search);
}

/** As wanted, else the demo, else the first that can answer. */
function chooseIndex(served, wanted) {
  const ready = served.filter(({ generation }) => generation !== null);
  return [wanted, ...DEMO]
    .map((name) => served.find(({ index }) => index === name))
    .concat(ready, served)
    .find(Boolean);
}

function showIndexes(served, index) {
  const field = part("indexes");
  field.hidden = served.length < 2;
  const select = field.querySelector("select");
  render(
    served.map(({ index: name }) => <option value={name} selected={name === index}>{name}</option>),
    select,
  );
  select.addEventListener("change", () => {
    // Another catalogue has other facets: what was chosen of them means nothing there.
    const parameters = new URLSearchParams({ index: select.value });
    const query = new URLSearchParams(location.search).get("q");
    if (query) parameters.set("q", query);
    location.search = parameters;
  });
}

function scrollUpOnNewPage(search) {
  part("pages").addEventListener("click", (event) => {
    if (!event.target.closest("a")) return;
    search.once("render", () => {
      scrollTo({ top: 0 });
      part("results").focus({ preventScroll: true });
    });
  });
}

function warn(message, retry) {
  render(<Notice message={message} retry={retry} />, part("notice"));
}

function cannotStart(error) {
  part("results").ariaBusy = "false";
  warn(`The page cannot start: ${error.message}`, () => location.reload());
}

main().catch(cannotStart);
