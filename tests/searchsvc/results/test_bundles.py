from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.results import bundles as module
from searchsvc.results.bundles import Bundles

lists = st.lists(st.lists(st.integers(0, 5), unique=True, max_size=3).map(sorted), min_size=1)


def column(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    return offsets, np.array([code for row in rows for code in row], np.int16)


@given(lists, st.data())
def test_bundles_count_what_the_rows_have(rows: list[list[int]], data: st.DataObject) -> None:
    rows = rows * 48  # so that some are shared
    chosen = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))
    bundles = Bundles.of(*column(rows))
    if bundles is None:
        assert len({tuple(row) for row in rows}) * 8 > len(rows)
        return
    expected = np.bincount([code for row in chosen for code in rows[row]], minlength=6)
    assert bundles.tally(np.array(chosen, np.int64), 6).tolist() == expected.tolist()
    assert len(bundles.offsets) - 1 == len({tuple(row) for row in rows})


def test_products_that_share_nothing_are_not_bundled() -> None:
    assert Bundles.of(*column([[row, row + 1] for row in range(5_000)])) is None


def test_products_of_which_only_a_sample_shares_are_not_bundled() -> None:
    rows = [[row, row + 1] if row % 2 else [0] for row in range(10_000)]  # the sample is even
    assert Bundles.of(*column(rows)) is None


def test_lists_of_the_same_digest_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        module, "_digests", lambda offsets, _: np.zeros(len(offsets) - 1, np.uint64)
    )
    assert Bundles.of(*column([[1, 2]] * 20)) is not None
    assert Bundles.of(*column([[1, 2]] * 20 + [[1, 3]])) is None
    assert Bundles.of(*column([[1, 2]] * 20 + [[1]])) is None
