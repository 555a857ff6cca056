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

/** `{minor_units: 4995, currency: "USD"}` as `$49.95`. */
export function formatPrice({ minor_units: minorUnits, currency }) {
  const digits = minorDigits(currency);
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: "currency",
    currency,
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(minorUnits / 10 ** digits);
}

/**
 * The sale price of a product if it is lower than the price, and its time has come and is not over.
 *
 * @param {object} product
 * @param {number} [now] milliseconds since 1970.
 */
export function currentSalePrice(product, now = Date.now()) {
  const { price, sale_price: sale, sale_price_effective_date: period = "" } = product;
  if (!price || !sale || sale.minor_units >= price.minor_units) return null;
  const [begin, end] = period.split("/").map((date) => Date.parse(date));
  return now < begin || now > end ? null : sale; // a date that cannot be read limits nothing
}
