"""Ridge regression of many targets on bags: a vector for each piece whose mean is near a text's.

With X the matrix of bags (a row for each text, in which each of its n pieces has 1/n), Y the
vectors of the texts and P the prior vectors of the pieces, the pieces' vectors W minimize
``|X W - Y|^2 + strength |W - P|^2``. The normal equations are solved by the method of conjugate
gradients with a diagonal preconditioner (Shewchuk 1994, "An Introduction to the Conjugate Gradient
Method Without the Agonizing Pain", B3), for all columns at once, without writing X down.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.cores import available_cores

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLUMNS = 64  # solved together: as many as keep the work in the processor's cache
_MOST_STEPS = 60
_TOLERANCE = 1e-4  # of the residual, relative to the first; far below what quantization costs
_TINY = 1e-30


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as bags of pieces, none of them empty.

    Attributes:
        pieces: int64 ``(sum of lengths,)``, row of each piece.
        bounds: int64 ``(texts + 1,)``, where each text's begin.
    """

    pieces: NDArray[np.int64]
    bounds: NDArray[np.int64]


def fit_ridge(
    bags: Bags, targets: NDArray[np.float32], prior: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """The vectors of the pieces, the same to the bit however many cores there are.

    Args:
        bags: of the texts.
        targets: ``(texts, d)``, their vectors.
        prior: ``(pieces, d)``.
        strength: of the prior, above 0.

    Returns:
        float32 ``(pieces, d)``.
    """
    lengths = np.diff(bags.bounds)
    weights = np.repeat((1.0 / lengths).astype(np.float32), lengths)
    diagonal = np.full(len(prior), strength)
    np.add.at(diagonal, bags.pieces, weights.astype(np.float64) ** 2)
    fitted = np.empty_like(prior)

    def solve(begin: int) -> None:
        block = slice(begin, begin + _COLUMNS)
        start, goal = np.ascontiguousarray(prior[:, block]), targets[:, block]
        residual = np.zeros_like(start)
        _residual(bags.pieces, bags.bounds, np.ascontiguousarray(goal), start, residual)
        change = _conjugate_gradients(bags, residual, diagonal.astype(np.float32), strength)
        fitted[:, block] = start + change

    with ThreadPoolExecutor(available_cores()) as pool:
        list(pool.map(solve, range(0, prior.shape[1], _COLUMNS)))
    return fitted


def _conjugate_gradients(
    bags: Bags, residual: NDArray[np.float32], diagonal: NDArray[np.float32], strength: float
) -> NDArray[np.float32]:
    """What solves ``(X'X + strength) change = residual`` for each column; spoils `residual`."""
    change = np.zeros_like(residual)
    preconditioned = residual / diagonal[:, None]
    direction = preconditioned.copy()
    product = np.empty_like(direction)
    size = _dot(residual, preconditioned)
    enough = _TOLERANCE**2 * size
    for _ in range(_MOST_STEPS):
        _normal(bags.pieces, bags.bounds, direction, strength, product)
        step = size / np.maximum(_dot(direction, product), _TINY)
        change += step * direction
        residual -= step * product
        preconditioned = residual / diagonal[:, None]
        before, size = size, _dot(residual, preconditioned)
        if (size <= enough).all():
            break
        direction = preconditioned + size / np.maximum(before, _TINY) * direction
    return change


def _dot(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner product of each column with its counterpart."""
    products: NDArray[np.float32] = np.einsum("pc,pc->c", left, right)
    return products


@compiled
def _residual(
    pieces: NDArray[np.int64],
    bounds: NDArray[np.int64],
    targets: NDArray[np.float32],
    vectors: NDArray[np.float32],
    found: NDArray[np.float32],
) -> None:
    """Add ``X'(targets - X vectors)`` to `found`."""
    row = np.empty(vectors.shape[1], np.float32)
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        share = np.float32(1.0 / (end - begin))
        row[:] = targets[text]
        for place in range(begin, end):
            row -= share * vectors[pieces[place]]
        for place in range(begin, end):
            found[pieces[place]] += share * row


@compiled
def _normal(
    pieces: NDArray[np.int64],
    bounds: NDArray[np.int64],
    vectors: NDArray[np.float32],
    strength: float,
    product: NDArray[np.float32],
) -> None:
    """Fill `product` with ``(X'X + strength) vectors``."""
    product[:] = np.float32(strength) * vectors
    row = np.empty(vectors.shape[1], np.float32)
    for text in range(len(bounds) - 1):
        begin, end = bounds[text], bounds[text + 1]
        share = np.float32(1.0 / (end - begin))
        row[:] = 0.0
        for place in range(begin, end):
            row += vectors[pieces[place]]
        row *= share * share
        for place in range(begin, end):
            product[pieces[place]] += row
