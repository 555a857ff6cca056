// The clients as bundlers take them for pages, waiting for calls.

import { algoliasearch } from "algoliasearch";
import { liteClient } from "algoliasearch/lite";
import algoliasearch4 from "algoliasearch4";
import lite4 from "algoliasearch4/lite";
import { call, connectAll } from "./driver.js";

const service = new URLSearchParams(location.search).get("service");
const clients = connectAll({ algoliasearch, liteClient, algoliasearch4, lite4 }, service);

window.call = (request) => call(clients, request);
