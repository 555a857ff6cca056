"""Calibration: how many products have to be gone through for the recall that is asked for."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.cores import available_cores
from indexer.hits import Hits
from indexer.vectors.half import widen
from indexer.vectors.ivf import IvfIndex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from indexer.vectors.codes import Codes
    from indexer.vectors.lists import Lists
    from indexer.vectors.protocol import VectorIndex

RECALL_DEPTH = 100
"""Recall is measured over this many neighbours."""

_BLOCK_ROWS = 16_384
_LEAST_SCANNED = 1_000
_FIRST_SHARE = 200  # of the catalogue, one in so many
_STEP = 1.25
_NEARLY = 0.005


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the lists need to reach their recall.

    Attributes:
        lists: number of inverted lists.
        scanned: products to go through for a query.
        recall: recall@100 against exact search, by the name of the sample.
    """

    lists: int
    scanned: int
    recall: Mapping[str, float]


def calibrate(
    lists: Lists,
    codes: Codes,
    vectors: NDArray[np.float16],
    samples: Mapping[str, NDArray[np.float32]],
    target_recall: float,
) -> Calibration:
    """Find how many products must be gone through.

    Args:
        lists: of `vectors`.
        codes: of `vectors`.
        vectors: float16 ``(products, dimension)``, unit rows.
        samples: queries by name, float32 ``(queries, dimension)`` each; every one of the samples
            must reach the target, since items are easier to find than short queries are.
        target_recall: recall@100 to reach; where even all products gone through do not (codes of
            8 bits do not tell near-duplicates apart), nearly what those reach.

    Returns:
        The smallest tried number that reaches the target.
    """
    truth = {name: nearest(vectors, queries) for name, queries in samples.items()}
    everything = IvfIndex(lists, codes, len(vectors))
    needed = {
        name: min(target_recall, recall_of(everything, queries, truth[name]) - _NEARLY)
        for name, queries in samples.items()
    }
    scanned = min(len(vectors), max(_LEAST_SCANNED, len(vectors) // _FIRST_SHARE))
    while True:
        index = IvfIndex(lists, codes, scanned)
        recall = {name: recall_of(index, samples[name], truth[name]) for name in samples}
        if scanned == len(vectors) or all(recall[name] >= needed[name] for name in samples):
            return Calibration(len(lists.norms), scanned, recall)
        scanned = min(len(vectors), math.ceil(scanned * _STEP))


def nearest(vectors: NDArray[np.float16], queries: NDArray[np.float32]) -> list[NDArray[np.int64]]:
    """The rows of the exact neighbours of each query, best first; one pass over the vectors."""

    def block(begin: int) -> list[Hits]:
        scores = queries @ widen(vectors[begin : begin + _BLOCK_ROWS]).T
        rows = np.arange(begin, begin + scores.shape[1], dtype=np.int64)
        return [Hits.best(rows, row_scores, RECALL_DEPTH) for row_scores in scores]

    with ThreadPoolExecutor(available_cores()) as threads:
        blocks = list(threads.map(block, range(0, len(vectors), _BLOCK_ROWS)))
    return [
        Hits.best(
            np.concatenate([hits.rows for hits in parts]),
            np.concatenate([hits.scores for hits in parts]),
            RECALL_DEPTH,
        ).rows
        for parts in zip(*blocks, strict=True)
    ]


def recall_of(
    index: VectorIndex, queries: NDArray[np.float32], truth: list[NDArray[np.int64]]
) -> float:
    """The mean share of the true neighbours among as many found ones."""
    shares = [
        len(np.intersect1d(index.search(query, RECALL_DEPTH).rows, exact)) / len(exact)
        for query, exact in zip(queries, truth, strict=True)
    ]
    return float(np.mean(shares))
