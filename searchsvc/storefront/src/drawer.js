/** The filters on a phone: the same elements, in a dialog. */

const WIDE = "(min-width: 900px)";

/** @param {(id: string) => HTMLElement} part gives the page's elements. */
export function installDrawer(part, search) {
  const drawer = part("drawer");
  const head = document.createElement("div");
  head.className = "drawer-head";
  const title = Object.assign(document.createElement("h2"), { textContent: "Filters" });
  const close = Object.assign(document.createElement("button"), {
    type: "button",
    className: "icon",
    textContent: "✕",
    ariaLabel: "Close the filters",
  });
  const done = Object.assign(document.createElement("button"), {
    type: "button",
    className: "button strong done",
  });
  head.append(title, close);
  drawer.append(head, done);

  part("open-filters").addEventListener("click", () => {
    done.before(part("facets"));
    drawer.showModal();
  });
  const shut = () => drawer.close();
  close.addEventListener("click", shut);
  done.addEventListener("click", shut);
  drawer.addEventListener("click", (event) => event.target === drawer && shut());
  drawer.addEventListener("close", () => {
    part("side").append(part("facets"));
    part("open-filters").focus();
  });
  matchMedia(WIDE).addEventListener("change", ({ matches }) => matches && drawer.open && shut());
  search.on("render", () => {
    const total = search.mainIndex.getResults()?.nbHits;
    if (total === undefined) return;
    const count = total.toLocaleString(document.documentElement.lang);
    done.textContent = `Show ${count} ${total === 1 ? "product" : "products"}`;
  });
}
