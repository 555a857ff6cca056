// The same shop, in React.

import { createRoot } from "react-dom/client";
import {
  Breadcrumb,
  ClearRefinements,
  Configure,
  CurrentRefinements,
  DynamicWidgets,
  HierarchicalMenu,
  Highlight,
  Hits,
  HitsPerPage,
  Index,
  InfiniteHits,
  InstantSearch,
  Menu,
  Pagination,
  RangeInput,
  RefinementList,
  SearchBox,
  Snippet,
  SortBy,
  Stats,
  ToggleRefinement,
} from "react-instantsearch";
import {
  CATEGORIES,
  FUTURE,
  INDEX,
  INSIGHTS,
  ORDERS,
  PAGE_SIZES,
  SNIPPETS,
  USUAL_CATEGORIES,
  facts,
  searchClient,
} from "./shop.js";

const Item = ({ hit }) => (
  <article {...facts(hit)}>
    <h3><Highlight hit={hit} attribute="title" /></h3>
    <p><Snippet hit={hit} attribute="description" /></p>
  </article>
);

const Any = ({ attribute }) => (
  <div data-attribute={attribute}><RefinementList attribute={attribute} /></div>
);

const Shop = () => (
  <InstantSearch indexName={INDEX} searchClient={searchClient} future={FUTURE}>
    <Configure {...SNIPPETS} />
    <section id="search"><SearchBox /></section>
    <section id="stats"><Stats /></section>
    <section id="order"><SortBy items={ORDERS} /></section>
    <section id="size"><HitsPerPage items={PAGE_SIZES} /></section>
    <section id="clear"><ClearRefinements /></section>
    <section id="current"><CurrentRefinements /></section>
    <section id="trail"><Breadcrumb attributes={CATEGORIES} /></section>
    <section id="category"><HierarchicalMenu attributes={CATEGORIES} limit={20} /></section>
    <section id="brand"><RefinementList attribute="brand" searchable showMore /></section>
    <section id="gender"><Menu attribute="gender" /></section>
    <section id="price"><RangeInput attribute="price" /></section>
    <section id="sale"><ToggleRefinement attribute="on_sale" /></section>
    <section id="stock"><ToggleRefinement attribute="availability" on="in_stock" /></section>
    <section id="hits"><Hits hitComponent={Item} /></section>
    <section id="pages"><Pagination /></section>
    <Index indexName={ORDERS[1].value}>
      <Configure hitsPerPage={3} />
      <section id="cheapest"><Hits hitComponent={Item} /></section>
    </Index>
  </InstantSearch>
);

const Dynamic = () => (
  <InstantSearch
    indexName={INDEX}
    searchClient={searchClient}
    future={FUTURE}
    insights={INSIGHTS}
  >
    <Configure hitsPerPage={7} />
    <section id="dynamic-stats"><Stats /></section>
    <section id="dynamic">
      <DynamicWidgets fallbackComponent={Any}>
        <HierarchicalMenu attributes={USUAL_CATEGORIES} />
        <Menu attribute="brand" />
      </DynamicWidgets>
    </section>
    <section id="endless"><InfiniteHits hitComponent={Item} /></section>
  </InstantSearch>
);

createRoot(document.getElementById("root")).render(<><Shop /><Dynamic /></>);
