/** The search box with suggestions: recent searches, completions, categories, brands, products. */

import { autocomplete } from "@algolia/autocomplete-js";
import connectSearchBox from "instantsearch.js/es/connectors/search-box/connectSearchBox";
import { Fragment, h, render } from "preact";
import { cleared } from "./empty.jsx";
import { htmlRuns, Runs } from "./marked.jsx";
import { Picture } from "./picture.jsx";
import { Price } from "./price.jsx";
import { forget, recentSearches, remember } from "./recent.js";
import { suggest } from "./service.js";

const TYPING_PAUSE_MS = 120;
const SETTLED_MS = 2_000;
const LONGEST = 512;
const LENS = "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13m5 11.5 4.5 4.5";
const CLOCK = "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16m0 3.5V12l3 2";
const ARROW = "M5 12h13m-5-5 5 5-5 5";

/** Puts the box on the page; returns the widget that InstantSearch keeps its query in. */
export function installSearchBox(context) {
  const { catalogue, choices, part } = context;
  let box = null;
  let shown = null;
  const widget = connectSearchBox(({ query }, isFirst) => {
    if (isFirst) {
      shown = query;
      box = createBox(context, query, (text) => (shown = text));
    } else if (query !== shown && !choices.pending) {
      shown = query;
      box.setQuery(query);
    }
    settle(catalogue.index, query);
  });
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest?.("input:not([type=checkbox]), textarea, select, dialog");
    if (event.key !== "/" || writing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const input = part("search").querySelector("input");
    input.focus();
    input.select();
  });
  return widget({});
}

function createBox({ catalogue, choices, part }, query, typed) {
  const { index } = catalogue;
  let timer = 0;
  const ask = (text, changes) => {
    clearTimeout(timer);
    typed(text);
    choices.ask(text, changes);
  };
  const box = autocomplete({
    container: part("search"),
    id: "box",
    placeholder: "Describe what you need",
    translations: { submitButtonTitle: "Search", clearButtonTitle: "Clear the search" },
    openOnFocus: true,
    panelContainer: document.querySelector(".top"), // sticks with the box, in the same landmark
    detachedMediaQuery: "none",
    initialState: { query },
    panelPlacement: "input-wrapper-width",
    renderer: { createElement: h, Fragment, render },
    render: ({ children }, root) => render(children, root),
    getSources: ({ query: text }) => sources({ index, text, ask, catalogue, choices }),
    onSubmit: ({ state }) => {
      remember(index, state.query);
      ask(state.query);
    },
    onReset: () => ask(""),
    onStateChange: ({ prevState, state }) => {
      if (prevState.query === state.query || state.query === choices.state.query) return;
      clearTimeout(timer);
      timer = setTimeout(() => ask(state.query), TYPING_PAUSE_MS);
    },
  });
  const input = part("search").querySelector("input");
  input.maxLength = LONGEST;
  input.setAttribute("aria-keyshortcuts", "/");
  part("search").querySelector(".aa-SubmitButton").ariaLabel = "Search";
  part("search").querySelector(".aa-ClearButton").ariaLabel = "Clear the search";
  return box;
}

let settling = 0;

/** A query that stays for a moment is one that was meant. */
function settle(index, query) {
  clearTimeout(settling);
  settling = setTimeout(() => remember(index, query ?? ""), SETTLED_MS);
}

let latest = new AbortController();

async function sources({ index, text, ask, catalogue, choices }) {
  latest.abort();
  latest = new AbortController();
  const answer = await suggest(index, text, latest.signal).catch(() => ({}));
  const recent = recentSearches(index, text).slice(0, text ? 2 : 5);
  const completions = (answer.queries ?? []).filter((one) => !recent.includes(one.text));
  return [
    {
      sourceId: "recent",
      getItems: () => recent.map((query) => ({ query })),
      getItemInputValue: ({ item }) => item.query,
      onSelect: ({ item }) => ask(item.query),
      templates: {
        header: () => recent.length > 0 && <RecentHeader clear={() => clear(index)} />,
        item: ({ item }) => <Line icon={CLOCK}>{item.query}</Line>,
      },
    },
    {
      sourceId: "queries",
      getItems: () => completions,
      getItemInputValue: ({ item }) => item.text,
      onSelect: ({ item }) => ask(item.text),
      templates: {
        item: ({ item }) => <Line icon={LENS}><Runs runs={htmlRuns(item.highlighted ?? item.text)} /></Line>,
      },
    },
    narrowing("categories", "Categories", answer.categories, ({ value }) => ({
      hierarchicalMenu: { [`${catalogue.category}.lvl0`]: value.split(" > ") },
    })),
    narrowing("brands", "Brands", answer.brands, ({ value }) => ({
      refinementList: { [catalogue.brand]: [value] },
    })),
    {
      sourceId: "products",
      getItems: () => answer.products ?? [],
      onSelect: ({ item }) => choices.choose({ product: item.id }),
      templates: {
        header: () => answer.products?.length > 0 && <span class="suggested">Products</span>,
        item: ({ item }) => <Suggested product={item} />,
      },
    },
  ];

  function narrowing(sourceId, title, items = [], changes) {
    return {
      sourceId,
      getItems: () => items,
      onSelect: ({ item }) => ask("", { ...cleared(), ...changes(item) }),
      templates: {
        header: () => items.length > 0 && <span class="suggested">{title}</span>,
        item: ({ item }) => (
          <Line icon={ARROW} count={item.count}>{item.value.replaceAll(" > ", " › ")}</Line>
        ),
      },
    };
  }
}

function RecentHeader({ clear: forgetAll }) {
  return (
    <>
      <span class="suggested">Recent searches</span>
      <button class="link small" type="button" onClick={forgetAll}>Clear</button>
    </>
  );
}

function clear(index) {
  forget(index);
  const input = document.querySelector("#search input");
  input.blur();
  input.focus(); // asks anew
}

function Line({ icon, count, children }) {
  return (
    <div class="line">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d={icon} /></svg>
      <span>{children}</span>
      {count !== undefined && <span class="count">{count.toLocaleString(document.documentElement.lang)}</span>}
    </div>
  );
}

function Suggested({ product }) {
  return (
    <div class="line product">
      <Picture product={product} />
      <span><span class="name">{product.title}</span>{product.brand && <span class="maker">{product.brand}</span>}</span>
      <Price product={product} />
    </div>
  );
}
