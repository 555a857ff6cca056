/** Prices as people read them. */

// ISO 4217, as the indexer counts. The browser's own digits are those in use in shops (CLDR), with
// which an Iraqi or a Serbian price would be wrong by a factor.
const UNDIVIDED = new Set([
  "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND",
  "VUV", "XAF", "XOF", "XPF",
]);
const THOUSANDTHS = new Set(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);

/** How many decimals the amounts of a currency have. */
export function minorDigits(currency) {
  if (UNDIVIDED.has(currency)) return 0;
  return THOUSANDTHS.has(currency) ? 3 : 2;
}

/** 49.95 and `USD` as `$49.95`; a number alone where the currency is unknown. */
export function formatPrice(amount, currency) {
  if (!/^[A-Z]{3}$/.test(currency ?? "")) return amount.toLocaleString(language());
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(language(), {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(amount);
}

/** The prices of a product of either API: `{amount, was, currency}`, or null without a price. */
export function pricesOf(product, now = Date.now()) {
  const regular = amountOf(product.price);
  if (regular === null) return null;
  const currency = product.price.currency ?? product.currency;
  const sale = amountOf(product.sale_price);
  const onSale = sale !== null && sale < regular && isTime(product, now);
  return onSale
    ? { amount: sale, was: regular, currency }
    : { amount: regular, was: null, currency };
}

/** In main units, of a number or of `{minor_units: 4995, currency: "USD"}`. */
function amountOf(price) {
  if (typeof price === "number") return price;
  if (typeof price?.minor_units !== "number") return null;
  return price.minor_units / 10 ** minorDigits(price.currency);
}

/** Whether the time of a sale has come and is not over; a date that cannot be read limits nothing. */
function isTime({ sale_price_effective_date: period = "" }, now) {
  const [begin, end] = period.split("/").map((date) => Date.parse(date));
  return !(now < begin || now > end);
}

function language() {
  return document.documentElement.lang;
}
