"""The stock autocomplete box, typed into in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.conformance.catalogue import INDEX

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

    from tests.browser.conftest import Site
    from tests.conformance.catalogue import Catalogue

pytestmark = [pytest.mark.browser, pytest.mark.slow]
row = pytest.mark.row
CLIENT = "@algolia/autocomplete-js"


class Box:
    """The box and the panel below it."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser

    @property
    def value(self) -> str:
        return str(self.browser.execute_script("return document.querySelector('input').value;"))

    @property
    def chosen(self) -> str | None:
        found: str | None = self.browser.execute_script("return document.body.dataset.chosen;")
        return found

    def press(self, *keys: str) -> None:
        self.browser.find_element(By.CSS_SELECTOR, "input").send_keys(*keys)

    def wait_for(self, read: Callable[[], object], wanted: object) -> None:
        WebDriverWait(self.browser, 10, 0.02).until(lambda _: read() == wanted)

    def offered(self, source: str, fact: str) -> list[str]:
        """One fact of each item of a source."""
        found: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll("
            "`[data-autocomplete-source-id=${arguments[0]}] li > span`"
            ")].map((e) => arguments[1] === 'text' ? e.textContent.trim()"
            " : e.dataset[arguments[1]]);",
            source,
            fact,
        )
        return found

    def marked(self) -> list[str]:
        found: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll('.aa-Panel mark')].map((e) => e.textContent);"
        )
        return found


@pytest.fixture
def box(console: Chrome, pages: str, service: Site) -> Box:
    console.get(f"{pages}/autocomplete.html?service={service.base}")
    return Box(console)


def best(service: Site, query: str) -> list[str]:
    hits = service.search(INDEX, query=query, limit=5, typing="true")["hits"]
    return [hit["id"] for hit in hits]


@row("getAlgoliaResults", "typing offers the five best products of the native API, marked")
def test_typing_offers_products(box: Box, service: Site) -> None:
    for typed in ("jack", "jacket"):
        box.press(Keys.CONTROL, "a")
        box.press(typed)
        box.wait_for(lambda: box.offered("products", "id"), best(service, typed))
    assert {text.lower() for text in box.marked()} <= {"jacket", "jackets"}
    assert box.marked()


@row("getAlgoliaFacets", "typing offers the brands with that beginning, with the feed's counts")
def test_typing_offers_brands(box: Box, catalogue: Catalogue) -> None:
    brands = catalogue.values("brand")
    box.press("alpen")
    expected = [brand for brand in brands if brand.lower().startswith("alpen")]
    box.wait_for(lambda: sorted(box.offered("brands", "text")), sorted(expected))
    counts = box.offered("brands", "count")
    assert counts == [str(brands[name]) for name in box.offered("brands", "text")]


@row("keyboard", "arrow down and enter choose the first brand; arrow up, the last product")
def test_an_offer_is_chosen_by_key(box: Box, service: Site) -> None:
    box.press("alpen")
    box.wait_for(lambda: box.offered("brands", "text")[:1], ["Alpenrost"])
    box.press(Keys.ARROW_DOWN, Keys.ENTER)
    box.wait_for(lambda: box.value, "Alpenrost")
    box.press(Keys.CONTROL, "a")
    box.press("jacket")
    expected = best(service, "jacket")
    box.wait_for(lambda: box.offered("products", "id"), expected)
    box.press(Keys.ARROW_UP, Keys.ENTER)
    box.wait_for(lambda: box.chosen, expected[-1])
