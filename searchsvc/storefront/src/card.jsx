/** The card of one hit. */

import { useState } from "preact/hooks";
import { Explanation } from "./explanation.jsx";
import { highlightRuns, Runs } from "./marked.jsx";
import { Picture } from "./picture.jsx";
import { COMPARED } from "./preferences.js";
import { Availability, Price, Stars } from "./price.jsx";

const PREVIEWS = 5;

/**
 * @param {object} properties
 * @param {object} properties.hit
 * @param {number} properties.rank among all hits, from 1.
 * @param {number | null | undefined} properties.moved ranks gained; undefined to say nothing, null
 *   where it came from far behind.
 * @param {object | null} properties.scale what fills the bars of the explanation, if it is shown.
 * @param {(id: string) => void} properties.open
 * @param {(id: string) => void} properties.chosen told of a click, also of one for a new tab.
 */
export function Card({ hit, rank, moved, scale, open, chosen }) {
  const [previewed, preview] = useState(null);
  const shown = previewed ?? hit;
  const variants = membersOf(hit);
  const choose = (event) => {
    chosen(idOf(shown));
    follow(event, () => open(idOf(shown)));
  };
  return (
    <article class="card">
      <Picture product={shown} eager={rank <= 4} />
      {moved !== undefined && <Moved ranks={moved} />}
      <div class="facts">
        <div class="about">
          {hit.brand && <p class="maker">{hit.brand}</p>}
          <h2 class="title">
            <a href={productLink(idOf(shown))} onClick={choose}>
              {previewed ? previewed.title : <Runs runs={highlightRuns(hit, "title")} />}
            </a>
          </h2>
          <Stars product={shown} />
        </div>
        <Price product={shown} />
        <Availability product={shown} />
        {variants.count > 1 && <Variants hit={hit} variants={variants} shown={shown} preview={preview} />}
      </div>
      {scale && <Explanation hit={hit} rank={rank} moved={moved} scale={scale} />}
    </article>
  );
}

function Variants({ hit, variants: { count, others }, shown, preview }) {
  const members = [hit, ...others];
  const looks = new Map(members.map((member) => [member.image_link, member]).reverse());
  const previews = members.filter((member) => looks.get(member.image_link) === member).slice(0, PREVIEWS);
  const further = count - 1;
  return (
    <div class="variants">
      {previews.length > 1 && (
        <ul aria-label="Variants">
          {previews.map((member) => (
            <li key={idOf(member)}>
              <button
                type="button"
                aria-pressed={idOf(member) === idOf(shown)}
                aria-label={`Show ${nameOf(member)}`}
                title={nameOf(member)}
                onClick={() => preview(member === hit ? null : member)}
              >
                <Picture product={{ image_link: member.image_link }} />
              </button>
            </li>
          ))}
        </ul>
      )}
      <span class="more">+{further} {further === 1 ? "variant" : "variants"}</span>
    </div>
  );
}

function Moved({ ranks }) {
  if (ranks === 0) return null;
  if (ranks === null) return <p class="moved up" title={COMPARED}><span class="unseen">Moved up from far behind, {COMPARED}</span><span aria-hidden="true">▲ new</span></p>;
  const [kind, sign, said] = ranks > 0 ? ["up", "▲", "up"] : ["down", "▼", "down"];
  const places = Math.abs(ranks);
  return (
    <p class={`moved ${kind}`} title={COMPARED}>
      <span class="unseen">Moved {said} by {places} {places === 1 ? "place" : "places"}, {COMPARED}</span>
      <span aria-hidden="true">{sign}{places}</span>
    </p>
  );
}

/** The address of the page with the details of a product. */
export function productLink(id) {
  const address = new URL(location.href);
  address.searchParams.set("product", id);
  return address.search;
}

/** Do `action` for a plain click; a click for a new tab stays the browser's. */
export function follow(event, action) {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button > 0) return;
  event.preventDefault();
  action();
}

function membersOf(hit) {
  const group = hit._searchsvc?.group;
  return { count: group?.count ?? 1, others: group?.others ?? [] };
}

function idOf(product) {
  return product.objectID ?? product.id;
}

function nameOf({ color, size, title }) {
  return [color, size].filter(Boolean).join(", ") || title;
}
