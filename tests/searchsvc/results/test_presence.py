from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from indexer.layout import IndexLayout
from indexer.snapshot import open_snapshot
from searchsvc.results.presence import Presence

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
