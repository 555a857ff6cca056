"""The conformance table: what every stock client was seen to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.conformance.toolchain import locked_version

if TYPE_CHECKING:
    import pytest

_SECTIONS = {
    "test_algoliasearch": "API clients",
    "test_instantsearch": "InstantSearch widgets",
    "test_autocomplete": "Autocomplete",
}
_PACKAGES = {
    "instantsearch": "instantsearch.js",
    "react-instantsearch": "react-instantsearch",
    "algoliasearch": "algoliasearch",
    "algoliasearch/lite": "algoliasearch",
    "algoliasearch4": "algoliasearch4",
    "algoliasearch4/lite": "algoliasearch4",
    "autocomplete": "@algolia/autocomplete-js",
}
_INTRODUCTION = """\
# Stock clients that work with this service

Each `yes` is a test of `tests/conformance`, which drives the unchanged package from npm, at the
version in the head of its column, against a running service over the sample catalogue: API
clients in Node and in Chromium, widgets in Chromium by clicks and keys, pages on another origin
than the service. "The feed" means that the test counts the products of the feed itself.
A dash: that client has no such call or widget, or the page of the test does not have it.

This file is written by `CONFORMANCE_TABLE=write python -m pytest tests/conformance`; a test fails
when it does not say what the tests saw.

Not here, because the service has no such routes: Recommend (`relatedProducts`,
`frequentlyBoughtTogether`, `trendingItems`, `lookingSimilar`), `chat`, `browse`, and whatever
writes to an index. `configureRelatedItems` is not tested.
`geoSearch` draws with Google Maps, so its connector stands for it.

Version 4 of `algoliasearch` takes `hosts` without `accept`; its type for `accept` is a number.
"""


@dataclass(frozen=True)
class Row:
    """One widget or call.

    Attributes:
        part: the widget or call.
        checked: what the test looks at.
    """

    section: str
    part: str
    checked: str


@dataclass
class Table:
    """Outcomes by row and client."""

    cells: dict[Row, dict[str, str]] = field(default_factory=dict)
    expected: set[tuple[Row, str]] = field(default_factory=set)

    def expect(self, item: pytest.Item) -> None:
        """Take notice of a test that is going to run."""
        if place := _place_of(item):
            self.expected.add(place)

    def record(self, item: pytest.Item, outcome: str) -> None:
        if place := _place_of(item):
            row, client = place
            self.cells.setdefault(row, {})[client] = "yes" if outcome == "passed" else outcome

    def complete(self) -> bool:
        """Whether all that was going to run has run, in all sections."""
        seen = {(row, client) for row, cells in self.cells.items() for client in cells}
        sections = {row.section for row in self.cells}
        return seen == self.expected and sections == set(_SECTIONS.values())

    def markdown(self) -> str:
        parts = [_INTRODUCTION]
        for section in _SECTIONS.values():
            rows = {row: cells for row, cells in self.cells.items() if row.section == section}
            clients = list(dict.fromkeys(client for cells in rows.values() for client in cells))
            parts += [f"\n## {section}\n\n", _line(["Widget or call", "Checked", *clients])]
            parts.append(_line(["---"] * (2 + len(clients))))
            parts += [
                _line([row.part, row.checked, *(cells.get(client, "–") for client in clients)])
                for row, cells in rows.items()
            ]
        return "".join(parts)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _place_of(item: pytest.Item) -> tuple[Row, str] | None:
    mark = item.get_closest_marker("row")
    if mark is None:
        return None
    part, checked = mark.args
    section = _SECTIONS[item.path.stem]
    callspec = getattr(item, "callspec", None)
    parameters = {} if callspec is None else callspec.params
    name, place = parameters.get("client", (parameters.get("page", "autocomplete"), ""))
    return Row(section, part, checked), _column(name, place)


def _column(name: str, place: str) -> str:
    """The head of a client's column."""
    package = _PACKAGES[name]
    shown = name.replace("algoliasearch4", "algoliasearch") if place else package
    where = f", {place.title()}" if place else ""
    return f"{shown} {locked_version(package)}{where}"
