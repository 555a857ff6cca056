/** One product in full, and others like it. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { webAddress } from "./address.js";
import { follow, productLink } from "./card.jsx";
import { labelOf } from "./catalogue.js";
import { Picture } from "./picture.jsx";
import { Availability, Price, Stars } from "./price.jsx";
import { product as fetchProduct, similar as fetchSimilar } from "./service.js";

const SHOWN = new Set(["rating", "review_count", "popularity", "colour_family", "color_family"]);
const FACTS = ["color", "size", "material", "pattern", "gender", "age_group", "condition", "gtin", "mpn"];

/** The widget of the dialog. */
export function detailView({ catalogue, choices, part }) {
  const dialog = part("detail");
  const shut = () => choices.product && choices.choose({ product: undefined });
  dialog.addEventListener("close", shut);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return {
    $$type: "searchsvc.detail",
    init() {},
    dispose() {},
    render() {
      const id = choices.product;
      if (!id) return dialog.open && dialog.close();
      render(
        <Detail
          key={id}
          index={catalogue.index}
          id={id}
          open={(product) => choices.choose({ product })}
          close={() => dialog.close()}
        />,
        dialog,
      );
      if (!dialog.open) dialog.showModal();
    },
  };
}

function Detail({ index, id, open, close }) {
  const [product, setProduct] = useState(null);
  const [others, setOthers] = useState([]);
  const [failure, fail] = useState("");
  useEffect(() => {
    fetchProduct(index, id).then(setProduct, () => fail("This product is not in the catalogue."));
    fetchSimilar(index, id).then(setOthers, () => setOthers([])); // it stands without them
  }, [index, id]);
  return (
    <div class="sheet">
      <div class="corner">
        <button class="icon" type="button" aria-label="Close" onClick={close}>✕</button>
      </div>
      {failure && <p id="detail-title" class="notice">{failure}</p>}
      {product ? (
        <Product product={product}>{others.length > 0 && <Similar products={others} open={open} />}</Product>
      ) : (
        !failure && <p id="detail-title" class="muted">Loading …</p>
      )}
    </div>
  );
}

function Product({ product, children }) {
  const link = webAddress(product.link);
  return (
    <div class="whole">
      <Picture product={product} alt={product.title} eager />
      <div class="facts">
        {product.brand && <p class="maker">{product.brand}</p>}
        <h2 id="detail-title">{product.title}</h2>
        <Stars product={product} />
        <Price product={product} />
        <Availability product={product} />
        {product.description && <p class="description">{product.description}</p>}
        {link && <a class="button strong" href={link.href} rel="noopener">Go to the shop’s page</a>}
      </div>
      <Facts product={product} />
      {children}
    </div>
  );
}

function Facts({ product }) {
  const own = FACTS.map((name) => [name, product[name]]);
  const free = Object.entries(product.attributes ?? {});
  const facts = [...own, ...free].filter(([name, value]) => value !== undefined && !SHOWN.has(name));
  if (!facts.length) return null;
  return (
    <dl class="table">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{labelOf(name)}</dt>
          <dd>{Array.isArray(value) ? value.join(", ") : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Similar({ products, open }) {
  return (
    <section class="similar" aria-label="Similar products">
      <h3>Similar products</h3>
      <ul>
        {products.map((product) => (
          <li key={product.id}>
            <a href={productLink(product.id)} onClick={(event) => follow(event, () => open(product.id))}>
              <Picture product={product} />
              <span>{product.title}</span>
            </a>
            <Price product={product} />
          </li>
        ))}
      </ul>
    </section>
  );
}
