/** The card of one product. */

import { element } from "./dom.js";
import { currentSalePrice, formatPrice } from "./money.js";

const SAMPLE_IMAGES = "/sample/image/";
const AVAILABILITY = new Map([
  ["out_of_stock", "Out of stock"],
  ["preorder", "Pre-order"],
  ["backorder", "Back-order"],
]);

/**
 * A list item that shows a product.
 *
 * @param {object} product as the API gives it; every text in it is somebody else's.
 */
export function createCard(product) {
  const facts = element("div", { className: "facts" }, title(product));
  if (product.brand) facts.append(element("p", { className: "maker" }, product.brand));
  if (AVAILABILITY.has(product.availability)) facts.append(availability(product));
  if (product.price) facts.append(price(product));
  return element("li", { className: "card" }, picture(product), facts);
}

/** `text` as an address that a browser may be sent to, or null. */
function webAddress(text) {
  const address = URL.canParse(text) ? new URL(text) : null;
  return ["https:", "http:"].includes(address?.protocol) ? address : null;
}

function title(product) {
  const heading = element("h3", { className: "title" });
  const link = webAddress(product.link ?? "");
  heading.append(
    link ? element("a", { href: link.href, rel: "noopener" }, product.title) : product.title,
  );
  return heading;
}

function picture(product) {
  const frame = element("div", { className: "picture" });
  const address = imageAddress(product.image_link ?? "");
  if (!address) {
    frame.classList.add("blank");
    return frame;
  }
  const image = element("img", {
    alt: product.title,
    loading: "lazy",
    decoding: "async",
    width: 400,
    height: 400,
  });
  image.addEventListener("error", () => {
    image.remove();
    frame.classList.add("blank");
  });
  image.src = address.href;
  frame.append(image);
  return frame;
}

function imageAddress(text) {
  const address = webAddress(text);
  // The sample's pictures are drawn by this service, which may listen elsewhere than its feed says.
  if (address?.hostname === "127.0.0.1" && address.pathname.startsWith(SAMPLE_IMAGES)) {
    return new URL(address.pathname.slice(1), document.baseURI);
  }
  return address;
}

function price(product) {
  const sale = currentSalePrice(product);
  const regular = formatPrice(product.price);
  if (!sale) return element("p", { className: "price" }, regular);
  return element(
    "p",
    { className: "price" },
    element("strong", { className: "sale" }, formatPrice(sale)),
    " ",
    element("span", { className: "unseen" }, "instead of "),
    element("s", {}, regular),
  );
}

function availability(product) {
  const words = [AVAILABILITY.get(product.availability)];
  const date = new Date((product.availability_date ?? "").slice(0, "2026-12-31".length));
  if (product.availability !== "out_of_stock" && !Number.isNaN(date.valueOf())) {
    const style = { dateStyle: "medium", timeZone: "UTC" }; // the shop's day, wherever the reader is
    words.push(`from ${date.toLocaleDateString(document.documentElement.lang, style)}`);
  }
  return element("p", { className: "availability" }, words.join(" "));
}
