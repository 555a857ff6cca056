"""The events of an import."""

from __future__ import annotations

import hashlib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from searchsvc.events.draft import search_id
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.events.files.events import MAX_ORDER, EventMaker
from searchsvc.events.files.rows import Row


def user_key(customer: str) -> str:
    return hashlib.sha256(customer.encode()).hexdigest()


def row(  # noqa: PLR0913 - the parts of a row
    line: int,
    customer: str = "ann",
    order: str = "o1",
    product: str = "p",
    *,
    kind: EventKind = EventKind.PURCHASE,
    time_ms: int = 1_000_000_000_000,
    currency: str | None = None,
    query_id: str | None = None,
    event_id: str = "",
) -> Row:
    item = None if kind is EventKind.SEARCH else Item(product)
    query = "sofa" if kind is EventKind.SEARCH else None
    return Row(line, kind, customer, order, time_ms, item, currency, query_id, query, event_id)


def events(rows: list[Row], index: str = "shop") -> list[Event]:
    maker = EventMaker(index, user_key)
    made = [imported for row in rows for imported in maker.add(row)] + list(maker.rest())
    assert [it.line for it in made] == sorted(it.line for it in made)
    return [it.event for it in made]


def test_the_rows_of_an_order_are_one_event() -> None:
    first, second = events([row(2, product="a"), row(3, product="b"), row(4, order="o2")])
    assert first.items == (Item("a"), Item("b"))
    assert (first.kind, first.index, first.user) == (EventKind.PURCHASE, "shop", user_key("ann"))
    assert first.source is Source.IMPORT
    assert first.id != second.id
    assert "o1" not in first.id


def test_an_order_is_the_same_event_in_another_file_even_where_its_rows_differ() -> None:
    (once,) = events([row(2, product="a"), row(3, product="b")])
    (again,) = events([row(700, product="b", time_ms=1_000_000_000_001)])
    assert once.id == again.id


def test_an_order_that_goes_on_elsewhere_in_the_file_loses_nothing() -> None:
    rows = [row(2, product="a"), row(3, "bob", product="c"), row(4, product="b")]
    first, other, rest = events(rows)
    assert len({first.id, other.id, rest.id}) == 3
    assert [it.product_id for it in (*first.items, *rest.items)] == ["a", "b"]
    assert [it.id for it in events(rows)] == [first.id, other.id, rest.id]


def test_one_order_number_of_two_customers_is_two_events() -> None:
    first, second = events([row(2), row(3, "bob")])
    assert first.id != second.id


def test_prices_in_two_currencies_are_two_events() -> None:
    found = events([row(2, currency="EUR"), row(3, currency="USD")])
    assert [it.currency for it in found] == ["EUR", "USD"]


def test_an_order_without_a_number_is_what_a_customer_bought_in_one_moment() -> None:
    first, second = events(
        [row(2, order="", product="a"), row(3, order="", product="b"), row(4, order="", time_ms=5)]
    )
    assert [it.product_id for it in first.items] == ["a", "b"]
    assert first.id != second.id
    (again,) = events([row(9, order="", product="b"), row(10, order="", product="a")][:2])
    assert again.id == first.id


def test_an_endless_order_goes_on_in_another_event() -> None:
    found = events([row(line, product=str(line)) for line in range(MAX_ORDER + 1)])
    assert [len(it.items) for it in found] == [MAX_ORDER, 1]
    assert found[0].id != found[1].id


def test_a_click_is_an_event_of_its_own_and_the_same_one_when_repeated() -> None:
    clicks = [row(n, order="", product=p, kind=EventKind.CLICK) for n, p in enumerate("aba")]
    first, second, third = events(clicks)
    assert first.id == third.id != second.id
    assert events([clicks[0]._replace(query_id="ab" * 16)])[0].id != first.id


def test_a_search_is_the_one_that_the_service_recorded_itself() -> None:
    (found,) = events([row(2, kind=EventKind.SEARCH, query_id="ab" * 16)])
    assert found.id == search_id("ab" * 16)
    assert (found.query, found.items) == ("sofa", ())
    (without,) = events([row(2, kind=EventKind.SEARCH)])
    assert without.id != found.id


def test_an_id_of_the_file_decides_alone() -> None:
    first, second = events(
        [row(2, product="a", event_id="e1"), row(3, product="b", event_id="e1")]
    )
    assert first.id == second.id != "e1"


def test_a_file_may_be_imported_into_several_indexes() -> None:
    assert events([row(2)])[0].id != events([row(2)], "other")[0].id


ROWS = st.lists(
    st.builds(
        row,
        st.just(0),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["", "o1", "o2"]),
        st.sampled_from(["a", "b", "c"]),
        kind=st.sampled_from(list(EventKind)),
        time_ms=st.sampled_from([10**12, 10**12 + 1]),
    ),
    max_size=20,
).map(lambda rows: [it._replace(line=line) for line, it in enumerate(rows)])


@given(ROWS)
def test_every_row_is_in_one_event_and_a_second_import_makes_the_same(rows: list[Row]) -> None:
    found = events(rows)
    given_items = Counter((user_key(it.customer), it.kind, it.item) for it in rows if it.item)
    assert given_items == Counter((it.user, it.kind, item) for it in found for item in it.items)
    searches = sum(it.kind is EventKind.SEARCH for it in rows)
    assert searches == sum(it.kind is EventKind.SEARCH for it in found)
    assert events(rows) == found
