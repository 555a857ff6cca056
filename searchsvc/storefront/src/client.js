/** The stock search client, pointed at this page's own service. */

import { liteClient } from "algoliasearch/lite";
import { clientKey } from "./key.js";

/** A client of the service that served this page, also below a path of a reverse proxy. */
export function createClient() {
  const { host, pathname, protocol } = new URL(".", document.baseURI);
  const url = `${host}${pathname}`.replace(/\/$/, "");
  return liteClient("searchsvc", clientKey(), {
    hosts: [{ url, accept: "readWrite", protocol: protocol.replace(":", "") }],
    timeouts: { connect: 5_000, read: 10_000, write: 10_000 },
  });
}
