"""A peer: another engine that is built from the same products and asked the same questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

DEPTH = 100
"""Results of a leg alone, and of each leg of a hybrid."""
PAGE = 20
"""Results of a hybrid."""
RRF_K = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009)."""


class Mode(StrEnum):
    """What is searched by."""

    LEXICAL = "lexical"
    VECTOR = "vector"
    HYBRID = "hybrid"


@dataclass(frozen=True, slots=True)
class Range:
    """A filter: prices from `low` to `high`, both included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Corpus:
    """What every peer is built from; a product is known by its row.

    Attributes:
        texts: everything that is searched by words, of each product.
        vectors: float32 ``(products, dimension)``, of unit length.
        prices: float64 ``(products,)``, what filters are about; NaN where there is none.
    """

    texts: Sequence[str]
    vectors: NDArray[np.float32]
    prices: NDArray[np.float64]

    def passing(self, within: Range | None) -> NDArray[np.bool_] | None:
        """Which products a filter lets through, bool ``(products,)``; ``None`` for all."""
        if within is None:
            return None
        return (self.prices >= within.low) & (self.prices <= within.high)


@dataclass(frozen=True, slots=True)
class Question:
    """A query as it was typed, and its vector, float32 ``(dimension,)`` of unit length."""

    text: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """How a question is asked.

    Attributes:
        effort: of the vector search, in the peer's own unit (such as ``ef``); more finds more.
        within: the filter.
    """

    effort: int = 0
    within: Range | None = None


Way = Callable[[Question, Look], Sequence[int]]
"""Gives rows, best first: `DEPTH` of one leg, `PAGE` of a hybrid."""


@dataclass(frozen=True, slots=True)
class Built:
    """A peer that can be asked.

    Attributes:
        ways: by what it can search; what is missing it cannot do.
        bytes: of its index, where that is not what lies in its directory.
        seconds: that building it took, where that is not what `Peer.build` took.
    """

    ways: Mapping[Mode, Way]
    bytes: int | None = None
    seconds: float | None = None


class Peer(Protocol):
    """Another engine.

    Attributes:
        name: in tables.
        remark: what it does and does not do, in a few words.
        efforts: the least and the most effort worth trying; ``None`` where there is no choice.
    """

    name: str
    remark: str
    efforts: tuple[int, int] | None

    def build(self, directory: Path, corpus: Corpus) -> Built:
        """Index `corpus` in the empty `directory`."""
        ...

    def close(self) -> None:
        """Let go of files and processes."""
        ...
