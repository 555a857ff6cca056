// Sends events as a shop's page does: by search-insights, and by the wiring that
// docs/instantsearch.md shows. Prints what the calls gave.

import aa from "search-insights";
import { liteClient } from "algoliasearch/lite";
import instantsearch from "instantsearch.js/es/index.js";
import { connectHits } from "instantsearch.js/es/connectors/index.js";
import { hostsOf } from "./driver.js";

const [service, index] = process.argv.slice(2);

const bySearchInsights = async () => {
  aa("init", { appId: "any", apiKey: "any", host: service });
  aa("setUserToken", "anon-insights");
  const queryID = "0123456789abcdef0123456789abcdef";
  const common = { eventName: "Something", index, consent: true };
  const one = { ...common, objectIDs: [process.argv[4]] };
  const filters = ["brand:Æble & Søn"];
  const sent = [
    aa("clickedObjectIDsAfterSearch", { ...one, queryID, positions: [2] }),
    aa("clickedObjectIDs", one),
    aa("viewedObjectIDs", one),
    aa("convertedObjectIDsAfterSearch", { ...one, queryID }),
    aa("addedToCartObjectIDsAfterSearch", {
      ...one,
      queryID,
      objectData: [{ price: "19.90", quantity: 2 }],
      currency: "EUR",
    }),
    aa("purchasedObjectIDs", { ...one, objectData: [{ price: 19.9, quantity: 3 }], currency: "EUR" }),
    aa("clickedFilters", { ...common, filters }),
    aa("sendEvents", [{ eventType: "instantsearch", eventName: "__start__", widgets: [] }]),
    aa("viewedObjectIDs", { ...one, consent: undefined }),
  ];
  return Promise.all(sent);
};

// What the page does when its shopper has agreed.
const send = (events) =>
  fetch(`${service}/1/events`, { method: "POST", body: JSON.stringify({ consent: true, events }) });

const byInstantSearch = () =>
  new Promise((resolve) => {
    const searchClient = liteClient("any", "any", { hosts: hostsOf(service, 5) });
    const search = instantsearch({
      indexName: index,
      searchClient,
      insights: {
        insightsClient: null,
        onEvent({ insightsMethod, payload, eventType }) {
          if (!insightsMethod || eventType === "view") return;
          send([{ ...payload, eventType, userToken: "anon-page" }]).then(async (response) =>
            resolve({ status: response.status, payload }),
          );
        },
      },
    });
    let clicked = false;
    const hits = connectHits(({ items, sendEvent }) => {
      if (items.length && !clicked) {
        clicked = true;
        setTimeout(() => sendEvent("click", items[1], "Hit Clicked"), 0);
      }
    });
    search.addWidgets([hits({})]);
    search.start();
  });

console.log(JSON.stringify({ sent: await bySearchInsights(), page: await byInstantSearch() }));
process.exit(0);
