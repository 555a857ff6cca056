"""The widgets of InstantSearch, in its plain and its React flavour, used in a browser."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.conformance.catalogue import INDEX, paid_price_of, price_of, value_of

if TYPE_CHECKING:
    from tests.browser.conftest import Site
    from tests.conformance.catalogue import Catalogue
    from tests.conformance.results_page import ResultsPage

pytestmark = [pytest.mark.browser, pytest.mark.slow]
row = pytest.mark.row

every_flavour = pytest.mark.parametrize(
    "page", ["instantsearch", "react-instantsearch"], indirect=True
)
plain_flavour = pytest.mark.parametrize("page", ["instantsearch"], indirect=True)


def native(service: Site, condition: Any = None, **parameters: str | int) -> dict[str, Any]:
    """What the native API answers."""
    if condition is not None:
        parameters["filters"] = json.dumps(condition)
    return service.search(INDEX, **parameters)


def native_total(service: Site, condition: Any) -> int:
    total: int = native(service, condition, limit=0)["total"]
    return total


def native_ids(service: Site, **parameters: str | int) -> list[str]:
    return [hit["id"] for hit in native(service, **parameters)["hits"]]


def shown(page: ResultsPage, fact: str, place: str = "hits") -> list[float]:
    """One fact of each product that is shown."""
    return [float(product[fact]) for product in page.products(place)]


def search(page: ResultsPage, service: Site, text: str) -> dict[str, Any]:
    """Type it, wait for the hits of all of it, and give what the native API answers."""
    expected = native(service, query=text, limit=12, typing="true")
    page.search(text)
    page.wait_for(page.ids, [hit["id"] for hit in expected["hits"]])
    return expected


def marked(page: ResultsPage, place: str) -> set[str]:
    """The marked words, in lower case and in the singular."""
    return {text.lower().removesuffix("s") for text in page.texts(f"{place} mark")}


@every_flavour
@row("searchBox, hits, stats", "typing shows the hits and the number that the native API gives")
def test_typing_searches(page: ResultsPage, service: Site) -> None:
    expected = search(page, service, "waterproof jacket")
    page.wait_for_total(expected["total"])
    assert re.fullmatch(r"[\d,]+ results found in \d+ms", page.text("#stats .ais-Stats-text"))
    page.click("#search .ais-SearchBox-reset")
    page.wait_for_total(native(service, limit=0)["total"])


@every_flavour
@row("searchBox without results", "stats and hits are empty, and no error is in the console")
def test_a_search_without_results_is_shown_as_such(
    page: ResultsPage, catalogue: Catalogue
) -> None:
    prices = {price_of(record) for record in catalogue.records}
    nowhere = str(next(price for price in range(50, 100) if price not in prices))
    page.type("#price .ais-RangeInput-input--min", nowhere)
    page.type("#price .ais-RangeInput-input--max", nowhere)
    page.click("#price .ais-RangeInput-submit")
    page.wait_for_total(0)
    page.wait_for(page.products, [])


@every_flavour
@row("highlight", "the marked parts are the words of the query; no placeholder is left")
def test_titles_are_highlighted(page: ResultsPage, service: Site) -> None:
    search(page, service, "jacket")
    page.wait_for(lambda: marked(page, "#hits h3"), {"jacket"})
    assert "__" not in "".join(page.texts("#hits h3"))


@every_flavour
@row("snippet", "a few words around a marked one")
def test_descriptions_are_snippets(page: ResultsPage, service: Site) -> None:
    search(page, service, "jacket")
    page.wait_for(lambda: marked(page, "#hits p"), {"jacket"})
    snippets = [text.strip() for text in page.texts("#hits p")]
    assert all(0 < len(text.split()) <= 12 for text in snippets)
    assert any(text.endswith("…") for text in snippets)


@every_flavour
@row(
    "refinementList",
    "counts are the feed's; a value's count is nbHits after choosing it; the other counts stay",
)
def test_brands_are_chosen_beside_each_other(
    page: ResultsPage, catalogue: Catalogue, service: Site
) -> None:
    brands = catalogue.values("brand")
    before = page.items("brand")
    assert [item.count for item in before] == sorted(brands.values(), reverse=True)[:10]
    assert {item.label: item.count for item in before}.items() <= brands.items()
    first, second = before[1].label, before[4].label
    page.choose("brand", first)
    page.wait_for_total(brands[first])
    page.wait_for(lambda: page.item("brand", first).chosen, wanted=True)
    assert {item.label: item.count for item in page.items("brand")}.items() <= brands.items()
    assert page.item("brand", second).count == brands[second]
    page.choose("brand", second)
    page.wait_for_total(brands[first] + brands[second])
    assert page.total() == native_total(service, {"field": "brand", "any_of": [first, second]})


@every_flavour
@row("refinementList, in a search", "with words in the box, too, the count is nbHits afterwards")
def test_brands_are_chosen_in_a_search(page: ResultsPage, service: Site) -> None:
    expected = search(page, service, "waterproof jacket")
    page.wait_for_total(expected["total"])
    chosen = 0
    for item in page.items("brand")[:3]:
        page.choose("brand", item.label)
        chosen += item.count
        page.wait_for_total(chosen)
        condition = {"field": "brand", "eq": item.label}
        found = native(service, condition, query="waterproof jacket", limit=0, typing="true")
        assert found["total"] == item.count


@every_flavour
@row("refinementList, searchable", "shows the values with that beginning; choosing one narrows")
def test_brands_are_searched(page: ResultsPage, catalogue: Catalogue) -> None:
    # At once: a slower answer to an earlier key would stay, as the widget takes what comes last.
    page.paste("#brand input[type=search]", "pine")
    expected = {
        brand: count
        for brand, count in catalogue.values("brand").items()
        if any(word.startswith("pine") for word in brand.lower().split())
    }
    page.wait_for(lambda: {i.label: i.count for i in page.items("brand")}, expected)
    assert {text.lower() for text in page.texts("#brand mark")} == {"pine"}
    brand = next(iter(expected))
    page.choose("brand", brand)
    page.wait_for_total(expected[brand])


@every_flavour
@row("refinementList, showMore", "twenty values instead of ten, in the order of their counts")
def test_more_brands_are_shown(page: ResultsPage, catalogue: Catalogue) -> None:
    page.click("#brand .ais-RefinementList-showMore")
    page.wait_for(lambda: len(page.items("brand")), 20)
    most = sorted(catalogue.values("brand").values(), reverse=True)[:20]
    assert [item.count for item in page.items("brand")] == most


@every_flavour
@row("menu", "one value at a time; its count is nbHits; choosing it again takes it back")
def test_a_menu_chooses_one_value(page: ResultsPage, catalogue: Catalogue) -> None:
    genders = catalogue.values("gender")
    assert {item.label: item.count for item in page.items("gender")} == genders
    for gender in ("male", "female"):
        page.choose("gender", gender)
        page.wait_for_total(genders[gender])
    page.choose("gender", "female")
    page.wait_for_total(len(catalogue.records))


@plain_flavour
@row("menuSelect", "choosing an option gives as many results as it says")
def test_an_option_is_selected(page: ResultsPage, catalogue: Catalogue) -> None:
    count = catalogue.values("material")["aluminium"]
    page.select("material", f"aluminium ({count})")
    page.wait_for_total(count)


@every_flavour
@row(
    "hierarchicalMenu",
    "three levels down; at each one the count is nbHits, and siblings and parents keep theirs",
)
def test_categories_are_walked_down(page: ResultsPage, catalogue: Catalogue) -> None:
    tops = catalogue.paths(0)
    assert {item.label: item.count for item in page.items("category")} == tops
    shown = dict(tops)
    path = ""
    for level in range(3):
        counts = catalogue.paths(level)
        path = max((p for p in counts if p.startswith(path)), key=lambda p: (counts[p], p))
        page.choose("category", path.split(" > ")[-1])
        page.wait_for_total(counts[path])
        below = catalogue.paths(level + 1) if level < 2 else {}
        shown |= {
            p.split(" > ")[-1]: count for p, count in below.items() if p.startswith(f"{path} > ")
        }
        page.wait_for(lambda: {i.label: i.count for i in page.items("category")}, shown)
    steps = path.split(" > ")
    assert {item.label for item in page.items("category") if item.chosen} == set(steps)


@every_flavour
@row("breadcrumb", "shows the way down; a click on a step goes back to it")
def test_the_breadcrumb_leads_back(page: ResultsPage, catalogue: Catalogue) -> None:
    tops, seconds = catalogue.paths(0), catalogue.paths(1)
    second = max(seconds, key=lambda path: (seconds[path], path))
    top, name = second.split(" > ")
    page.choose("category", top)
    page.wait_for_total(tops[top])
    page.choose("category", name)
    page.wait_for_total(seconds[second])
    assert top in page.text("#trail")
    assert name in page.text("#trail")
    page.click("#trail li:nth-child(2) a")
    page.wait_for_total(tops[top])


@every_flavour
@row("rangeInput", "the ends are the feed's; only products within remain, all of them")
def test_prices_are_limited(page: ResultsPage, catalogue: Catalogue, service: Site) -> None:
    prices = [price_of(record) for record in catalogue.records]
    least = page.find("#price .ais-RangeInput-input--min").get_attribute("placeholder")
    most = page.find("#price .ais-RangeInput-input--max").get_attribute("placeholder")
    assert (least, most) == (str(int(min(prices))), str(-int(-max(prices) // 1)))
    page.type("#price .ais-RangeInput-input--min", "50")
    page.type("#price .ais-RangeInput-input--max", "80")
    page.click("#price .ais-RangeInput-submit")
    page.wait_for_total(sum(50 <= price <= 80 for price in prices))
    assert page.total() == native_total(service, {"field": "price", "gte": 50, "lte": 80})
    allowed = {r["id"] for r in catalogue.records if 50 <= price_of(r) <= 80}
    assert set(page.ids()) <= allowed


@plain_flavour
@row("rangeSlider", "moving a handle by key leaves the products above it")
def test_a_slider_limits(page: ResultsPage, catalogue: Catalogue) -> None:
    def position() -> int:
        return int(page.script(f"return document.querySelector('{handle}').ariaValueNow;"))

    handle = "#popularity [role=slider]"
    popularity = catalogue.values("popularity")
    start = position()
    assert start == min(popularity)
    page.find(handle).send_keys(Keys.ARROW_RIGHT)
    page.wait(lambda: position() > start)
    page.wait_for_total(sum(n for value, n in popularity.items() if value >= position()))
    assert page.total() < popularity.total()


@plain_flavour
@row("numericMenu", "each choice leaves the products in its range")
def test_number_ranges_are_chosen(page: ResultsPage, catalogue: Catalogue) -> None:
    ranges = {"Up to 4": (0, 4), "5 to 9": (5, 9), "10 and more": (10, 10**9), "Any": None}
    for label, limits in ranges.items():
        page.choose("reviews", label)
        if limits is None:
            page.wait_for_total(len(catalogue.records))
        else:
            low, high = limits
            reviews = catalogue.values("review_count")
            page.wait_for_total(sum(n for value, n in reviews.items() if low <= value <= high))


@plain_flavour
@row("ratingMenu", "the count beside the stars is nbHits after choosing them")
def test_ratings_are_chosen(page: ResultsPage, catalogue: Catalogue) -> None:
    expected = catalogue.count(lambda r: r["attributes"].get("rating", 0) >= 4)
    assert page.text("#rating li:first-child .ais-RatingMenu-count") == f"{expected:,}"
    page.click("#rating li:first-child a")
    page.wait_for_total(expected)


@every_flavour
@row("toggleRefinement", "of a bool and of a text: as many remain as the feed has")
def test_switches_narrow(page: ResultsPage, catalogue: Catalogue, service: Site) -> None:
    page.click("#sale input")
    page.wait_for_total(catalogue.count(lambda record: "sale_price" in record))
    assert page.total() == native_total(service, {"field": "sale_price", "exists": True})
    page.click("#stock input")
    page.wait_for_total(
        catalogue.count(lambda r: "sale_price" in r and r["availability"] == "in_stock")
    )
    page.click("#sale input")
    page.wait_for_total(catalogue.values("availability")["in_stock"])


@plain_flavour
@row("geoSearch (connector)", "a frame leaves the products in it, and they come with places")
def test_a_map_is_framed(page: ResultsPage, catalogue: Catalogue) -> None:
    here = catalogue.those(lambda r: r.get("_geoloc") == catalogue.PLACES["Palermo"])
    page.click("#map button")
    page.wait_for_total(len(here))
    on_map = page.script("return document.getElementById('map').dataset.shown;").split()
    assert on_map == page.ids()
    assert set(on_map) <= {record["id"] for record in here}


@every_flavour
@row("sortBy", "by price in both directions and by popularity: the feed's, sorted")
def test_the_order_is_changed(page: ResultsPage, catalogue: Catalogue) -> None:
    prices = sorted(map(paid_price_of, catalogue.records))
    popularity = sorted((value_of(r, "popularity") or 0 for r in catalogue.records), reverse=True)
    for label, fact, expected in (
        ("Price, lowest first", "price", prices[:12]),
        ("Price, highest first", "price", prices[::-1][:12]),
        ("Popularity", "popularity", popularity[:12]),
    ):
        page.select("order", label)
        page.wait_for(partial(shown, page, fact), expected)
        assert page.total() == len(catalogue.records)


@every_flavour
@row("hitsPerPage", "as many hits as chosen, and fewer pages")
def test_the_size_of_a_page_is_changed(page: ResultsPage, service: Site) -> None:
    page.select("size", "48 a page")
    page.wait_for(page.ids, native_ids(service, limit=48))


@every_flavour
@row("pagination", "each page as the native API has it, nothing twice, the last one included")
def test_pages_are_turned(page: ResultsPage, service: Site) -> None:
    page.search("jacket")
    expected = native(service, query="jacket", limit=1000, typing="true")
    ids = [hit["id"] for hit in expected["hits"]]
    page.wait_for_total(expected["total"])
    for number in (1, 2, 3):
        page.wait_for(page.ids, ids[(number - 1) * 12 : number * 12])
        page.click("#pages .ais-Pagination-item--nextPage a")
    page.click("#pages .ais-Pagination-item--lastPage a")
    rest = expected["total"] % 12 or 12
    page.wait_for(lambda: len(page.products()), rest)
    if expected["total"] == len(ids):
        assert page.ids() == ids[-rest:]


@every_flavour
@row("currentRefinements, clearRefinements", "list what is chosen, take back one and all of it")
def test_what_is_chosen_is_shown_and_taken_back(page: ResultsPage, catalogue: Catalogue) -> None:
    brand = page.items("brand")[0].label
    page.choose("brand", brand)
    page.wait_for_total(catalogue.values("brand")[brand])
    page.click("#stock input")
    page.wait_for_total(
        catalogue.count(lambda r: r["brand"] == brand and r["availability"] == "in_stock")
    )
    labels = page.texts("#current .ais-CurrentRefinements-categoryLabel")
    assert sorted(label.strip() for label in labels) == sorted([brand, "in_stock"])
    page.click("#current .ais-CurrentRefinements-item:first-child button")
    page.wait_for(lambda: len(page.texts("#current .ais-CurrentRefinements-category")), 1)
    page.click("#clear button")
    page.wait_for_total(len(catalogue.records))
    page.wait_for(lambda: page.texts("#current .ais-CurrentRefinements-category"), [])


@every_flavour
@row("index", "a second index name on the page: its own order, the same refinements")
def test_a_second_index_follows_the_refinements(page: ResultsPage, catalogue: Catalogue) -> None:
    cheapest = partial(shown, page, "price", "cheapest")
    prices = sorted(map(paid_price_of, catalogue.records))
    page.wait_for(cheapest, prices[:3])
    page.choose("gender", "male")
    prices = sorted(paid_price_of(r) for r in catalogue.those(lambda r: r.get("gender") == "male"))
    page.wait_for(cheapest, prices[:3])


@every_flavour
@row("infiniteHits", "more and more hits, in the native API's order, nothing twice")
def test_hits_without_end(page: ResultsPage, service: Site) -> None:
    expected = native_ids(service, limit=28)
    for count in (7, 14, 21, 28):
        page.wait_for(lambda: page.ids("endless"), expected[:count])
        page.click("#endless .ais-InfiniteHits-loadMore")


@every_flavour
@row(
    "dynamicWidgets",
    "the service's order of facets; any of them, unknown to the page, counts right and narrows",
)
def test_widgets_are_chosen_by_the_service(page: ResultsPage, catalogue: Catalogue) -> None:
    page.wait(lambda: page.texts("#dynamic [data-attribute=color] li"))
    attributes: list[str] = page.script(
        "return [...document.querySelectorAll('#dynamic [data-attribute]')]"
        ".map((e) => e.dataset.attribute);"
    )
    assert {"color", "gender", "availability"} <= set(attributes)
    assert not {"categories.lvl0", "categories.lvl1", "brand"} & set(attributes)
    assert len(attributes) == len({name.removeprefix("attributes.") for name in attributes})
    assert page.texts("#dynamic .ais-HierarchicalMenu-item")
    assert page.texts("#dynamic .ais-Menu-item")
    colors = catalogue.values("color")
    items = page.items("dynamic [data-attribute=color]")
    assert {item.label: item.count for item in items}.items() <= colors.items()
    page.choose("dynamic [data-attribute=color]", items[0].label)
    page.wait_for(lambda: page.total("dynamic-stats"), colors[items[0].label])


@every_flavour
@row("insights with onEvent", "a click comes to the page: product, position, queryID")
def test_events_come_to_the_page(page: ResultsPage) -> None:
    def events(method: str) -> list[dict[str, Any]]:
        return [event for event in page.script("return events;") if event["method"] == method]

    page.wait(lambda: events("viewedObjectIDs"))
    page.click("#endless li:nth-child(3) article")
    page.wait(lambda: events("clickedObjectIDsAfterSearch"))
    click = events("clickedObjectIDsAfterSearch")[0]
    assert (click["objectIDs"], click["positions"]) == ([page.ids("endless")[2]], [3])
    assert click["index"] == INDEX
    assert re.fullmatch("[0-9a-f]{32}", click["queryID"])


@every_flavour
@row("requests", "to the shop's page and to the service, and to nobody else")
def test_nobody_else_is_asked(page: ResultsPage, pages: str, service: Site) -> None:
    search(page, service, "jacket")
    assert page.origins() == {pages, service.base}
