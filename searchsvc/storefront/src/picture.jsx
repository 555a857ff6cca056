/** A product's picture in a frame of fixed shape, or a drawing where there is none. */

import { useState } from "preact/hooks";
import { pictureAddress } from "./address.js";

/** @param {{product: object, alt?: string, eager?: boolean}} properties */
export function Picture({ product, alt = "", eager = false }) {
  const address = pictureAddress(product)?.href ?? null;
  const [[known, state], settle] = useState([address, "loading"]);
  const now = address === null ? "failed" : known === address ? state : "loading";
  return (
    <div class={`picture ${now === "loaded" ? "" : "blank"}`}>
      {now !== "loaded" && <Blank brand={product.brand} />}
      {now !== "failed" && (
        <img
          key={address}
          src={address}
          alt={alt}
          width="400"
          height="400"
          loading={eager ? "eager" : "lazy"}
          decoding="async"
          onLoad={() => settle([address, "loaded"])}
          onError={() => settle([address, "failed"])}
        />
      )}
    </div>
  );
}

function Blank({ brand }) {
  return (
    <div class="drawing">
      <svg viewBox="0 0 48 48" aria-hidden="true" fill="none" stroke="currentColor">
        <path d="M24 6 40 14v20l-16 8-16-8V14z" />
        <path d="m8 14 16 8 16-8M24 22v20M16 10l16 8v6" />
      </svg>
      {brand && <span aria-hidden="true">{brand}</span>}
    </div>
  );
}
