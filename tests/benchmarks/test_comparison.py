from __future__ import annotations

import numpy as np
import pytest

from benchmarks.comparison import compare
from searchsvc.relevance.statistics import (
    bootstrap_means,
    percentile_interval,
    randomization_p,
)

MEASURES = ["nDCG@10", "P@10"]
_RNG = np.random.default_rng(3)
VALUES = {name: _RNG.random((40, 2)) for name in ("a", "b", "c")}


def test_each_figure_is_that_of_its_own_column() -> None:
    found = compare(VALUES, MEASURES, baseline="b")
    for name, values in VALUES.items():
        for column, measure in enumerate(MEASURES):
            single = values[:, [column]]
            interval = percentile_interval(bootstrap_means(single))
            statistics = found[name][measure]
            assert statistics["mean"] == pytest.approx(single.mean(), abs=1e-4)
            assert statistics["low"] == pytest.approx(interval.low[0], abs=1e-4)
            assert statistics["high"] == pytest.approx(interval.high[0], abs=1e-4)


def test_differences_are_paired_and_have_the_sign_of_an_improvement() -> None:
    better = compare({"a": VALUES["a"], "b": VALUES["a"] + 0.25}, MEASURES, baseline="a")
    statistics = better["b"]["P@10"]
    for name in ("difference", "difference_low", "difference_high"):
        assert statistics[name] == pytest.approx(0.25)
    assert statistics["p"] == pytest.approx(1e-4)
    differences = VALUES["a"] - VALUES["b"]
    assert compare(VALUES, MEASURES, "b")["a"]["nDCG@10"]["p"] == pytest.approx(
        randomization_p(differences[:, [0]])[0], abs=1e-4
    )


def test_the_baseline_is_not_compared_with_itself() -> None:
    assert compare(VALUES, MEASURES, "b")["b"]["P@10"].keys() == {"mean", "low", "high"}
