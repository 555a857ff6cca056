/** What an index has: which of its columns the page filters, sorts and shows by. */

// Columns that every product has its own value of, or that a shopper does not choose by.
const NO_FACETS = new Set([
  "id", "objectID", "title", "description", "link", "image_link", "gtin", "mpn", "currency",
  "item_group_id", "item_group_title", "availability_date", "sale_price", "price",
  "effective_price", "released", "identifier_exists", "model_number", "product_line", "_tags",
  "google_product_category", "additional_image_link", "adult", "review_count",
]);
const COLOURS = ["colour_family", "color_family", "color", "colour"];
const CATEGORIES = ["product_type", "categories"];
const PLACED = new Set([...COLOURS, ...CATEGORIES, "brand", "size", "rating", "availability"]);
const MOST_FURTHER_FACETS = 8;

/**
 * @typedef {object} Catalogue
 * @property {string} index
 * @property {Record<string, string>} kinds of the columns: text, number or bool.
 * @property {string | null} category what the levels of the categories are called.
 * @property {string | null} brand
 * @property {string | null} price
 * @property {string | null} colour
 * @property {string | null} size
 * @property {string | null} rating
 * @property {boolean} stocked whether products say if they are in stock.
 * @property {{label: string, value: string}[]} orders
 * @property {Record<string, string[]>} values the most frequent of some columns.
 * @property {Record<string, {avg: number}>} statistics of the number columns.
 */

const LOOKED_AT = [
  "brand", "categories.lvl0", "price", "effective_price", ...COLOURS, "size", "rating", "released",
  "popularity", "availability",
];
const SOME_VALUES = 20;

/**
 * What an index has; a column that no product has a value in counts as none.
 *
 * @param {{index: string, fields: Record<string, string>}} served as the service lists it.
 * @param {object} client
 * @returns {Promise<Catalogue>}
 */
export async function readCatalogue({ index, fields }, client) {
  const request = {
    indexName: index,
    query: "",
    hitsPerPage: 0,
    facets: LOOKED_AT,
    maxValuesPerFacet: SOME_VALUES,
  };
  const { results } = await client.search({ requests: [request] });
  const { facets = {}, facets_stats: statistics = {} } = results[0];
  const values = Object.fromEntries(
    Object.entries(facets).map(([column, counts]) => [column, Object.keys(counts)]),
  );
  const column = (...names) => names.find((name) => values[name]?.length) ?? null;
  const [price, rating] = [column(paidColumn(statistics)), column("rating")];
  const orders = [
    ["Relevance", index, true],
    ["Price, low to high", `${index}:price:asc`, price],
    ["Price, high to low", `${index}:price:desc`, price],
    ["Newest", `${index}:newest`, column("released")],
    ["Best rated", `${index}:rating`, rating],
    ["Most popular", `${index}:popularity`, column("popularity")],
  ];
  return {
    index,
    kinds: Object.fromEntries(Object.entries(fields).map(([name, kind]) => [bareName(name), kind])),
    category: column("categories.lvl0") && "categories",
    brand: column("brand"),
    price,
    colour: column(...COLOURS),
    size: column("size"),
    rating,
    stocked: values.availability?.length > 1,
    orders: orders.filter(([, , there]) => there).map(([label, value]) => ({ label, value })),
    values,
    statistics,
  };
}

/** What is paid; where nothing is on sale, the service offers only the price to choose by. */
function paidColumn({ price, effective_price: paid }) {
  return paid?.sum === price?.sum ? "price" : "effective_price";
}

/** The columns of an answer's facets that have no place of their own, in the service's order. */
export function furtherFacets({ order, facets, refined }) {
  return order
    .filter((name) => !PLACED.has(bareName(name)) && !NO_FACETS.has(bareName(name)))
    .filter((name) => !/\.lvl\d$/.test(name) && (name === bareName(name) || !order.includes(bareName(name))))
    .filter((name) => Object.keys(facets[name] ?? {}).length > 1 || refined.includes(name))
    .filter((name, place) => place < MOST_FURTHER_FACETS || refined.includes(name));
}

/** `attributes.noise_control` as people say it: `Noise control`. */
export function labelOf(attribute) {
  const bare = bareName(attribute).replace(/\.lvl\d$/, "");
  if (CATEGORIES.includes(bare)) return "Category";
  if (bare === "effective_price") return "Price";
  if (COLOURS.includes(bare)) return "Colour";
  if (["gtin", "mpn"].includes(bare)) return bare.toUpperCase();
  const words = bare.replace(/[_.]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The name of a column without saying that it is the shop's own. */
export function bareName(attribute) {
  return attribute.replace(/^attributes\./, "");
}
