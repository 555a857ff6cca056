/* The comparison of two systems over the queries of one collection. */

const HINT = "Point at a bar to see its query, click to open it.";
const order = new Intl.Collator("en", { numeric: true });

/** Controls, chart and table of one collection, and what they show now. */
class Comparison {
  #data;
  #parts;
  #sort = { key: "difference", ascending: true };
  #open = new Set(); // places of the queries whose results are shown
  #charted = []; // the rows behind the bars

  constructor(root, data) {
    this.#data = data;
    this.#parts = Object.fromEntries(
      [...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]),
    );
    this.#parts.heads = [...root.querySelectorAll("th[data-sort]")];
    this.#parts.first.value = data.first;
    this.#parts.second.value = data.second;
    root.classList.toggle("classless", data.queries.every((query) => !query.class));
    this.#listen();
    this.#show();
  }

  #listen() {
    const { first, second, measure, filter, chart, rows, heads } = this.#parts;
    for (const choice of [first, second, measure]) {
      choice.addEventListener("change", () => this.#show());
    }
    filter.addEventListener("input", () => this.#show());
    for (const head of heads) {
      head.firstChild.addEventListener("click", () => this.#sortBy(head.dataset.sort));
    }
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("tr.query");
      if (row && getSelection().isCollapsed) this.#toggle(row);
    });
    chart.addEventListener("pointermove", (event) => this.#readOut(event));
    chart.addEventListener("pointerleave", () => this.#readOut(null));
    chart.addEventListener("click", (event) => this.#reveal(event));
  }

  #systems() {
    return [Number(this.#parts.first.value), Number(this.#parts.second.value)];
  }

  /** A row for each query that passes the filter, as sorted. */
  #rows() {
    const words = this.#parts.filter.value.toLowerCase().split(/\s+/);
    const measure = Number(this.#parts.measure.value);
    const systems = this.#systems();
    const rows = this.#data.queries.flatMap((query, place) => {
      const text = `${query.text} ${query.class} ${query.id}`.toLowerCase();
      if (!words.every((word) => text.includes(word))) return [];
      const [first, second] = systems.map(
        (system) => query.answers[system]?.values[measure] ?? null,
      );
      const difference = first === null || second === null ? null : first - second;
      return [{ place, query, text: query.text, class: query.class, first, second, difference }];
    });
    return rows.sort((one, other) => this.#compare(one, other));
  }

  /** Absent values stand last, whichever way is up; equal ones in the order of the file. */
  #compare(one, other) {
    const { key, ascending } = this.#sort;
    const [a, b] = [one[key], other[key]];
    if (a === null || b === null) return (a === null) - (b === null);
    const sign = typeof a === "string" ? order.compare(a, b) : a - b;
    return (ascending ? sign : -sign) || one.place - other.place;
  }

  #show() {
    const { chart, rows: body, heads, measure } = this.#parts;
    const rows = this.#rows();
    this.#charted = rows
      .filter((row) => row.difference !== null)
      .sort((one, other) => other.difference - one.difference || one.place - other.place);
    showDifferences(chart, this.#charted, measure.selectedOptions[0].text);
    this.#readOut(null);
    this.#summarize(rows);
    body.replaceChildren(...rows.flatMap((row) => this.#lines(row)));
    if (!rows.length) body.append(element("tr", {}, this.#cell("No query matches.")));
    for (const head of heads) {
      const { key, ascending } = this.#sort;
      head.ariaSort = head.dataset.sort !== key ? null : ascending ? "ascending" : "descending";
    }
  }

  #summarize(rows) {
    const { better, worse, same } = tally(this.#charted);
    const count = this.#charted.length;
    const sum = this.#charted.reduce((total, row) => total + row.difference, 0);
    const part = (name, text) => element("span", { className: name }, text);
    this.#parts.summary.replaceChildren(
      part("count", `${rows.length} of ${this.#data.queries.length} queries`),
      part("better", `A better ${better}`),
      part("worse", `B better ${worse}`),
      part("same", `equal ${same}`),
      part("mean", `mean difference ${signed(count ? sum / count : null)}`),
    );
  }

  /** The row of a query and, when it is open, the row of its results. */
  #lines(row) {
    const open = this.#open.has(row.place);
    const properties = { type: "button", ariaExpanded: String(open) };
    const button = element("button", properties, row.text || row.query.id);
    const number = (name, text) => element("td", { className: `number ${name}` }, text);
    const line = element("tr", { className: "query" },
      element("th", { scope: "row" }, button,
        element("span", { className: "class-below" }, row.class)),
      element("td", { className: "column-class" }, row.class),
      number("", fixed(row.first)),
      number("", fixed(row.second)),
      number(direction(row.difference), signed(row.difference)),
    );
    line.dataset.place = row.place;
    return open ? [line, this.#resultsLine(row.place)] : [line];
  }

  #resultsLine(place) {
    const measure = Number(this.#parts.measure.value);
    const panel = createResults(this.#data, this.#data.queries[place], this.#systems(), measure);
    return element("tr", { className: "results" }, this.#cell(panel));
  }

  /** A cell as wide as the table. */
  #cell(content) {
    return element("td", { colSpan: this.#parts.heads.length }, content);
  }

  #toggle(line) {
    const place = Number(line.dataset.place);
    const open = !this.#open.delete(place);
    if (open) {
      this.#open.add(place);
      line.after(this.#resultsLine(place));
    } else {
      line.nextSibling.remove();
    }
    line.querySelector("button").ariaExpanded = String(open);
  }

  #sortBy(key) {
    const head = this.#parts.heads.find((one) => one.dataset.sort === key);
    const begin = head.firstChild.dataset.begin === "ascending";
    this.#sort = { key, ascending: this.#sort.key === key ? !this.#sort.ascending : begin };
    this.#show();
  }

  #readOut(event) {
    const row = event && rowAt(this.#parts.chart, this.#charted, event);
    this.#parts.readout.textContent = row ? `${signed(row.difference)}  ${row.text}` : HINT;
  }

  /** Open the query of the bar that was clicked, and go there. */
  #reveal(event) {
    const row = rowAt(this.#parts.chart, this.#charted, event);
    if (!row) return;
    const line = this.#parts.rows.querySelector(`tr.query[data-place="${row.place}"]`);
    if (!this.#open.has(row.place)) this.#toggle(line);
    line.scrollIntoView({ block: "start" });
    line.querySelector("button").focus({ preventScroll: true });
  }
}
