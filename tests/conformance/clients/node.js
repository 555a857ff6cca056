// Reads calls from standard input, one JSON object a line, and writes what they give.

import { createInterface } from "node:readline";
import { algoliasearch } from "algoliasearch";
import { liteClient } from "algoliasearch/lite";
import algoliasearch4 from "algoliasearch4";
import lite4 from "algoliasearch4/lite.js";
import { call, connectAll } from "./driver.js";

const makers = { algoliasearch, liteClient, algoliasearch4, lite4 };
const clients = connectAll(makers, process.argv[2]);

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await call(clients, JSON.parse(line))));
}
