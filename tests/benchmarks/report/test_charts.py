from __future__ import annotations

import re
from xml.etree.ElementTree import Element

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report.charts import (
    BINS,
    Axis,
    count_bins,
    histogram,
    interval_axis,
    interval_chart,
)

_SHARES = st.floats(0, 1)


def places(chart: Element, name: str, attribute: str) -> list[float]:
    return [float(e.attrib[attribute]) for e in chart.iter() if e.get("class") == name]


@given(st.lists(_SHARES, min_size=1))
def test_an_axis_holds_its_values_within_the_measures_range(values: list[float]) -> None:
    axis = Axis.around(values)
    assert 0 <= axis.low <= min(values) + 1e-12
    assert max(values) - 1e-12 <= axis.high <= 1
    assert axis.high - axis.low > 0.099


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.81, 0.88], (0.8, 0.9)),
        ([0.5], (0.5, 0.6)),
        ([1.0], (0.9, 1.0)),
        ([], (0.0, 1.0)),
        ([-1.0, 2.0], (0.0, 1.0)),
    ],
)
def test_an_axis_is_as_short_as_it_can_be(
    values: list[float], expected: tuple[float, float]
) -> None:
    axis = Axis.around(values)
    assert (axis.low, axis.high) == pytest.approx(expected)


def test_an_axis_names_its_ends_and_its_middle() -> None:
    assert [text.text for text in interval_axis(Axis(0.55, 0.9)).iter("text")] == [
        "0.55",
        "0.725",
        "0.9",
    ]


def test_a_mean_stands_within_its_interval_and_the_baseline_apart() -> None:
    axis = Axis(0.0, 1.0)
    chart = interval_chart(axis, 0.5, (0.25, 0.75), 0.1)
    whisker = next(e for e in chart.iter("line") if e.get("class") == "interval")
    assert places(chart, "mean", "cx") == [axis.x(0.5)]
    assert [float(whisker.attrib[x]) for x in ("x1", "x2")] == [axis.x(0.25), axis.x(0.75)]
    assert (
        places(chart, "baseline", "x1")
        == places(chart, "baseline", "x2")
        == [pytest.approx(axis.x(0.1), abs=0.01)]
    )
    assert chart.get("role") == "img"
    assert chart.findtext("title") == "Mean 0.500"
    assert chart.findtext("desc") == (
        "95 % confidence interval 0.250 to 0.750. Mean of the baseline 0.100."
    )


def test_without_interval_and_baseline_there_is_a_dot_alone() -> None:
    chart = interval_chart(Axis(0.0, 1.0), 0.5, None, None)
    assert [e.get("class") for e in chart if e.tag in {"line", "circle"}] == ["ground", "mean"]
    assert chart.findtext("desc") == "No confidence interval."


@given(st.lists(_SHARES, min_size=1))
def test_every_value_is_in_one_bin(values: list[float]) -> None:
    counts = count_bins(values)
    assert len(counts) == BINS
    assert counts.sum() == len(values)


def test_edges_belong_to_the_bin_above_and_one_to_the_last() -> None:
    edges = [place / BINS for place in range(BINS)]
    assert count_bins(edges).tolist() == [1] * BINS
    assert count_bins([1.0, 0.99]).tolist() == [0] * (BINS - 1) + [2]


def test_bars_are_as_high_as_their_counts() -> None:
    chart = histogram("nDCG@10", [0.0, 0.0, 0.5, 1.0], [], tallest=4)
    heights = places(chart, "bar", "height")
    assert heights == [2 * heights[1], heights[1], heights[1]]
    full = histogram("nDCG@10", [0.0] * 4, [], tallest=4)
    assert places(full, "bar", "height") == [2 * heights[0]]


def test_the_outline_is_the_baselines_histogram() -> None:
    baseline = [0.02, 0.52, 0.53, 1.0]
    chart = histogram("nDCG@10", [1.0], baseline, tallest=2)
    path = next(e.attrib["d"] for e in chart.iter("path"))
    tops = np.array([float(y) for y in re.findall(r"V([\d.]+)H", path)])
    ground = float(path.rpartition("V")[2])
    unit = (ground - tops.min()) / 2
    assert ((ground - tops) / unit).round().astype(int).tolist() == count_bins(baseline).tolist()
    assert list(histogram("nDCG@10", [1.0], [], tallest=1).iter("path")) == []


def test_a_histogram_says_in_words_what_it_shows() -> None:
    chart = histogram("nDCG@10 by query, hybrid", [0.0, 0.25, 0.5, 0.75, 1.0], [], tallest=1)
    assert chart.findtext("title") == "nDCG@10 by query, hybrid"
    assert chart.findtext("desc") == (
        "5 queries: mean 0.500, median 0.500, quartiles 0.250 and 0.750, from 0.000 to 1.000."
    )
    left, width = (places(chart, "box", name)[0] for name in ("x", "width"))
    assert places(chart, "median", "x1")[0] == pytest.approx(left + width / 2, abs=0.02)
