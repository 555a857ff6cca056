/** The form that asks for a key. */

import { useState } from "preact/hooks";

/**
 * @param {object} properties
 * @param {string} properties.title
 * @param {import("preact").ComponentChildren} properties.help which key it is, and what becomes of it.
 * @param {string} properties.action what the button says.
 * @param {Record<number, string>} properties.refusals what a status means here.
 * @param {(key: string) => Promise<void>} properties.open tries the key.
 */
export function KeyForm({ title, help, action, refusals, open }) {
  const [failure, fail] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await open(new FormData(event.target).get("key"));
    } catch (error) {
      fail(refusals[error.status] ?? error.message);
      setBusy(false);
    }
  };
  return (
    <form class="key panel" onSubmit={submit}>
      <h2>{title}</h2>
      <p id="key-help">{help}</p>
      <label>
        <span>Key</span>
        <input
          name="key"
          type="password"
          autocomplete="off"
          required
          aria-describedby="key-help key-failure"
          aria-invalid={failure !== ""}
        />
      </label>
      <p id="key-failure" role="alert" class={failure ? "notice" : ""}>{failure}</p>
      <button class="button strong" type="submit" disabled={busy}>{action}</button>
    </form>
  );
}
