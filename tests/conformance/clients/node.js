// Reads calls from standard input, one JSON object a line, and writes what they give.

import { createInterface } from "node:readline";
import { algoliasearch } from "algoliasearch";
import { liteClient } from "algoliasearch/lite";
import algoliasearch4 from "algoliasearch4";
import lite4 from "algoliasearch4/lite.js";
import { call, connect } from "./driver.js";

const service = process.argv[2];
const clients = {
  "algoliasearch": connect(algoliasearch, service, 5),
  "algoliasearch/lite": connect(liteClient, service, 5),
  "algoliasearch4": connect(algoliasearch4, service, 4),
  "algoliasearch4/lite": connect(lite4, service, 4),
};

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(clients, JSON.parse(line))));
}
