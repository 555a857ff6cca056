/** The screen that the page is on. */

const PHONE = "(max-width: 599px)"; // as in the style sheets

/** Whether it is as narrow as a phone's. */
export function isNarrow() {
  return matchMedia(PHONE).matches;
}
