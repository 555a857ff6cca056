"""Timings: percentiles of milliseconds."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Answer = TypeVar("_Answer")
PERCENTILES = {"median": 50, "p95": 95, "p99": 99}
"""By the names that result files and tables use."""


def summarize(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, in milliseconds; of at least one value."""
    values = np.percentile(milliseconds, list(PERCENTILES.values())).tolist()
    return {name: round(value, 3) for name, value in zip(PERCENTILES, values, strict=True)}


def in_turns(
    asked: Sequence[Callable[[int], _Answer]], count: int
) -> tuple[list[list[float]], list[list[_Answer]]]:
    """Ask each of `asked` the same in turns, so that noise meets all alike.

    Args:
        asked: called with the number of the question, from 0 on.
        count: questions. The first is asked once more before, which is not counted.

    Returns:
        Milliseconds and answers, each ``len(asked)`` lists of `count`.
    """
    times: list[list[float]] = [[] for _ in asked]
    answers: list[list[_Answer]] = [[] for _ in asked]
    for ask in asked:
        ask(0)
    for place in range(count):
        for number, ask in enumerate(asked):
            begin = perf_counter()
            answer = ask(place)
            times[number].append((perf_counter() - begin) * 1e3)
            answers[number].append(answer)
    return times, answers


def cells(row: dict[str, float]) -> str:
    """The percentiles of `row` in columns of nine characters."""
    return "".join(f"{row[name]:>9.3f}" for name in PERCENTILES)


COLUMNS = "".join(f"{name:>9}" for name in PERCENTILES)
"""The heads of `cells`."""
