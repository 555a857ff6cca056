/** The form that asks for a search key, where the service answers nobody without one. */

import { KeyForm } from "./key-form.jsx";

const REFUSALS = {
  401: "This is not a key of this service, or it holds no more.",
  403: "This key is not for searching, or not for this page.",
};

/** @param {{open: (key: string) => Promise<void>}} properties */
export function SearchKeyForm({ open }) {
  const help = (
    <>
      This service answers only with a key. Enter one of <code>searchsvc keys create --role search --role events</code>.
      It is kept until this tab is closed, and goes to this service alone.
    </>
  );
  return <KeyForm title="A search key, please" help={help} action="Open the shop" refusals={REFUSALS} open={open} />;
}
