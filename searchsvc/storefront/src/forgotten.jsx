/** The numbers that this browser has forgotten, by which the shop finds what it has stored. */

/** @param {{numbers: string[], dismiss: (number: string) => void}} properties */
export function Forgotten({ numbers, dismiss }) {
  return numbers.map((number) => (
    <p key={number} class="said forgotten">
      <span>
        Your number was <code>{number}</code>: give it to the shop to have what is stored deleted. This browser has
        not kept it: it stands here until you leave the page.
      </span>
      <button class="icon" type="button" aria-label="Dismiss" onClick={() => dismiss(number)}>✕</button>
    </p>
  ));
}
