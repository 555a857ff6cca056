/** The form that asks for the administrator's key, once. */

import { KeyForm } from "../key-form.jsx";

const REFUSALS = {
  401: "This is not the key of this service.",
  403:
    "No key is set on this service, or this one is not an administrator’s, so it cannot open the preview. Set " +
    "SEARCHSVC_ADMIN_KEY, at least 16 characters, and start the service again: SEARCHSVC_ADMIN_KEY=… searchsvc demo",
};

/** @param {{open: (key: string) => Promise<void>}} properties */
export function AdminKeyForm({ open }) {
  const help = (
    <>
      The value of <code>SEARCHSVC_ADMIN_KEY</code> that the service was started with, as
      by <code>SEARCHSVC_ADMIN_KEY=… searchsvc demo</code>, or a key of <code>searchsvc keys create --role admin</code>.
      It stays in the memory of this page and is not stored: a reload asks for it again.
    </>
  );
  return <KeyForm title="The administrator’s key, please" help={help} action="Open the preview" refusals={REFUSALS} open={open} />;
}
