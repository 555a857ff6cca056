// The clients for pages, waiting for calls.

import { liteClient } from "algoliasearch/lite";
import lite4 from "algoliasearch4/lite";
import { call, connect } from "./driver.js";

const service = new URLSearchParams(location.search).get("service");
const clients = {
  "algoliasearch/lite": connect(liteClient, service, 5),
  "algoliasearch4/lite": connect(lite4, service, 4),
};

window.call = (request) => call(clients, request);
