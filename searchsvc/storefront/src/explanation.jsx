/** How a hit got its place: the parts of its score. */

import { COMPARED, nameOf, preferencesOf, signed, titlesOf, whose } from "./preferences.js";

/** What explains all hits of a page: what fills the bars, the best of each part; segments' titles. */
export function scaleOf(hits, personalization) {
  const parts = hits.map(partsOf).filter(Boolean);
  return {
    lexical: Math.max(...parts.map((one) => one.lexical_score), 1e-9),
    titles: titlesOf(personalization),
  };
}

/**
 * @param {object} properties
 * @param {object} properties.hit
 * @param {number} properties.rank
 * @param {number | null | undefined} properties.moved
 * @param {{lexical: number, titles: Map<string, string>}} properties.scale
 */
export function Explanation({ hit, rank, moved, scale }) {
  const parts = partsOf(hit);
  if (!parts) return null;
  const { lexical_rank: words, lexical_score: score, semantic_rank: meaning, similarity } = parts;
  return (
    <dl class="explanation">
      <Row name="Rank">
        {rank}
        {moved ? <span title={COMPARED}>, {moved > 0 ? "▲" : "▼"}{Math.abs(moved)} from {rank + moved}</span> : ""}
        {parts.identified ? ", named by its number" : ""}
      </Row>
      <Row name="Words" share={score / scale.lexical}>
        {words === null ? "no match" : `#${words} · ${score.toFixed(2)}`}
      </Row>
      <Row name="Coverage" share={parts.coverage}>
        {words === null ? "no word" : `${Math.round(100 * parts.coverage)} %`}
      </Row>
      <Row name="Meaning" share={similarity}>
        {similarity === null ? "not compared" : `${meaning === null ? "" : `#${meaning} · `}${similarity.toFixed(3)}`}
      </Row>
      <Row name="Fused">{parts.fused_score === null ? "not fused" : parts.fused_score.toFixed(4)}</Row>
      {parts.feedback ? <Row name="Feedback">{signed(parts.feedback)}</Row> : null}
      {preferencesOf(parts).map((preference) => (
        <Row key={`${preference.kind} ${preference.segment} ${preference.name}`} name={whose(preference, scale.titles)}>
          {nameOf(preference)} {signed(preference.gain)}
        </Row>
      ))}
      {parts.boost ? <Row name="Boost">{signed(parts.boost)}</Row> : null}
      {parts.reranked_from ? <Row name="Second stage">from #{parts.reranked_from}</Row> : null}
    </dl>
  );
}

function Row({ name, share, children }) {
  const width = `${100 * Math.min(Math.max(share || 0, 0), 1)}%`;
  return (
    <div class={share === undefined ? "" : "gauged"} style={share === undefined ? {} : { "--share": width }}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function partsOf(hit) {
  const parts = hit._rankingInfo?.searchsvc;
  return parts?.explain ?? parts;
}
