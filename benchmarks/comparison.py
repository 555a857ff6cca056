"""What the differences between systems are worth: intervals and p-values for a result file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.relevance.statistics import bootstrap_means, percentile_interval, randomization_p

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_DIGITS = 4


def compare(
    values: Mapping[str, NDArray[np.float64]], measures: Sequence[str], baseline: str
) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, interval and the paired difference to a baseline, by system and measure.

    Args:
        values: float64 ``(queries, measures)`` by system; the same queries in the same order.
        measures: names of the columns.
        baseline: one of the systems.

    Returns:
        By system, then measure: ``mean``, ``low`` and ``high`` (95 % bootstrap interval); unless
        it is the baseline itself also ``difference``, ``difference_low``, ``difference_high`` and
        ``p`` of the two-sided paired randomization test.
    """
    # All systems go through one resampling, so that differences of resampled means are paired.
    stacked = np.stack([values[name] for name in values])
    systems, queries, columns = stacked.shape
    means = bootstrap_means(stacked.transpose(1, 0, 2).reshape(queries, systems * columns))
    means = means.reshape(-1, systems, columns)
    other = list(values).index(baseline)
    return {
        name: {
            measure: _statistics(
                stacked[place, :, column],
                means[:, place, column],
                None if place == other else (stacked[other, :, column], means[:, other, column]),
            )
            for column, measure in enumerate(measures)
        }
        for place, name in enumerate(values)
    }


def _statistics(
    values: NDArray[np.float64],
    means: NDArray[np.float64],
    baseline: tuple[NDArray[np.float64], NDArray[np.float64]] | None,
) -> dict[str, float]:
    interval = percentile_interval(means[:, None])
    found = {"mean": values.mean(), "low": interval.low[0], "high": interval.high[0]}
    if baseline is not None:
        differences, resampled = values - baseline[0], means - baseline[1]
        interval = percentile_interval(resampled[:, None])
        found |= {
            "difference": differences.mean(),
            "difference_low": interval.low[0],
            "difference_high": interval.high[0],
            "p": randomization_p(differences[:, None])[0],
        }
    return {name: round(float(value), _DIGITS) for name, value in found.items()}
