/** The numbers of one column, from one to another: two fields and two handles. */

import connectRange from "instantsearch.js/es/connectors/range/connectRange";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * A range of a number column.
 *
 * @param {object} options
 * @param {HTMLElement} options.container
 * @param {string} options.attribute
 * @param {string} options.label
 */
export function rangeField({ container, attribute, label }) {
  const show = (state) => render(<Range {...state} label={label} />, container);
  return {
    ...connectRange(show, () => render(null, container))({ attribute, precision: 0 }),
    $$widgetType: "searchsvc.range",
  };
}

function Range({ start, range: { min, max }, refine, label }) {
  const chosen = [0, 1].map((end) => (Number.isFinite(start[end]) ? start[end] : [min, max][end]));
  const [[low, high], move] = useState(chosen);
  useEffect(() => move(chosen), chosen);
  if (!(min < max)) return null;
  const apply = (from, to) => {
    const [least, most] = from <= to ? [from, to] : [to, from];
    refine([least > min ? least : undefined, most < max ? most : undefined]);
  };
  const share = (value) => `${(100 * (Math.min(Math.max(value, min), max) - min)) / (max - min)}%`;
  return (
    <div class="range" style={{ "--low": share(low), "--high": share(high) }}>
      <div class="rail">
        <Handle name={`Least ${label}`} value={low} range={[min, max]} slide={(to) => move([Math.min(to, high), high])} drop={() => apply(low, high)} />
        <Handle name={`Greatest ${label}`} value={high} range={[min, max]} slide={(to) => move([low, Math.max(to, low)])} drop={() => apply(low, high)} />
      </div>
      <form onSubmit={submitted(apply, [min, max])}>
        <Bound name="from" label={`${label} from`} value={low > min ? low : ""} placeholder={min} />
        <span aria-hidden="true">–</span>
        <Bound name="to" label={`${label} to`} value={high < max ? high : ""} placeholder={max} />
        <button class="button" type="submit">Go<span class="unseen"> with {label}</span></button>
      </form>
    </div>
  );
}

function Handle({ name, value, range: [min, max], slide, drop }) {
  return (
    <input
      type="range"
      aria-label={name}
      min={min}
      max={max}
      value={value}
      onInput={(event) => slide(Number(event.target.value))}
      onChange={drop}
    />
  );
}

function Bound({ name, label, value, placeholder }) {
  return <input type="number" inputMode="decimal" step="any" name={name} aria-label={label} value={value} placeholder={placeholder} />;
}

function submitted(apply, [min, max]) {
  return (event) => {
    event.preventDefault();
    const { from, to } = event.target.elements;
    apply(from.value === "" ? min : Number(from.value), to.value === "" ? max : Number(to.value));
  };
}
