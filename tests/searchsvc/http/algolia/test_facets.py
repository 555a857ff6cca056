"""Facets in the form of Algolia's answers."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.columns import Scalar
from searchsvc.http.algolia.facets import (
    encode_found_values,
    encode_statistics,
    encode_values,
    order_of_use,
    text_of,
)
from searchsvc.query.query import FacetRequest
from searchsvc.results.facet import Facet, FacetValue, Statistics
from searchsvc.results.highlighted import Tags

MARK = Tags("[", "]", escape=False)


def facet(
    counts: dict[Scalar, int],
    field: str = "brand",
    *,
    level: int | None = None,
    distinct: int | None = None,
    statistics: Statistics | None = None,
) -> Facet:
    values = tuple(FacetValue(value, count) for value, count in counts.items())
    request = FacetRequest(field, level=level)
    return Facet(
        request, "text", hierarchical=False, values=values, distinct=distinct or len(values),
        statistics=statistics, counts=(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (True, "true"), (False, "false"), (4.0, "4"), (4.25, "4.25")]
)
def test_values_are_texts_that_a_filter_takes(value: Scalar, text: str) -> None:
    assert text_of(value) == text
    assert encode_values({"x": facet({value: 2})}) == {"x": {text: 2}}


def test_a_facet_without_values_is_left_out() -> None:
    assert encode_values({"x": facet({})}) == {}


def test_numbers_have_statistics() -> None:
    price = facet({1.0: 1, 3.0: 1}, statistics=Statistics(1, 3, 4, 2))
    assert encode_statistics({"price": price, "brand": facet({"a": 1})}) == {
        "price": {"min": 1, "max": 3, "avg": 2, "sum": 4}
    }


@pytest.mark.parametrize(
    ("value", "typed", "marked"),
    [
        ("Hewlett Packard", "hew pack", "[Hew]lett [Pack]ard"),
        ("Hewlett Packard", "HEWLETT", "[Hewlett] Packard"),
        ("Hewlett Packard", "lett", "Hewlett Packard"),
        ("Hewlett Packard", "", "Hewlett Packard"),
        ("Café Crème", "cafe cr", "[Café] [Cr]ème"),
        ("Cafe\u0301", "café", "[Cafe\u0301]"),
        ("Straße", "strass", "[Straß]e"),
        ("ﬁsh", "fi", "[ﬁ]sh"),
        ("A & B", "b", "A & [B]"),
        ("Furniture > Sofas", "so", "Furniture > [So]fas"),
    ],
)
def test_the_typed_beginnings_are_marked(value: str, typed: str, marked: str) -> None:
    (found,) = encode_found_values(facet({value: 3}), typed, MARK)
    assert found == {"value": value, "highlighted": marked, "count": 3}


@given(st.text(max_size=30), st.text(max_size=10))
def test_without_its_tags_a_marked_value_is_the_value(value: str, typed: str) -> None:
    tags = Tags("<em>", "</em>", escape=True)
    (found,) = encode_found_values(facet({value: 3}), typed, tags)
    bare = found["highlighted"].replace("<em>", "").replace("</em>", "")
    assert html.unescape(bare) == html.unescape(html.escape(value))


def test_facets_are_ordered_by_their_use() -> None:
    facets = {
        "none": facet({}, "none"),
        "all": facet({"only": 100}, "all"),
        "rare": facet({"a": 1, "b": 1}, "rare"),
        "halves": facet({"a": 50, "b": 50}, "halves"),
        "many": facet({str(n): 5 for n in range(20)}, "many"),
        "cut": facet({str(n): 5 for n in range(3)}, "cut", distinct=20),
        "c.lvl1": facet({"x > y": 30, "x > z": 20}, "path", level=1),
        "c.lvl0": facet({"x": 50, "y": 40}, "path", level=0),
    }
    order = order_of_use(facets, 100)
    assert order == ["halves", "c.lvl0", "many", "cut", "rare", "all"]
    del facets["c.lvl0"]
    assert order_of_use(facets, 100)[:2] == ["halves", "c.lvl1"]


def test_without_hits_the_order_is_by_name() -> None:
    assert order_of_use({"b": facet({"x": 1}, "b"), "a": facet({"x": 1}, "a")}, 0) == ["a", "b"]
