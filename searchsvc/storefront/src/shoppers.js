/** Shoppers to see the page as: segments of the shop, or demo shoppers where it has none. */

/**
 * @typedef {object} Shopper
 * @property {string} id
 * @property {string} name
 * @property {string} [segment] that each search names.
 * @property {string} [likes] in words.
 * @property {string[]} [boosts] Algolia's optional filters.
 */

/**
 * The segments of the shop as shoppers.
 *
 * @param {{name: string, title: string}[]} segments
 * @returns {Shopper[]}
 */
export function shoppersIn(segments) {
  return segments.map(({ name, title }) => ({ id: name, name: title, segment: name }));
}

/**
 * Who could shop here, each a few boosts of one request, made of what the catalogue has most of.
 *
 * @param {import("./catalogue.js").Catalogue} catalogue
 * @returns {Shopper[]}
 */
export function shoppersOf({ brand, category, colour, price, values, statistics }) {
  const top = category && `${category}.lvl0`;
  const [favourite, second] = values[brand] ?? [];
  const [department, other] = values[top] ?? [];
  const [hue] = values[colour] ?? [];
  const average = statistics[price]?.avg;
  return [
    average && {
      id: "bargain",
      name: "Looks for bargains",
      likes: "low prices",
      boosts: [`${price}<${round(average / 2)}<score=2>`, `${price}<${round(average / 4)}<score=1>`],
    },
    average && {
      id: "premium",
      name: "Buys premium",
      likes: "high prices",
      boosts: [`${price}>${round(average)}<score=2>`, `${price}>${round(average * 2)}<score=1>`],
    },
    favourite && {
      id: "brand",
      name: `Prefers ${favourite}`,
      likes: second ? `${favourite}, a little ${second}` : favourite,
      boosts: [`${brand}:${favourite}<score=3>`, second && `${brand}:${second}<score=1>`].filter(Boolean),
    },
    other && {
      id: "department",
      name: `Shops in ${department}`,
      likes: department,
      boosts: [`${top}:${department}<score=2>`],
    },
    other && {
      id: "other",
      name: `Shops in ${other}`,
      likes: other,
      boosts: [`${top}:${other}<score=2>`],
    },
    hue && { id: "colour", name: `Likes ${hue}`, likes: hue, boosts: [`${colour}:${hue}<score=2>`] },
  ].filter(Boolean);
}

function round(amount) {
  return Number(amount.toPrecision(2));
}
