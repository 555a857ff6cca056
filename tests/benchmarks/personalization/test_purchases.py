from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.errors import PurchasesError
from benchmarks.personalization.purchases import (
    Purchase,
    Purchases,
    purchases_file,
    read_purchases,
)
from searchsvc.errors import EventFileError
from searchsvc.events.event import EventKind
from searchsvc.state.tables import KIND_CODES

IDS = ("a", "b", "c")
LINES = """order_id,product_id,quantity,time,price,customer_id
1,a,6,2020-01-02T08:00:00Z,4.25,ann
1,b,1,2020-01-02T08:00:00Z,2.00,ann
2,zzz,1,2020-01-03T08:00:00Z,2.00,ann
3,c,1,yesterday,2.00,ann
,c,2,2020-01-01T08:00:00Z,2.00,bob
,c,1,2020-01-05T08:00:00Z,2.00,bob
"""
purchase_lists = st.lists(
    st.builds(
        Purchase,
        user=st.sampled_from("uvwx"),
        order=st.sampled_from("123"),
        product=st.integers(0, 2),
        time_ms=st.integers(0, 20),
        quantity=st.integers(1, 3),
    ),
    min_size=1,
    max_size=40,
)


def test_a_file_is_read_as_an_import_reads_it(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "purchases.csv.gz", "wt") as file:
        file.write(LINES)
    read = read_purchases(purchases_file(tmp_path), IDS)
    assert (read.unknown, read.rejected) == (1, 1)
    found = read.purchases
    assert found.users.tolist() == [0, 0, 1, 1]
    assert found.products.tolist() == [0, 1, 2, 2]
    assert found.quantities.tolist() == [6, 1, 2, 1]
    # Without an order's id, each moment is an order.
    assert found.orders.tolist() == [0, 0, 1, 2]
    assert found.times_ms[0] == 1_577_952_000_000


def test_what_is_no_purchase_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "purchases.csv"
    path.write_text(
        "customer_id,product_id,time,type\n"
        "ann,a,2020-01-02,purchase\nann,b,2020-01-02,view\nann,,2020-01-02,search\n"
    )
    assert len(read_purchases(path, IDS).purchases) == 1


def test_no_file_a_file_without_a_column_and_one_of_other_products_are_told(
    tmp_path: Path,
) -> None:
    with pytest.raises(PurchasesError, match=r"has no purchases\.csv or"):
        purchases_file(tmp_path)
    path = tmp_path / "purchases.csv"
    path.write_text("order_id,time\n1,2020-01-01\n")
    with pytest.raises(EventFileError, match="customer_id"):
        read_purchases(path, IDS)
    path.write_text(LINES)
    with pytest.raises(PurchasesError, match="5 rows of other products, 1 that cannot"):
        read_purchases(path, ("x", "y"))


@given(purchase_lists, st.integers(0, 21))
def test_what_somebody_bought_before_is_what_a_naive_search_finds(
    rows: list[Purchase], time_ms: int
) -> None:
    table = Purchases.of(rows)
    names = sorted({row.user for row in rows})
    for code, name in enumerate(names):
        places = table.before(code, time_ms)
        found = table.products[places.start : places.stop].tolist()
        naive = [row.product for row in rows if row.user == name and row.time_ms < time_ms]
        assert sorted(found) == sorted(naive)
        assert (np.diff(table.times_ms[places.start : places.stop]) >= 0).all()
    assert len(set(table.orders.tolist())) == len({(row.user, row.order) for row in rows})


@given(purchase_lists, st.integers(0, 21))
def test_what_is_learned_from_is_the_past_and_nothing_else(
    rows: list[Purchase], time_ms: int
) -> None:
    names = sorted({row.user for row in rows})
    found = Purchases.of(rows).until(time_ms, IDS)
    past = {
        (f"{names.index(row.user):064x}", IDS[row.product], row.time_ms, row.quantity)
        for row in rows
        if row.time_ms < time_ms
    }
    told = zip(
        found.users.tolist(),
        found.products.tolist(),
        found.times_ms.tolist(),
        found.quantities.tolist(),
        strict=True,
    )
    assert {(found.user_keys[u], found.product_ids[p], t, q) for u, p, t, q in told} == past
    assert set(found.kinds.tolist()) <= {KIND_CODES[EventKind.PURCHASE]}
    assert list(found.product_ids) == sorted(found.product_ids)
    assert list(found.user_keys) == sorted(found.user_keys)
    assert (np.diff(found.users) >= 0).all()
