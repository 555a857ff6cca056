/* Elements, made without ever parsing text as markup. */

const SVG = "http://www.w3.org/2000/svg";
const BOX = "M24 6 40 14v20l-16 8-16-8V14zM8 14l16 8 16-8M24 22v20M16 10l16 8v6";

/**
 * A new HTML element.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] DOM properties, so `className`, not `class`.
 * @param {...(Node | string)} children strings become text nodes.
 */
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** A new SVG element with these attributes. */
function drawn(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** What stands where there is no picture. */
function placeholder() {
  return drawn("svg", { viewBox: "0 0 48 48", class: "blank", "aria-hidden": "true" },
    drawn("path", { d: BOX }));
}

/** `0.847`, or a dash where there is no value. */
function fixed(value) {
  return value === null ? "–" : value.toFixed(3);
}

/** `+0.012` with a true minus sign; what rounds to zero has no sign. */
function signed(value) {
  if (value === null) return "–";
  const digits = Math.abs(value).toFixed(3);
  if (Number(digits) === 0) return digits;
  return `${value > 0 ? "+" : "−"}${digits}`;
}

/** The class name for a difference: direction by sign, as it is written. */
function direction(difference) {
  if (difference === null || Number(difference.toFixed(3)) === 0) return "same";
  return difference > 0 ? "better" : "worse";
}
