from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.results.presence import Presence, columns_of

if TYPE_CHECKING:
    from pathlib import Path


@given(st.sets(st.integers(0, 2_999), max_size=40))
def test_as_many_have_a_column_as_their_json_says(sample_data_dir: Path, rows: set[int]) -> None:
    snapshot = open_snapshot(IndexLayout.of(sample_data_dir, "demo"))
    present = Presence.of(snapshot).count(np.array(sorted(rows), np.int64))
    products = [orjson.loads(snapshot.products.json(row)) for row in rows]
    for field in ("brand", "color", "sale_price", "material"):
        assert present.get(field, 0) == sum(field in product for product in products)
    for name in ("battery", "seats", "rating"):
        has = sum(name in product.get("attributes", {}) for product in products)
        assert present.get(f"attributes.{name}", 0) == has
    assert 0 not in present.values()


@given(st.data())
def test_what_any_has_is_what_would_be_counted(sample_data_dir: Path, data: st.DataObject) -> None:
    snapshot = open_snapshot(IndexLayout.of(sample_data_dir, "demo"))
    products = len(snapshot.products)
    first = data.draw(st.integers(0, products - 1))
    step = data.draw(st.sampled_from([1, 2, 700]))
    rows = np.arange(first, products, step)
    if data.draw(st.booleans()):  # those without a column that not all have
        column = snapshot.columns.get(data.draw(st.sampled_from(snapshot.columns.names())))
        assert column is not None
        rows = rows[~column.present()[rows]]
    assert set(columns_of(snapshot, rows)) == set(Presence.of(snapshot).count(rows))
