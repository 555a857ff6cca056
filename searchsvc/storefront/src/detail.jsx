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
export function detailView({ catalogue, choices, title, events, part }) {
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
      title.open(id);
      if (!id) return dialog.open && dialog.close();
      render(
        <Detail
          key={id}
          index={catalogue.index}
          id={id}
          loaded={(product) => {
            title.name(id, product.title);
            events.view(id);
          }}
          trade={events.heard ? events : null}
          open={(product) => choices.choose({ product })}
          close={() => dialog.close()}
        />,
        dialog,
      );
      if (!dialog.open) dialog.showModal();
    },
  };
}

function Detail({ index, id, loaded, trade, open, close }) {
  const [product, setProduct] = useState(null);
  const [others, setOthers] = useState([]);
  const [failure, fail] = useState("");
  useEffect(() => {
    fetchProduct(index, id).then(
      (product) => {
        setProduct(product);
        loaded(product);
      },
      () => fail("This product is not in the catalogue."),
    );
    fetchSimilar(index, id).then(setOthers, () => setOthers([])); // it stands without them
  }, [index, id]);
  return (
    <div class="sheet">
      <div class="corner">
        <button class="icon" type="button" aria-label="Close" onClick={close}>✕</button>
      </div>
      {failure && <p id="detail-title" class="notice">{failure}</p>}
      {product ? (
        <Product
          product={product}
          trade={trade}
          similar={others.length > 0 && <Similar products={others} open={open} />}
        />
      ) : (
        !failure && <p id="detail-title" class="muted">Loading …</p>
      )}
    </div>
  );
}

// Two columns of their own heights; what stands beside is placed by the style sheet.
function Product({ product, trade, similar }) {
  const link = webAddress(product.link);
  const facts = factsOf(product);
  return (
    <div class="whole">
      <div class="column">
        <div class="facts">
          {product.brand && <p class="maker">{product.brand}</p>}
          <h2 id="detail-title">{product.title}</h2>
          <Stars product={product} />
          <Price product={product} />
          <Availability product={product} />
          {product.description && <p class="description">{product.description}</p>}
          {link && <a class="button strong" href={link.href} rel="noopener">Go to the shop’s page</a>}
          {trade && <Trade product={product} events={trade} />}
        </div>
        {facts.length > 0 && similar}
      </div>
      <div class="column">
        <Picture product={product} alt={product.title} eager />
        {facts.length > 0 && <Facts facts={facts} />}
      </div>
      {facts.length === 0 && similar}
    </div>
  );
}

/** What a shop's own pages would tell the service; shown to those who agreed to be remembered. */
function Trade({ product, events }) {
  const [said, say] = useState("");
  const tell = (told, sentence) => {
    told();
    say(sentence);
  };
  return (
    <div class="trade">
      <button class="button" type="button" onClick={() => tell(() => events.addToCart(product), "Noted as put into the basket.")}>
        Add to basket
      </button>
      <button class="button" type="button" onClick={() => tell(() => events.purchase(product), "Noted as bought.")}>Buy</button>
      <p class="muted small" role="status">{said || "A demo: nothing is ordered, it is only noted for your results."}</p>
    </div>
  );
}

function factsOf(product) {
  const own = FACTS.map((name) => [name, product[name]]);
  const free = Object.entries(product.attributes ?? {});
  return [...own, ...free].filter(([name, value]) => value !== undefined && !SHOWN.has(name));
}

function Facts({ facts }) {
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
