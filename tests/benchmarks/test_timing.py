from __future__ import annotations

from benchmarks.timing import COLUMNS, cells, summarize


def test_percentiles_are_those_of_the_sample() -> None:
    assert summarize([float(n) for n in range(1, 101)]) == {
        "median": 50.5,
        "p95": 95.05,
        "p99": 99.01,
    }


def test_a_row_is_as_wide_as_its_heads() -> None:
    assert len(cells(summarize([1.0]))) == len(COLUMNS)
