/** Demo shoppers: what somebody may like of the catalogue at hand, as boosts of one request. */

/**
 * @typedef {object} Shopper
 * @property {string} id
 * @property {string} name
 * @property {string} likes in words.
 * @property {string[]} boosts Algolia's optional filters.
 * @property {string} [department] that they like.
 */

/**
 * Who could shop here, made of what the catalogue has most of.
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
      department,
      boosts: [`${top}:${department}<score=2>`],
    },
    other && {
      id: "other",
      name: `Shops in ${other}`,
      likes: other,
      department: other,
      boosts: [`${top}:${other}<score=2>`],
    },
    hue && { id: "colour", name: `Likes ${hue}`, likes: hue, boosts: [`${colour}:${hue}<score=2>`] },
  ].filter(Boolean);
}

function round(amount) {
  return Number(amount.toPrecision(2));
}
