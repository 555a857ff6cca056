from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.errors import BenchmarkError
from benchmarks.workload import SHARES, draw_narrowings
from indexer.columns import Column


class Numbers:
    """Columns of numbers; see `Columns`."""

    def __init__(self, columns: dict[str, Column]) -> None:
        self._columns = columns

    def get(self, name: str) -> Column | None:
        return self._columns.get(name)


def numbers(values: NDArray[np.float64], rows: NDArray[np.int32] | None = None) -> Column:
    distinct, codes = np.unique(values, return_inverse=True)
    return Column("number", 10_000, codes.astype(np.int32), rows, numbers=distinct)


@given(st.integers(0, 1_000))
def test_distinct_values_meet_each_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {
        name: numbers(rng.permutation(10_000).astype(np.float64))
        for name in ("effective_price", "review_count")
    }
    found = draw_narrowings(Numbers(values), 10_000)  # type: ignore[arg-type]
    assert [it.wanted for it in found] == list(SHARES)
    for narrowing in found:
        mask = np.ones(10_000, np.bool_)
        for condition in narrowing.filter["and"]:
            column = values[condition["field"]]
            mask &= column.between(condition["gte"], condition["lte"])
        assert mask.mean() == pytest.approx(narrowing.share)
        assert narrowing.share == pytest.approx(narrowing.wanted, rel=0.01)


def test_products_without_a_number_pass_no_filter_on_it() -> None:
    prices = numbers(np.arange(4_000.0), np.arange(0, 8_000, 2, dtype=np.int32))
    columns = Numbers({"effective_price": prices, "review_count": prices})
    half, few, _ = draw_narrowings(columns, 10_000)  # type: ignore[arg-type]
    assert half.share == pytest.approx(0.4)
    assert few.share == pytest.approx(0.02)


def test_a_catalogue_without_prices_is_refused() -> None:
    with pytest.raises(BenchmarkError, match="effective_price"):
        draw_narrowings(Numbers({}), 100)  # type: ignore[arg-type]
