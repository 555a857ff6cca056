// Calls one method of one stock client: the same code in Node and in a browser.

const CREDENTIALS = ["any-application", "any-key"];

// Version 4 knows `accept` only as a number that it keeps to itself; left out, it means both.
export const hostsOf = (service, version) => {
  const { host, protocol } = new URL(service);
  const common = { url: host, protocol: protocol.replace(":", "") };
  return [version === 4 ? common : { ...common, accept: "readWrite" }];
};

export const connect = (make, service, version) =>
  make(...CREDENTIALS, { hosts: hostsOf(service, version) });

export const connectAll = ({ algoliasearch, liteClient, algoliasearch4, lite4 }, service) => ({
  "algoliasearch": connect(algoliasearch, service, 5),
  "algoliasearch/lite": connect(liteClient, service, 5),
  "algoliasearch4": connect(algoliasearch4, service, 4),
  "algoliasearch4/lite": connect(lite4, service, 4),
});

// A plain value for what came back or was thrown.
export const call = async (clients, { client, index, method, args }) => {
  try {
    const target = index ? clients[client].initIndex(index) : clients[client];
    return { answer: await target[method](...args) };
  } catch (error) {
    const { name, message, status } = error;
    return { error: { name, message, status: status ?? null } };
  }
};
