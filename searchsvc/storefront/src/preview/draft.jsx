/** The draft: the segments document as text, what is wrong with it where it stands, and publishing. */

import { useEffect, useRef, useState } from "preact/hooks";
import { changesBetween } from "./document.js";
import { lineOf, readJson } from "./json-places.js";

/**
 * @param {object} properties
 * @param {string} properties.draft
 * @param {(text: string) => void} properties.setDraft
 * @param {string} properties.published the text of what is published.
 * @param {{message: string, start?: number, end?: number}[]} properties.complaints
 * @param {boolean} properties.busy whether it is being checked.
 * @param {string} properties.index
 * @param {object} properties.read the draft, read.
 * @param {() => Promise<void>} properties.publish
 * @param {() => void} properties.reload what is published.
 */
export function Draft({ draft, setDraft, published, complaints, busy, index, read, publish, reload }) {
  const changed = draft !== published;
  useEffect(() => {
    if (!changed) return undefined;
    const warn = (event) => event.preventDefault();
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [changed]);
  return (
    <details class="draft panel">
      <summary><h2>{changed ? "Draft" : "Edit the segments"}</h2></summary>
      <p class="muted small" role="status">
        {stateOf(changed, complaints)}
      </p>
      <Editor draft={draft} setDraft={setDraft} complaints={complaints} />
      <div class="draft-foot">
        <button class="button" type="button" disabled={!changed} onClick={() => setDraft(published)}>Discard the draft</button>
        <Publishing
          enabled={changed && !busy && complaints.length === 0}
          index={index}
          changes={changed && !read.wrong ? changesBetween(readJson(published).value, read.value) : ""}
          publish={publish}
          reload={reload}
        />
      </div>
    </details>
  );
}

function stateOf(changed, complaints) {
  if (!changed) return "These are published. Change them, and the columns show what would come of it.";
  if (complaints.length > 0) return "The columns show the last draft that could be taken.";
  return "The columns show what this draft would do. Nobody else sees it until you publish it.";
}

function Editor({ draft, setDraft, complaints }) {
  const box = useRef(null);
  const gutter = useRef(null);
  const lines = draft.split("\n").length;
  const wrong = new Set(complaints.filter(({ start }) => start !== undefined).map(({ start }) => lineOf(draft, start)));
  const follow = () => (gutter.current.scrollTop = box.current.scrollTop);
  const show = ({ start, end }) => {
    const { current: area } = box;
    area.focus();
    area.setSelectionRange(start, end);
    area.scrollTop = (area.scrollHeight / lines) * Math.max(0, lineOf(draft, start) - 4);
  };
  return (
    <>
      <div class="editor">
        <div class="gutter" aria-hidden="true" ref={gutter}>
          {Array.from({ length: lines }, (_, place) => (
            <span key={place} class={wrong.has(place + 1) ? "wrong" : ""}>{place + 1}</span>
          ))}
        </div>
        <textarea
          ref={box}
          aria-label="Segments as JSON"
          aria-invalid={complaints.length > 0}
          aria-describedby="complaints"
          spellcheck={false}
          wrap="off"
          rows={14}
          value={draft}
          onInput={({ target }) => setDraft(target.value)}
          onScroll={follow}
        />
      </div>
      <div role="alert">
        <ul id="complaints">
          {complaints.map((complaint) => (
            <li key={complaint.message} class="notice">
              {complaint.start !== undefined && (
                <button class="link" type="button" onClick={() => show(complaint)}>Line {lineOf(draft, complaint.start)}</button>
              )}{" "}
              {complaint.message}
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

function Publishing({ enabled, index, changes, publish, reload }) {
  const dialog = useRef(null);
  const [failure, fail] = useState(null);
  const [busy, setBusy] = useState(false);
  const confirmed = async () => {
    setBusy(true);
    try {
      await publish();
    } catch (error) {
      fail(error);
      setBusy(false);
    }
  };
  const ask = () => {
    fail(null);
    dialog.current.showModal();
  };
  const close = () => dialog.current.close();
  return (
    <>
      <button class="button strong" type="button" disabled={!enabled} onClick={ask}>Publish …</button>
      <dialog class="note" ref={dialog} aria-labelledby="publish-title">
        <h2 id="publish-title">Publish to “{index}”?</h2>
        <p>From the next search on, shoppers get these segments. It {changes ? `has ${changes}` : "changes nothing"}.</p>
        <div role="alert">
          {failure && (
            <p class="notice">
              {failure.status === 412 ? "Somebody else has published in the meantime; nothing was changed." : failure.message}{" "}
              {failure.status === 412 && <button class="link" type="button" onClick={reload}>Drop the draft and load theirs</button>}
            </p>
          )}
        </div>
        <div class="draft-foot">
          <button class="button" type="button" onClick={close}>Cancel</button>
          <button class="button strong" type="button" disabled={busy} onClick={confirmed}>Publish</button>
        </div>
      </dialog>
    </>
  );
}
