"""Charts of measures in [0, 1]: intervals on a shared axis, and histograms over queries."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Self

import numpy as np

from benchmarks.report.drawing import at, frame, line, picture, text
from benchmarks.report.markup import Element, element
from benchmarks.report.numbers import compact, fixed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

BINS = 20
_STEP = 0.05
_STEPS = round(1 / _STEP)

# In user units; the interval charts are shown at this size, the histograms are scaled.
_INTERVAL_WIDTH, _INTERVAL_HEIGHT, _MARGIN = 168, 26, 16
_WIDTH, _LEFT, _RIGHT = 360, 30, 8
_TOP, _BARS, _BOX, _HEIGHT = 12, 110, 22, 166


@dataclass(frozen=True, slots=True)
class Axis:
    """The part of [0, 1] that all intervals are drawn on, in steps of a twentieth."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Iterable[float]) -> Self:
        """The shortest axis that holds `values`, at least two steps long."""
        known = [min(max(value, 0.0), 1.0) for value in values] or [0.0, 1.0]
        low, high = floor(min(known) / _STEP), ceil(max(known) / _STEP)
        if high - low < 2:  # noqa: PLR2004 - the two steps that the docstring promises
            low, high = (low, low + 2) if low + 2 <= _STEPS else (_STEPS - 2, _STEPS)
        return cls(low / _STEPS, high / _STEPS)

    def x(self, value: float) -> float:
        """The place of `value` in user units; what is off the axis stands at its end."""
        share = (value - self.low) / (self.high - self.low)
        return _MARGIN + min(max(share, 0.0), 1.0) * (_INTERVAL_WIDTH - 2 * _MARGIN)


def interval_axis(axis: Axis) -> Element:
    """The numbers above a column of interval charts."""
    labels = [
        text(axis.x(value), 12, f"{value:.3f}".rstrip("0"), "middle")
        for value in (axis.low, (axis.low + axis.high) / 2, axis.high)
    ]
    attributes = {**frame(_INTERVAL_WIDTH, 16, fixed_size=True), "aria-hidden": "true"}
    return element("svg", attributes, *labels)


def interval_chart(
    axis: Axis, mean: float, interval: tuple[float, float] | None, baseline: float | None
) -> Element:
    """A mean with its confidence interval, and the baseline's mean as a broken line."""
    middle = _INTERVAL_HEIGHT / 2
    parts = [line((axis.x(axis.low), middle), (axis.x(axis.high), middle), "ground")]
    described = "No confidence interval."
    if baseline is not None:
        x = axis.x(baseline)
        parts.append(line((x, 0), (x, _INTERVAL_HEIGHT), "baseline"))
    if interval is not None:
        low, high = (axis.x(value) for value in interval)
        described = f"95 % confidence interval {fixed(interval[0])} to {fixed(interval[1])}."
        parts.append(line((low, middle), (high, middle), "interval"))
        parts += [line((x, middle - 4), (x, middle + 4), "interval") for x in (low, high)]
    parts.append(
        element("circle", {"class": "mean", "cx": at(axis.x(mean)), "cy": at(middle), "r": "4"})
    )
    if baseline is not None:
        described += f" Mean of the baseline {fixed(baseline)}."
    box = frame(_INTERVAL_WIDTH, _INTERVAL_HEIGHT, fixed_size=True)
    return picture(box, f"Mean {fixed(mean)}", described, parts)


def count_bins(values: Sequence[float]) -> NDArray[np.int64]:
    """How many values fall into each twentieth of [0, 1], int64 ``(20,)``; 1 is in the last."""
    # A value such as 0.15 lies a rounding error below its bin's edge.
    places = np.floor(np.asarray(values, np.float64) * BINS + 1e-9).astype(np.int64)
    return np.bincount(places.clip(0, BINS - 1), minlength=BINS)


def histogram(
    name: str, values: Sequence[float], baseline: Sequence[float], tallest: int
) -> Element:
    """How a measure spreads over the queries: bars, and below them a box of the quartiles.

    Args:
        name: of what is shown, for those who hear it.
        values: one per query, at least one.
        baseline: the same of the baseline, drawn as an outline; empty for none.
        tallest: the count that fills the height, one for all charts that are compared.
    """
    counts = count_bins(values)
    ground = _TOP + _BARS
    parts = [
        line((_LEFT, _TOP), (_WIDTH - _RIGHT, _TOP), "grid"),
        line((_LEFT, ground), (_WIDTH - _RIGHT, ground), "ground"),
        text(_LEFT - 6, _TOP + 4, str(tallest), "end"),
        text(_LEFT - 6, ground + 4, "0", "end"),
        *_bars(counts, tallest),
    ]
    if len(baseline):
        parts.append(_outline(count_bins(baseline), tallest))
    parts += _quartile_box(values)
    parts += [text(_x(value), _HEIGHT - 4, compact(value), "middle") for value in (0, 0.5, 1)]
    return picture(frame(_WIDTH, _HEIGHT), name, _in_words(values), parts)


def _bars(counts: NDArray[np.int64], tallest: int) -> list[Element]:
    width = _x(1 / BINS) - _x(0)
    return [
        element(
            "rect",
            {
                "class": "bar",
                "x": at(_x(place / BINS) + 1),
                "width": at(width - 2),
                "y": at(_TOP + _BARS * (1 - count / tallest)),
                "height": at(_BARS * count / tallest),
            },
        )
        for place, count in enumerate(counts.tolist())
        if count
    ]


def _outline(counts: NDArray[np.int64], tallest: int) -> Element:
    ground = _TOP + _BARS
    steps = "".join(
        f"V{at(ground - _BARS * count / tallest)}H{at(_x((place + 1) / BINS))}"
        for place, count in enumerate(counts.tolist())
    )
    return element("path", {"class": "outline", "d": f"M{at(_x(0))} {ground}{steps}V{ground}"})


def _quartile_box(values: Sequence[float]) -> list[Element]:
    lowest, first, median, third, highest = (_x(v) for v in _five_numbers(values))
    top = _TOP + _BARS + 8
    middle = top + _BOX / 4
    return [
        line((lowest, middle), (highest, middle), "whisker"),
        element(
            "rect",
            {
                "class": "box",
                "x": at(first),
                "width": at(max(third - first, 1)),
                "y": at(top),
                "height": at(_BOX / 2),
            },
        ),
        line((median, top - 2), (median, top + _BOX / 2 + 2), "median"),
        element(
            "circle",
            {"class": "mean", "cx": at(_x(float(np.mean(values)))), "cy": at(middle), "r": "3.5"},
        ),
    ]


def _five_numbers(values: Sequence[float]) -> list[float]:
    quantiles: list[float] = np.quantile(np.asarray(values), (0, 0.25, 0.5, 0.75, 1)).tolist()
    return quantiles


def _in_words(values: Sequence[float]) -> str:
    lowest, first, median, third, highest = (fixed(v) for v in _five_numbers(values))
    return (
        f"{len(values)} queries: mean {fixed(float(np.mean(values)))}, median {median}, "
        f"quartiles {first} and {third}, from {lowest} to {highest}."
    )


def _x(value: float) -> float:
    return _LEFT + value * (_WIDTH - _LEFT - _RIGHT)
