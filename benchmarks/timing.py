"""Timings: percentiles of milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

PERCENTILES = {"median": 50, "p95": 95, "p99": 99}
"""By the names that result files and tables use."""


def summarize(milliseconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, in milliseconds; of at least one value."""
    values = np.percentile(milliseconds, list(PERCENTILES.values())).tolist()
    return {name: round(value, 3) for name, value in zip(PERCENTILES, values, strict=True)}


def cells(row: dict[str, float]) -> str:
    """The percentiles of `row` in columns of nine characters."""
    return "".join(f"{row[name]:>9.3f}" for name in PERCENTILES)


COLUMNS = "".join(f"{name:>9}" for name in PERCENTILES)
"""The heads of `cells`."""
