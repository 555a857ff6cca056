"""One-bit codes: on which side of its list's middle a vector lies, in each direction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from indexer.compiled import compiled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

WORD_BITS = 64
_FACTOR_UNIT = 2.0 / 65_535  # a difference of two unit vectors is no longer than 2
_PLANES = 4
_MOST = 2 ** (_PLANES - 1) - 1


class Signs(NamedTuple):
    """Differences of vectors from what they are near to, one bit for each component.

    The inner product of a query with a difference ``r`` is estimated by that with ``f * sign(r)``,
    where ``f = |r|^2 / |r|_1`` gives an estimator without bias along ``r`` (the one of RaBitQ, Gao
    and Long 2024, https://arxiv.org/abs/2405.12497; its random rotation changes nothing measurable
    on sentence embeddings, whose components are alike, and is left out).

    Attributes:
        words: uint64 ``(n, ceil(dimension / 64))``, set bits are positive components.
        factors: uint16 ``(n,)``, ``f`` in units of 2 / 65535.
    """

    words: NDArray[np.uint64]
    factors: NDArray[np.uint16]

    @classmethod
    def of(cls, differences: NDArray[np.float32]) -> Signs:
        """Those of `differences`, float32 ``(n, dimension)``, of norm 2 at most."""
        lengths = np.abs(differences).sum(axis=1)
        squares = np.einsum("nd,nd->n", differences, differences)
        factors = squares / np.maximum(lengths, np.finfo(np.float32).tiny)
        return cls(pack(differences > 0), np.rint(factors / _FACTOR_UNIT).astype(np.uint16))

    @classmethod
    def joined(cls, parts: Sequence[Signs]) -> Signs:
        """One after the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))


class SignedQuery(NamedTuple):
    """A query in 4 bits for each component, one word for 64 bits of the same value.

    Attributes:
        planes: uint64 ``(4, words)``: the bits of value 1, 2, 4, and of -8.
        total: the sum of all components.
        unit: what an estimate with a factor of 1 is to be multiplied by.
    """

    planes: NDArray[np.uint64]
    total: int
    unit: float

    @classmethod
    def of(cls, query: NDArray[np.float32]) -> SignedQuery:
        """That of `query`, float32 ``(dimension,)``."""
        step = float(np.abs(query).max()) / (_MOST + 0.5) or 1.0
        planes = np.zeros((_PLANES, -(-len(query) // WORD_BITS)), np.uint64)
        return cls(planes, _spread(query, np.float32(1 / step), planes), step * _FACTOR_UNIT)


def pack(bits: NDArray[Any]) -> NDArray[np.uint64]:
    """Rows of `bits` as words, uint64 ``(n, ceil(bits / 64))``, the first bit the lowest."""
    packed = np.packbits(bits, axis=1, bitorder="little")
    spare = -packed.shape[1] % (WORD_BITS // 8)
    return np.pad(packed, ((0, 0), (0, spare))).view("<u8")


@compiled
def _spread(query: NDArray[np.float32], scale: np.float32, planes: NDArray[np.uint64]) -> int:
    """Write the bits of the rounded components to `planes`; gives the sum of the components."""
    total = 0
    for place in range(len(query)):
        component = min(max(int(np.rint(query[place] * scale)), -_MOST - 1), _MOST)
        total += component
        for plane in range(_PLANES):
            bit = np.uint64((component >> plane) & 1)
            planes[plane, place // WORD_BITS] |= bit << np.uint64(place % WORD_BITS)
    return total
