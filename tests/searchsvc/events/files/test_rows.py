"""The rows of an import."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds.raw import RawRecord
from searchsvc.events.event import EventKind, Item
from searchsvc.events.files.columns import USUAL_NAMES, Columns
from searchsvc.events.files.rejections import Rejection
from searchsvc.events.files.rows import MAX_ITEMS, Row, RowParser
from searchsvc.events.files.values import Times, epoch_ms

PARSER = RowParser(Columns(), Times(UTC, 4_000_000_000_000))
TIME = "2026-01-31T18:05:00Z"
PERSON = "a-person@shop.example"


def parse(fields: dict[str, Any], parser: RowParser = PARSER) -> list[Row | Rejection]:
    return list(parser.rows(RawRecord(7, fields)))


def test_a_row_of_an_order_has_everything_that_it_says() -> None:
    (row,) = parse(
        {"order_id": "o1", "product_id": "p1", "quantity": "6", "time": TIME, "price": "4.25",
         "customer_id": "17850", "country": "United Kingdom", "currency": "gbp"}
    )  # fmt: skip
    assert row == Row(
        7, EventKind.PURCHASE, "17850", "o1", epoch_ms(TIME), Item("p1", None, 6, 4.25), "GBP",
        None, None, "",
    )  # fmt: skip


def test_a_click_has_its_position_and_its_query() -> None:
    (row,) = parse(
        {"type": "click", "sku": "p1", "user": "u", "time": TIME, "position": "3",
         "query_id": "ab" * 16, "event_id": "e1"}
    )  # fmt: skip
    assert isinstance(row, Row)
    assert (row.kind, row.item) == (EventKind.CLICK, Item("p1", 3))
    assert (row.query_id, row.event_id) == ("ab" * 16, "e1")


def test_a_search_has_a_text_and_needs_no_product() -> None:
    (row,) = parse({"type": "search", "user": "u", "time": TIME, "query": "red sofa"})
    assert isinstance(row, Row)
    assert (row.kind, row.query, row.item) == (EventKind.SEARCH, "red sofa", None)


def test_rows_take_the_kind_and_the_currency_of_their_file() -> None:
    parser = RowParser(PARSER.columns, PARSER.times, EventKind.VIEW, "SEK")
    (row,) = parse({"sku": "p1", "user": "u", "time": TIME, "price": 3, "type": ""}, parser)
    assert isinstance(row, Row)
    assert (row.kind, row.currency) == (EventKind.VIEW, "SEK")


def test_an_order_of_json_has_a_row_for_each_product() -> None:
    items: list[Any] = [{"product_id": "a", "quantity": 2, "price": 9.5}, {"sku": "b"}, "c"]
    order = {"order_id": "o1", "customer_id": 5, "time": TIME, "price": 1, "items": items}
    first, second, third = parse(order)
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert first.item == Item("a", None, 2, 9.5)
    assert second.item == Item("b", None, 1, 1.0)
    assert first[:5] == second[:5] == (7, EventKind.PURCHASE, "5", "o1", epoch_ms(TIME))
    assert third == Rejection(7, "items", "expected a list of objects")


@pytest.mark.parametrize("items", [[], [{"sku": "a"}] * (MAX_ITEMS + 1)])
def test_an_order_has_a_plausible_number_of_products(items: list[Any]) -> None:
    (rejection,) = parse({"customer_id": 5, "time": TIME, "items": items})
    assert rejection == Rejection(7, "items", "expected 1 to 1,000 products")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"customer_id": ""}, "customer_id"),
        ({"product_id": ""}, "product_id"),
        ({"quantity": "-1"}, "quantity"),
        ({"price": "a lot"}, "price"),
        ({"time": "soon"}, "time"),
        ({"currency": "XXXX"}, "currency"),
        ({"type": "remove_from_cart"}, "type"),
        ({"type": "search"}, "query"),
        ({"position": "0"}, "position"),
        ({"order_id": ["a", "b"]}, "order_id"),
        ({"query_id": {}}, "query_id"),
        ({"event_id": True}, "event_id"),
    ],
)
def test_a_bad_cell_costs_its_row_and_is_named(changed: dict[str, Any], field: str) -> None:
    good = {"customer_id": "u", "product_id": "p", "time": TIME}
    (rejection,) = parse(good | changed)
    assert isinstance(rejection, Rejection)
    assert (rejection.line, rejection.field) == (7, field)
    assert rejection.reason.startswith("expected")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.just(PERSON) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(USUAL_NAMES)), JSON))
def test_whatever_a_record_holds_is_a_row_or_a_rejection_that_tells_nothing_of_it(
    fields: dict[str, Any],
) -> None:
    for row in parse(fields):
        if isinstance(row, Rejection):
            assert PERSON not in str(row)
        else:
            assert row.customer
