from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.personalization.cases import (
    BUCKETS,
    EMPTY,
    MAX_PER_ORDER,
    Case,
    bucket_of,
    draw_cases,
    lend_histories,
)
from benchmarks.personalization.purchases import Purchase, Purchases
from benchmarks.personalization.split import Split

purchase_lists = st.lists(
    st.builds(
        Purchase,
        user=st.sampled_from("uvwx"),
        order=st.sampled_from("12345"),
        product=st.integers(0, 9),
        time_ms=st.integers(0, 20),
    ),
    min_size=1,
    max_size=60,
)
SPLIT = Split(0, 10, 20)
ALL = 10_000


def content(case: Case, table: Purchases) -> list[tuple[int, int, int]]:
    places = case.history.places
    rows = slice(places.start, places.stop)
    return sorted(
        zip(table.times_ms[rows].tolist(), table.products[rows].tolist(),
            table.users[rows].tolist(), strict=True)
    )  # fmt: skip


def named(rows: list[Purchase]) -> tuple[Purchases, list[str], list[tuple[str, str]]]:
    """The table, and the names of its users and orders by their numbers."""
    table = Purchases.of(rows)
    rows = sorted(rows, key=lambda it: (it.user, it.time_ms, it.order, it.product))
    users = list(dict.fromkeys(row.user for row in rows))
    return table, users, list(dict.fromkeys((row.user, row.order) for row in rows))


@given(purchase_lists)
def test_cases_are_the_products_of_later_orders_with_what_was_bought_before(
    rows: list[Purchase],
) -> None:
    table, users, orders = named(rows)
    cases = draw_cases(table, SPLIT, ALL, 1)
    begins = {
        order: min(row.time_ms for row in rows if (row.user, row.order) == order)
        for order in orders
    }
    expected = {
        order: {row.product for row in rows if (row.user, row.order) == order}
        for order in orders
        if begins[order] >= SPLIT.at_ms
    }
    asked: dict[tuple[str, str], list[int]] = {}
    for case in cases:
        order = orders[case.order]
        asked.setdefault(order, []).append(case.product)
        assert (users[case.user], begins[order]) == (order[0], case.time_ms)
        naive = [it for it in rows if it.user == order[0] and it.time_ms < case.time_ms]
        assert content(case, table) == sorted((it.time_ms, it.product, case.user) for it in naive)
        assert case.history.orders == len({it.order for it in naive})
        assert case.repeated == (case.product in {it.product for it in naive})
        assert all(it.order != order[1] for it in naive)
    assert set(asked) == set(expected)
    for order, products in asked.items():
        assert len(products) == len(set(products)) == min(len(expected[order]), MAX_PER_ORDER)
        assert set(products) <= expected[order]


@given(purchase_lists, purchase_lists, st.data())
def test_nothing_at_or_after_a_case_changes_what_is_known_at_it(
    rows: list[Purchase], others: list[Purchase], data: st.DataObject
) -> None:
    # Everybody has a last purchase, so that all keep their numbers.
    ends = [Purchase(user, "end", 0, 99) for user in "uvwx"]
    table = Purchases.of([*rows, *ends])
    case = data.draw(st.sampled_from(draw_cases(table, SPLIT, ALL, 1)))
    past = [row for row in rows if row.time_ms < case.time_ms]
    future = [replace(row, time_ms=case.time_ms + row.time_ms) for row in others]
    changed = Purchases.of([*past, *future, *ends])
    places = changed.before(case.user, case.time_ms)
    known = changed.products[places.start : places.stop].tolist()
    before = table.products[case.history.places.start : case.history.places.stop].tolist()
    assert sorted(known) == sorted(before)
    ids = [str(product) for product in range(10)]
    learned, again = (it.until(case.time_ms, ids) for it in (table, changed))
    assert learned.times_ms.tolist() == again.times_ms.tolist()
    assert [learned.product_ids[code] for code in learned.products] == [
        again.product_ids[code] for code in again.products
    ]
    assert learned.user_keys == again.user_keys


@given(purchase_lists, st.integers(1, 20))
def test_a_seed_draws_the_same_and_never_more_than_wanted(
    rows: list[Purchase], count: int
) -> None:
    table = Purchases.of(rows)
    every = draw_cases(table, SPLIT, ALL, 3)
    some = draw_cases(table, SPLIT, count, 3)
    assert some == draw_cases(table, SPLIT, count, 3)
    assert len(some) == min(count, len(every))
    assert set(some) <= set(every)


@given(purchase_lists)
def test_the_control_lends_the_past_of_others_with_as_many_orders(rows: list[Purchase]) -> None:
    table = Purchases.of(rows)
    cases = draw_cases(table, SPLIT, ALL, 1)
    lent = lend_histories(cases, table, 5)
    assert lent == lend_histories(cases, table, 5)
    assert set(lent) == {case.order for case in cases}
    for case in cases:
        history = lent[case.order]
        if history is EMPTY:
            continue
        assert bucket_of(history.orders) == bucket_of(case.history.orders) != BUCKETS[0]
        rows_of = slice(history.places.start, history.places.stop)
        (owner,) = set(table.users[rows_of].tolist())
        assert owner != case.user
        assert (table.times_ms[rows_of] < case.time_ms).all()


def test_whoever_has_an_equal_gets_their_history_and_nobody_else() -> None:
    rows = [Purchase(user, "1", number, number) for number, user in enumerate("uvw")]
    rows += [Purchase("u", "2", 5, 15), Purchase("z", "1", 5, 16)]
    table = Purchases.of(rows)
    cases = draw_cases(table, SPLIT, ALL, 1)
    donors = Counter[int]()
    for seed in range(50):
        lent = lend_histories(cases, table, seed)
        begun, new = (lent[case.order] for case in cases)
        assert new is EMPTY
        donors[int(table.users[begun.places.start])] += 1
    assert set(donors) == {1, 2}


def test_every_number_of_orders_has_one_bucket() -> None:
    for orders in range(30):
        assert sum(orders in bucket for bucket in BUCKETS) == 1
