"""A search page as a shopper uses it: widgets have the same classes in every flavour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome
    from selenium.webdriver.remote.webelement import WebElement

_PATIENCE_SECONDS = 30
_READ_ITEMS = """
return [...document.querySelectorAll(`#${arguments[0]} li[class*="-item"]`)].map((item) => {
  const text = (name) =>
    item.querySelector(`[class*="${name} "], [class$="${name}"]`)?.textContent.trim() ?? "";
  const selected = item.className.includes("--selected");
  return [text("-labelText") || text("-label"), text("-count"), selected];
});
"""
_READ_PRODUCTS = """
const cards = document.querySelectorAll(`#${arguments[0]} article`);
return [...cards].map((card) => ({...card.dataset}));
"""


@dataclass(frozen=True)
class Item:
    """A value that a widget offers."""

    label: str
    count: int
    chosen: bool


class ResultsPage:
    """The page, opened."""

    def __init__(self, browser: Chrome, address: str) -> None:
        self.browser = browser
        browser.get(address)
        self.wait(lambda: self.total() and self.products() and self.products("cheapest"))
        self.wait(lambda: self.products("endless"))

    def wait(self, condition: Callable[[], object]) -> None:
        WebDriverWait(self.browser, _PATIENCE_SECONDS, 0.02).until(lambda _: condition())

    def wait_for(self, read: Callable[[], Any], wanted: Any) -> None:
        """Wait until `read` gives `wanted`; fails with what it gives instead."""
        try:
            self.wait(lambda: read() == wanted)
        except TimeoutException:
            pytest.fail(f"the page shows {read()!r} instead of {wanted!r}")

    def wait_for_total(self, wanted: int) -> None:
        self.wait_for(self.total, wanted)

    def script(self, text: str, *arguments: object) -> Any:
        return self.browser.execute_script(text, *arguments)

    def text(self, selector: str) -> str:
        """The text of the first such element; empty where there is none."""
        return str(
            self.script(
                "return document.querySelector(arguments[0])?.textContent ?? '';", selector
            )
        )

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.script(
            "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent);",
            selector,
        )
        return found

    def total(self, place: str = "stats") -> int:
        """The number of results that the statistics widget shows; -1 before there is any."""
        text = self.text(f"#{place} .ais-Stats-text")
        if text.startswith("No results"):
            return 0
        found = re.match(r"([\d,]+) results? ", text)
        return int(found[1].replace(",", "")) if found else -1

    def products(self, place: str = "hits") -> list[dict[str, str]]:
        """The products shown, with the facts that the page puts on their cards."""
        found: list[dict[str, str]] = self.script(_READ_PRODUCTS, place)
        return found

    def ids(self, place: str = "hits") -> list[str]:
        return [product["id"] for product in self.products(place)]

    def items(self, place: str) -> list[Item]:
        """The values that a widget offers, in order, those below a chosen one included."""
        found = self.script(_READ_ITEMS, place)
        return [Item(label, int(n.replace(",", "") or -1), chosen) for label, n, chosen in found]

    def item(self, place: str, label: str) -> Item:
        return next(item for item in self.items(place) if item.label == label)

    def find(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        # By script: a widget that was rendered again between finding and clicking is no failure.
        self.wait(
            lambda: self.script(
                "const e = document.querySelector(arguments[0]); e?.click(); return Boolean(e);",
                selector,
            )
        )

    def choose(self, place: str, label: str) -> None:
        """Click the value of a list."""
        self.wait(
            lambda: self.script(
                """
                const items = document.querySelectorAll(`#${arguments[0]} li[class*="-item"]`);
                const text = (item) =>
                  (item.querySelector('[class*="-labelText"]') ??
                    item.querySelector('[class*="-label"]'))?.textContent.trim();
                const wanted = [...items].find((item) => text(item) === arguments[1]);
                wanted?.querySelector("input, a").click();
                return Boolean(wanted);
                """,
                place,
                label,
            )
        )

    def type(self, selector: str, text: str) -> None:
        """Replace the text of an input, key by key."""
        box = self.find(selector)
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(text or Keys.DELETE)

    def paste(self, selector: str, text: str) -> None:
        """Put the whole text into an empty input at once."""
        self.script("document.querySelector(arguments[0]).focus();", selector)
        self.script("document.execCommand('insertText', false, arguments[0]);", text)

    def search(self, text: str) -> None:
        self.type("#search input", text)

    def select(self, place: str, label: str) -> None:
        """Choose an option by what it says."""
        Select(self.find(f"#{place} select")).select_by_visible_text(label)

    def origins(self) -> set[str]:
        """Whom the page has asked for anything."""
        found = self.script(
            "return performance.getEntriesByType('resource').map((e) => new URL(e.name).origin);"
        )
        return set(found)
