/** The columns: what each shopper would see, and what moved there. */

import { useState } from "preact/hooks";
import { Picture } from "../picture.jsx";
import { COMPARED, nameOf, notApplied, preferencesOf, signed, titlesOf, whose } from "../preferences.js";
import { Price } from "../price.jsx";

/**
 * @param {object} properties
 * @param {object | null} properties.preview
 * @param {boolean} properties.busy
 * @param {boolean} properties.fewer whether the last choice has no column.
 * @param {import("preact").ComponentChildren} properties.children a choice of shopper for each column.
 */
export function Columns({ preview, busy, fewer, children }) {
  const [pointed, point] = useState(null); // a product, in whichever columns it stands
  return (
    <section class={`columns ${fewer ? "fewer" : ""}`} aria-label="What they would see" aria-busy={busy} tabindex="0">
      {children}
      {(preview?.columns ?? []).map((column, place) => (
        <Column key={`${place} ${column.title}`} column={column} pointed={pointed} point={point} />
      ))}
    </section>
  );
}

function Column({ column: { title, personalization, hits, total }, pointed, point }) {
  const titles = titlesOf(personalization);
  return (
    <section class="column panel" aria-label={title}>
      <h2>{title}</h2>
      <p class="muted small">{summary(personalization, total)}</p>
      <ol>
        {hits.map((hit) => (
          <Hit key={hit.id} hit={hit} titles={titles} personal={personalization.applied} pointed={pointed === hit.id} point={point} />
        ))}
      </ol>
    </section>
  );
}

function summary(personalization, total) {
  const products = `${total.toLocaleString(document.documentElement.lang)} ${total === 1 ? "product" : "products"}`;
  if (personalization.applied) return `${products}, strength ${personalization.strength}`;
  const reason = personalization.reason === "no_consent" ? "" : `: ${notApplied(personalization)}`;
  return `${products}, not personalized${reason}`;
}

function Hit({ hit, titles, personal, pointed, point }) {
  const [pinned, pin] = useState(false);
  const [hovered, hover] = useState(false);
  const { id, product, rank } = hit;
  const open = personal && (pinned || hovered);
  const leave = (event) => {
    if (event.key !== "Escape") return;
    pin(false);
    hover(false);
  };
  return (
    <li
      class={`seen ${pointed ? "pointed" : ""}`}
      onPointerEnter={({ pointerType }) => {
        point(id);
        if (pointerType === "mouse") hover(true);
      }}
      onPointerLeave={() => {
        point(null);
        hover(false);
      }}
      onKeyDown={leave}
    >
      <span class="rank">{rank}</span>
      <Picture product={product} />
      <div class="about">
        <p class="title">{product.title}</p>
        {product.brand && <p class="maker">{product.brand}</p>}
        <Price product={product} />
      </div>
      {personal && (
        <button type="button" class={`shift ${direction(hit)}`} aria-expanded={open} title={COMPARED} onClick={() => pin(!pinned)}>
          <span aria-hidden="true">{sign(hit)}</span>
          <span class="unseen">{said(hit)}, {COMPARED}: why {product.title}?</span>
        </button>
      )}
      {open && <Why hit={hit} titles={titles} />}
    </li>
  );
}

function Why({ hit, titles }) {
  const preferences = preferencesOf(hit);
  return (
    <div class="reasons" role="status">
      <p><b>{said(hit)}</b>, {COMPARED}</p>
      {preferences.length === 0 && <p>No preference is about it; others went past it or fell behind.</p>}
      <ul>
        {preferences.map((preference) => (
          <li key={`${preference.kind} ${preference.segment} ${preference.name}`}>
            {whose(preference, titles)}: {nameOf(preference)} <b>{signed(preference.gain)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

function gained({ rank, rank_before: before }) {
  return before === null ? Infinity : before - rank;
}

function direction(hit) {
  const ranks = gained(hit);
  return ranks > 0 ? "up" : ranks < 0 ? "down" : "same";
}

function sign(hit) {
  const ranks = gained(hit);
  if (ranks === Infinity) return "▲ new";
  if (ranks === 0) return "=";
  return `${ranks > 0 ? "▲" : "▼"}${Math.abs(ranks)}`;
}

function said(hit) {
  const { rank, rank_before: before } = hit;
  if (before === null) return `Moved up to ${rank} from far behind`;
  if (before === rank) return `Stays at ${rank}`;
  return `Moved ${rank < before ? "up" : "down"} from ${before} to ${rank}`;
}
