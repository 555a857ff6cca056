"""The propensity of positions: how likely a shopper looks at the product there.

The position-based model: a product is clicked if it is looked at, which depends on its position
alone, and wanted, which does not. Looking falls as a power of the position, ``k ** -eta``: with
``eta`` 0 everybody reads to the end, with 1 the tenth product gets a tenth of the looks of the
first. Joachims, Swaminathan and Schnabel, Unbiased learning-to-rank with biased feedback, WSDM
2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

ASSUMED_ETA = 1.0
"""What is taken where the events cannot tell; the usual value of the literature."""

_MAX_ETA = 5.0
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Exposure:
    """How often a product was shown at one position for one query, and chosen there.

    Attributes:
        pair: what the query and the product are known by; any hashable value.
        position: from 1.
    """

    pair: tuple[str, str]
    position: int
    shown: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Decay:
    """How fast looking falls.

    Attributes:
        eta: the power, 0 to 5.
        error: its standard error; infinite where it was assumed.
        choices: that it was estimated from.
    """

    eta: float
    error: float
    choices: int


def propensities(positions: NDArray[np.int64], eta: float) -> NDArray[np.float64]:
    """How likely products at `positions`, from 1, are looked at; 1 for the first."""
    return positions.astype(np.float64) ** -eta


def estimate_decay(exposures: Iterable[Exposure]) -> Decay | None:
    """Estimate `eta` from products that the same query showed at several positions.

    Given how often a product was chosen for a query, its choices fall on the positions in
    proportion to how often it was shown at each and to how likely that is looked at; how much it
    is wanted cancels out. So only what two rankings show at different places tells anything, as
    in Agarwal et al., Estimating position bias without intrusive interventions, WSDM 2019; the
    likelihood is that of a conditional logit with one parameter, which is concave.

    Returns:
        ``None`` where no product was chosen that was shown at several positions.
    """
    kept = _at_several_positions(exposures)
    if not kept:
        return None
    numbers: dict[tuple[str, str], int] = {}
    pairs = np.array([numbers.setdefault(it.pair, len(numbers)) for it in kept])
    logs = np.log([it.position for it in kept])
    shown = np.array([it.shown for it in kept], np.float64)
    chosen = np.array([it.chosen for it in kept], np.float64)
    totals = np.bincount(pairs, chosen)

    def slope(eta: float) -> tuple[float, float]:
        """Of the log-likelihood, and the information."""
        weights = shown * np.exp(-eta * logs)
        shares = weights / np.bincount(pairs, weights)[pairs]
        mean = np.bincount(pairs, shares * logs)
        variance = np.bincount(pairs, shares * (logs - mean[pairs]) ** 2)
        return float(totals @ mean - chosen @ logs), float(totals @ variance)

    eta = _root(slope)
    return Decay(eta, slope(eta)[1] ** -0.5, int(totals.sum()))


def _root(slope: Callable[[float], tuple[float, float]]) -> float:
    """Where the slope, which falls, is 0, between 0 and the maximum: by bisection."""
    low, high = 0.0, _MAX_ETA
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if slope(middle)[0] > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_several_positions(exposures: Iterable[Exposure]) -> list[Exposure]:
    """Of the products that were chosen at all."""
    by_pair: dict[tuple[str, str], list[Exposure]] = {}
    for exposure in exposures:
        if exposure.shown:
            by_pair.setdefault(exposure.pair, []).append(exposure)
    return [
        exposure
        for mine in by_pair.values()
        if len({it.position for it in mine}) > 1 and any(it.chosen for it in mine)
        for exposure in mine
    ]
