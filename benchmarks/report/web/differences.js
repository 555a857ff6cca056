/* The chart of differences: one bar for each query, wins upwards, losses downwards. */

const TENTH = 0.1;
const UNIT = 100; // of a difference, in user units; the chart is stretched to its frame

/**
 * Show the differences of `rows`.
 *
 * @param {HTMLElement} frame emptied first.
 * @param {object[]} rows those with a difference, greatest first.
 * @param {string} measure what differs.
 */
function showDifferences(frame, rows, measure) {
  const differences = rows.map((row) => row.difference);
  const top = upToTenth(Math.max(0, ...differences));
  const bottom = -upToTenth(-Math.min(0, ...differences));
  const width = Math.max(rows.length, 1);
  const chart = drawn("svg",
    {
      viewBox: `0 ${-top * UNIT} ${width} ${(top - bottom) * UNIT}`,
      preserveAspectRatio: "none",
      role: "img",
    },
    drawn("title", {}, `Difference in ${measure} by query, A minus B, greatest first`),
    drawn("desc", {}, inWords(rows)),
    ...rows.map(bar),
    drawn("line", { class: "ground", x1: 0, x2: width, y1: 0, y2: 0 }),
  );
  frame.replaceChildren(createScale(top, bottom), chart);
}

/** The row whose bar is under the pointer, or undefined. */
function rowAt(frame, rows, event) {
  const { left, width } = frame.querySelector("svg").getBoundingClientRect();
  return rows[Math.floor(((event.clientX - left) / width) * rows.length)];
}

/** Counts of wins, losses and ties. */
function tally(rows) {
  const count = (name) => rows.filter((row) => direction(row.difference) === name).length;
  return { better: count("better"), worse: count("worse"), same: count("same") };
}

function inWords(rows) {
  const { better, worse, same } = tally(rows);
  return `A is better for ${better} queries, B for ${worse}, ${same} are equal.`;
}

/** At least a tenth, so that there is room for a label. */
function upToTenth(value) {
  return Math.max(Math.ceil(value / TENTH - 1e-9), 1) * TENTH;
}

function createScale(top, bottom) {
  const scale = element("div", { className: "scale", ariaHidden: "true" });
  const texts = [[top, `+${top.toFixed(1)}`], [0, "0"], [bottom, `−${(-bottom).toFixed(1)}`]];
  for (const [value, text] of texts) {
    const label = element("span", {}, text);
    label.style.top = `${(100 * (top - value)) / (top - bottom)}%`;
    scale.append(label);
  }
  return scale;
}

function bar({ difference }, place) {
  const height = Math.abs(difference) * UNIT;
  return drawn("rect", {
    class: direction(difference),
    x: place + 0.1,
    width: 0.8,
    y: difference > 0 ? -height : 0,
    height,
  });
}
