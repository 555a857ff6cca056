/** A line that says what went wrong, and a way on. */

/** @param {{message: string, retry?: () => void}} properties */
export function Notice({ message, retry }) {
  return (
    <p class="notice">
      {message} {retry && <button class="button" type="button" onClick={retry}>Try again</button>}
    </p>
  );
}
