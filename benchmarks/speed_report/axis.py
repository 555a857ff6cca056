"""Axes: from values to places, linear or logarithmic, with round numbers at their ticks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, log10
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS = 5
_STEPS = (1, 2, 5, 10)
_PARTS = (
    (5.0, (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)),
    (200.0, (1.0, 2.0, 5.0)),
    (inf, (1.0,)),
)
"""What is written of a decade, by how many times the smallest value the largest is at most."""
_JUST = 1 + 1e-9  # powers of ten are rounded
_SMALLEST = 1e-6
_THOUSAND = 1_000.0


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values in a range of places.

    Attributes:
        label: what is shown, with its unit.
        low: value at its beginning; above zero where it is logarithmic.
        high: value at its end, above `low`.
        ticks: values that are written, ascending, inside the range.
        log: whether equal ratios have equal lengths.
    """

    label: str
    low: float
    high: float
    ticks: tuple[float, ...]
    log: bool = False

    @classmethod
    def linear(cls, label: str, values: Iterable[float]) -> Self:
        """From zero to a round number above all `values`."""
        highest = max(values, default=0.0) or 1.0
        step = _step(highest / _TICKS)
        count = ceil(highest / step - 1e-9)
        return cls(label, 0.0, count * step, tuple(number * step for number in range(count + 1)))

    @classmethod
    def close(cls, label: str, values: Iterable[float]) -> Self:
        """Linear, from a round number below all `values` to one above; zero may be far away."""
        known = list(values) or [0.0, 1.0]
        low, high = min(known), max(known)
        step = _step(((high - low) or abs(high) or 1.0) / _TICKS)
        first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
        last = max(last, first + 1)
        ticks = tuple(number * step for number in range(first, last + 1))
        return cls(label, ticks[0], ticks[-1], ticks)

    @classmethod
    def logarithmic(cls, label: str, values: Iterable[float]) -> Self:
        """Around all positive `values`; what is smaller stands at its beginning."""
        known = [value for value in values if value > _SMALLEST] or [1.0]
        lowest, highest = min(known), max(known)
        parts = next(it for most, it in _PARTS if highest <= most * lowest)
        first, last = floor(log10(lowest)), floor(log10(highest)) + 1
        ticks = [10.0**decade * part for decade in range(first, last + 1) for part in parts]
        begin = max(place for place, tick in enumerate(ticks) if tick <= lowest * _JUST)
        end = min(place for place, tick in enumerate(ticks) if tick * _JUST >= highest)
        end = max(end, begin + 1)
        return cls(label, ticks[begin], ticks[end], tuple(ticks[begin : end + 1]), log=True)

    def share(self, value: float) -> float:
        """Where `value` stands, from 0 at the beginning to 1; what is off it stands at an end."""
        if self.log:
            value = max(value, self.low)
            found = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            found = (value - self.low) / (self.high - self.low)
        return min(max(found, 0.0), 1.0)


def written(value: float) -> str:
    """A tick's number: ``1 M``, ``20 k``, ``0.05``."""
    for size, name in ((_THOUSAND**3, " G"), (_THOUSAND**2, " M"), (_THOUSAND, " k")):
        if value >= size:
            return f"{value / size:.4g}{name}"
    return f"{value:.4g}"


def _step(least: float) -> float:
    """The smallest round number that is not below `least`."""
    size = 10.0 ** floor(log10(least))
    return next(part * size for part in _STEPS if part * size >= least * (1 - 1e-9))
