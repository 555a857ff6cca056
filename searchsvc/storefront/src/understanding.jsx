/** What a query was taken for, step by step, and where its time went. */

import { useEffect, useState } from "preact/hooks";
import { isNarrow } from "./screen.js";
import { understand } from "./service.js";

/** @param {{index: string, query: string, exact: boolean}} properties */
export function Understanding({ index, query, exact }) {
  const [answer, show] = useState(null);
  const [wide] = useState(() => !isNarrow()); // on a phone the products come first
  useEffect(() => {
    let current = true;
    understand(index, query, exact).then((one) => current && show(one), () => current && show(null));
    return () => (current = false);
  }, [index, query, exact]);
  if (!answer?.understood) return null;
  const { steps, embedded } = answer.understood;
  return (
    <section class="understanding" aria-label="How the query was understood">
      <details open={wide}>
        <summary><h2>How “{query || "everything"}” was understood</h2></summary>
        <ul>
          {steps
            .filter(({ kind }) => kind !== "discounted")
            .map((step, place, shown) => <Step {...step} further={isFurther(step, shown[place - 1])} />)}
          <Discounted steps={steps.filter(({ kind }) => kind === "discounted")} />
          {embedded.length > 1 && <li>By meaning also <b>{embedded.slice(1).join("; ")}</b></li>}
          {steps.length === 0 && embedded.length < 2 && <li>Taken as it was typed.</li>}
        </ul>
        <Stages stages={answer.stages_ms} took={answer.took_ms} />
        <p class="muted small">
          On each card: words with their rank and BM25 score, coverage as the share of the query’s words, meaning with
          its rank and cosine, and both fused.
        </p>
      </details>
    </section>
  );
}

function isFurther({ kind, typed }, before) {
  return before?.kind === kind && before.typed === typed;
}

function Step({ kind, typed, meant, weight, further }) {
  const percent = `${Math.round(100 * weight)} %`;
  const [sign, meaning, reason] = {
    corrected: further ? ["→", `or ${meant}`, `less likely, ${percent} of the weight`] : ["→", meant, "spelling"],
    expanded: ["→", `also ${meant}`, `more products say so, ${percent} of the weight`],
    split: ["→", meant, "a space was missing"],
    joined: ["=", meant, "also looked for as one word"],
    quantity: ["→", meant, "whatever the unit"],
    synonym: ["→", `also ${meant}`, "a synonym"],
    forbidden: ["≠", meant, "never taken for it"],
  }[kind] ?? ["→", meant, kind]; // a newer service may know more
  return <li><b>{typed}</b> {sign} <b>{meaning}</b>: <span class="muted">{reason}</span></li>;
}

function Discounted({ steps }) {
  if (!steps.length) return null;
  const words = steps.map(({ typed }) => typed).join(", ");
  return <li><b>{words}</b>: <span class="muted">counts little beside the other words</span></li>;
}

function Stages({ stages, took }) {
  const entries = Object.entries(stages ?? {}).filter(([, milliseconds]) => milliseconds >= 0.01);
  return (
    <div class="stages">
      <div class="track" aria-hidden="true">
        {entries.map(([name, milliseconds]) => <span key={name} style={{ flexGrow: String(milliseconds) }} />)}
      </div>
      <p>
        {entries.map(([name, milliseconds]) => `${name} ${milliseconds.toFixed(2)} ms`).join(" · ")}
        {" · "}<b>{took.toFixed(2)} ms in all</b>
      </p>
    </div>
  );
}
