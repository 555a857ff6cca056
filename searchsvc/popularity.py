"""Popularity: what sells, as events taught it, on the products of one snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Popularity:
    """What sells.

    Attributes:
        share: float32 ``(products,)``, 0 to 1: of what sells best, on a logarithmic scale; less
            where little was sold at all, see `LearnedFrom.popularity_prior`.
        sold: float64 ``(products,)``, purchases that count less the older they are; NaN for a
            product without any.
        known: bool ``(products,)``, whether the product was in the catalogue that was learned.
        believed: 0 to 1, how much was sold in all to tell what sells; `share` is of that.
    """

    share: NDArray[np.float32]
    sold: NDArray[np.float64]
    known: NDArray[np.bool_]
    believed: float = 1.0
