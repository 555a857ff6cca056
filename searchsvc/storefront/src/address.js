/** Addresses in a feed: somebody else's text until it is known what they lead to. */

const SAMPLE_IMAGES = "/sample/image/";

/** `text` as an address that a browser may be sent to, or null. */
export function webAddress(text) {
  const address = URL.canParse(text ?? "") ? new URL(text) : null;
  return ["https:", "http:"].includes(address?.protocol) ? address : null;
}

/** The address of a product's picture, or null. */
export function pictureAddress({ image_link: text }) {
  const address = webAddress(text);
  // The sample's pictures are drawn by this service, which may listen elsewhere than its feed says.
  if (address?.hostname === "127.0.0.1" && address.pathname.startsWith(SAMPLE_IMAGES)) {
    return new URL(address.pathname.slice(1), document.baseURI);
  }
  return address;
}
