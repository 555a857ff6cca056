/** The workbench: what is asked, for whom, by which draft, and what each would see. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Columns } from "./columns.jsx";
import { complaintsOf } from "./complaints.js";
import { segmentsOf, written } from "./document.js";
import { Draft } from "./draft.jsx";
import { readJson } from "./json-places.js";

const PAUSE_MS = 350;
const SHOWN = 12;
const COLUMNS = 3;
const EVERYBODY = "Everybody";
const NONE = "-";

/**
 * @param {object} properties
 * @param {import("./admin.js").Admin} properties.admin
 * @param {string} properties.index
 * @param {string[]} properties.indexes
 * @param {{document: object, version: string}} properties.published
 * @param {(index: string) => Promise<void>} properties.change opens an index, also the same again.
 */
export function Workbench({ admin, index, indexes, published, change }) {
  const text = useMemo(() => written(published.document), [published]);
  const [draft, setDraft] = useState(text);
  const [asked, ask] = useState(() => fromAddress(segmentsOf(published.document)));
  const read = useMemo(() => readJson(draft), [draft]);
  const offered = useRef([]);
  if (!read.wrong) offered.current = segmentsOf(read.value);
  const { preview, complaints, busy } = usePreview(admin, index, asked, { read, isDraft: draft !== text, segments: offered.current });
  useEffect(() => toAddress(index, asked), [index, asked]);
  return (
    <>
      <form class="asked panel" onSubmit={(event) => event.preventDefault()}>
        {indexes.length > 1 && (
          <Choice
            label="Index"
            value={index}
            options={indexes.map((name) => ({ name, title: name }))}
            choose={(name) => (draft === text || confirm("Leave this index without publishing the draft?")) && change(name)}
          />
        )}
        <label class="query">
          <span>Query</span>
          <input type="search" value={asked.query} onInput={({ target }) => ask({ ...asked, query: target.value })} />
        </label>
      </form>
      <Draft
        draft={draft}
        setDraft={setDraft}
        published={text}
        complaints={complaints}
        busy={busy}
        index={index}
        read={read}
        publish={async () => {
          await admin.publish(index, draft, published.version);
          await change(index);
        }}
        reload={() => change(index)}
      />
      <Columns preview={preview} busy={busy} fewer={asked.shown.at(-1) === NONE}>
        {asked.shown.map((name, place) => (
          <Choice
            key={place}
            label={`Column ${place + 1}`}
            value={name}
            options={[{ name: "", title: EVERYBODY }, ...offered.current, ...(place > 1 ? [{ name: NONE, title: "None" }] : [])]}
            choose={(chosen) => ask({ ...asked, shown: asked.shown.with(place, chosen) })}
          />
        ))}
      </Columns>
    </>
  );
}

function Choice({ label, value, options, choose }) {
  const known = options.some(({ name }) => name === value);
  return (
    <label class="choice">
      <span>{label}</span>
      <select value={value} onChange={({ target }) => choose(target.value)}>
        {!known && <option value={value}>{value} (gone)</option>}
        {options.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
      </select>
    </label>
  );
}

/** What the service answers to what is asked, a moment after the last change. */
function usePreview(admin, index, { query, shown }, { read, isDraft, segments }) {
  const [state, setState] = useState({ preview: null, failure: null, busy: true });
  useEffect(() => {
    if (read.wrong) return undefined;
    const controller = new AbortController();
    const titles = new Map(segments.map(({ name, title }) => [name, title]));
    const shoppers = shown.filter((name) => name !== NONE).map((name) => ({
      title: name ? (titles.get(name) ?? name) : EVERYBODY,
      user: name ? { consent: true, segments: [name] } : {},
    }));
    const body = { query, limit: SHOWN, shoppers, ...(isDraft ? { segments: read.value } : {}) };
    setState((before) => ({ ...before, busy: true }));
    const timer = setTimeout(() => {
      admin.preview(index, body, controller.signal).then(
        (preview) => setState({ preview, failure: null, busy: false }),
        (failure) => controller.signal.aborted || setState((before) => ({ ...before, failure: failure.message, busy: false })),
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [index, query, shown, read, isDraft]);
  const { preview, failure, busy } = state;
  const complaints = read.wrong ? [read.wrong] : failure ? complaintsOf(failure, read.places) : [];
  return { preview, complaints, busy: busy && !read.wrong };
}

/** What the address asks for; without, everybody beside the first segments. */
function fromAddress(segments) {
  const parameters = new URLSearchParams(location.search);
  const wanted = parameters.getAll("for");
  const usual = ["", ...segments.map(({ name }) => name), NONE, NONE].slice(0, COLUMNS);
  return {
    query: parameters.get("q") ?? "",
    shown: usual.map((name, place) => wanted[place] ?? name),
  };
}

function toAddress(index, { query, shown }) {
  const parameters = new URLSearchParams({ index, q: query });
  for (const name of shown) parameters.append("for", name);
  history.replaceState(null, "", `?${parameters}`);
}
