/** The form that asks for the administrator's key, once. */

import { useState } from "preact/hooks";

const REFUSALS = {
  401: "This is not the key of this service.",
  403:
    "No key is set on this service, so nobody can open the preview. Set SEARCHSVC_ADMIN_KEY, at least 16 characters, " +
    "and start the service again: SEARCHSVC_ADMIN_KEY=… searchsvc demo",
};

/** @param {{open: (key: string) => Promise<void>}} properties */
export function KeyForm({ open }) {
  const [failure, fail] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await open(new FormData(event.target).get("key"));
    } catch (error) {
      fail(REFUSALS[error.status] ?? error.message);
      setBusy(false);
    }
  };
  return (
    <form class="key panel" onSubmit={submit}>
      <h2>The administrator’s key, please</h2>
      <p id="key-help">
        The value of <code>SEARCHSVC_ADMIN_KEY</code> that the service was started with, as
        by <code>SEARCHSVC_ADMIN_KEY=… searchsvc demo</code>. It stays in the memory of this page and is not stored: a
        reload asks for it again.
      </p>
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
      <button class="button strong" type="submit" disabled={busy}>Open the preview</button>
    </form>
  );
}
