/** Elements, made without ever parsing text as markup. */

/**
 * A new element.
 *
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] DOM properties, so `className`, not `class`.
 * @param {...(Node | string)} children strings become text nodes.
 * @returns {HTMLElement}
 */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}
