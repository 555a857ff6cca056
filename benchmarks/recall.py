"""Recall against time: what the semantic leg finds for how many products gone through."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.machine import describe_machine
from benchmarks.timing import COLUMNS, cells, in_turns, summarize
from benchmarks.truth import recall, similarities
from indexer.snapshot import CODES_FILE, LISTS_FILE
from indexer.vectors.ivf import IvfIndex

if TYPE_CHECKING:
    from benchmarks.subject import Subject
    from searchsvc.routing import QueryEmbedder

SHARES = (0.005, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Of the catalogue, how much is gone through."""

_RECALL_QUERIES = 100
_DIGITS = 4


def measure_recall_curve(
    subject: Subject, embedder: QueryEmbedder, neighbours: int, queries: int
) -> dict[str, Any]:
    """Time the search at several depths, that of the calibration among them, in turns.

    Args:
        subject: what is searched.
        embedder: of its queries; what that costs is not counted.
        neighbours: how many are wanted.
        queries: how many of the subject's.

    Returns:
        The result file: by depth its recall@100 and milliseconds.

    Raises:
        BenchmarkError: the catalogue is so small that it is searched exhaustively.
    """
    snapshot = subject.snapshot
    calibrated = snapshot.manifest.vectors.scanned
    if not calibrated:
        raise BenchmarkError(
            f"the {len(snapshot.products):,} products of {subject.layout.name} are searched "
            "exhaustively; measure a larger catalogue, or build with a smaller exact_below"
        )
    vectors = np.array([embedder.embed_query(text) for text in subject.texts[:queries]])
    directory = subject.layout.generation_dir(snapshot.generation)
    shape = (len(snapshot.products), snapshot.manifest.embedder.dimension)
    depths = sorted({calibrated, *(round(share * shape[0]) for share in SHARES)})
    files = directory / LISTS_FILE, directory / CODES_FILE
    indexes = [IvfIndex.open(*files, shape, scanned) for scanned in depths]

    def look(index: IvfIndex, place: int) -> None:
        index.search(vectors[place], neighbours)

    times, _ = in_turns([partial(look, index) for index in indexes], len(vectors))
    cosines = similarities(directory, vectors[:_RECALL_QUERIES])
    return {
        "machine": describe_machine(),
        **subject.facts,
        "queries": len(vectors),
        "neighbours": neighbours,
        "calibrated": calibrated,
        "curve": [
            {
                "scanned": depth,
                "share": round(depth / shape[0], _DIGITS),
                "recall_at_100": round(recall(index, vectors[:_RECALL_QUERIES], cosines), _DIGITS),
                "milliseconds": summarize(taken),
            }
            for depth, index, taken in zip(depths, indexes, times, strict=True)
        ],
    }


def recall_table(result: dict[str, Any]) -> str:
    """The result for people."""
    title = (
        f"{result['products']:,} products, {result['queries']:,} queries, the "
        f"{result['neighbours']} nearest; calibrated to {result['calibrated']:,}; milliseconds"
    )
    lines = [title, f"{'gone through':>13}{'share':>8}{'recall':>8}{COLUMNS}"]
    lines += [
        f"{row['scanned']:>13,}{row['share']:>8.2%}{row['recall_at_100']:>8.3f}"
        f"{cells(row['milliseconds'])}"
        for row in result["curve"]
    ]
    return "\n".join(lines)
