/* What two systems found for one query, side by side. */

const SIDES = ["A", "B"];

/**
 * Both lists.
 *
 * @param {object} data of the collection.
 * @param {object} query one of its queries.
 * @param {[number, number]} systems the places of the two.
 * @param {number} measure the place of the measure whose values are shown.
 */
function createResults(data, query, systems, measure) {
  const answers = systems.map((system) => query.answers[system]);
  const tops = answers.map((answer) => answer?.top ?? []);
  const lists = answers.map((answer, side) =>
    element("section", { className: "list" },
      element("h4", {},
        chip(side), element("span", { className: "name" }, data.systems[systems[side]]),
        element("span", { className: "value" }, fixed(answer?.values[measure] ?? null))),
      answer?.top.length
        ? createList(data, query, tops, side)
        : element("p", { className: "note" }, answer ? "Nothing found." : "Not asked.")),
  );
  const panel = element("div", { className: "panel" });
  if (query.judged.length) panel.append(judgedLine(data, query));
  panel.append(element("div", { className: "lists" }, ...lists));
  return panel;
}

/** The letter by which a side is known. */
function chip(side) {
  return element("span", { className: `chip side-${SIDES[side].toLowerCase()}` }, SIDES[side]);
}

function judgedLine(data, { judged }) {
  const counts = judged.map(([label, count]) =>
    element("span", {}, `${count} × `, badge(label, data.best_label)),
  );
  return element("p", { className: "judged" }, "Judged for this query:", ...counts);
}

function createList(data, query, tops, side) {
  const other = new Map(tops[1 - side].map((product, place) => [product, place + 1]));
  const items = tops[side].map((place) =>
    createItem(data, query, place, side, other.get(place)),
  );
  return element("ol", { role: "list" }, ...items);
}

function createItem(data, query, place, side, rankOfOther) {
  const product = data.products[place];
  const otherSide = SIDES[1 - side];
  const mark = rankOfOther === undefined
    ? element("span", { className: "mark only" }, `only in ${SIDES[side]}`)
    : element("span", { className: "mark" }, `${otherSide}: ${rankOfOther}`);
  const facts = element("p", { className: "details" });
  if (query.labels) facts.append(badge(query.labels[place], data.best_label));
  facts.append(mark);
  for (const text of [product.brand, product.price]) {
    if (text) facts.append(element("span", {}, text));
  }
  return element("li", {},
    picture(data.pictures[product.picture]),
    element("div", { className: "words" },
      element("p", { className: "title", title: product.id }, product.title ?? product.id),
      facts),
  );
}

/** A label with its digit; how deep the colour is follows its share of the best label. */
function badge(label, best) {
  if (label === undefined) return element("span", { className: "badge unjudged" }, "unjudged");
  const level = label <= 0 ? 0 : Math.min(Math.max(Math.ceil((3 * label) / best), 1), 3);
  const said = element("span", { className: "unseen" }, "label ");
  return element("span", { className: `badge level-${level}` }, said, String(label));
}

function picture(address) {
  const frame = element("div", { className: "picture" });
  if (!address) {
    frame.append(placeholder());
    return frame;
  }
  const image = element("img", {
    alt: "", // the title stands beside it
    loading: "lazy",
    decoding: "async",
    referrerPolicy: "no-referrer",
    width: 56,
    height: 56,
  });
  image.addEventListener("error", () => image.replaceWith(placeholder()));
  image.src = address;
  frame.append(image);
  return frame;
}
