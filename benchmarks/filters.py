"""Filters: what a search costs and finds inside filters of any selectivity, beside one without."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.timing import COLUMNS, cells, in_turns, summarize
from benchmarks.truth import recall, similarities
from benchmarks.workload import PAGE, GivenVectors, draw_narrowings
from searchsvc.query.filters import parse_filter
from searchsvc.query.mask import row_mask
from searchsvc.query.query import Query
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchmarks.subject import Subject
    from indexer.vectors.protocol import Looked
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.filters import Filter
    from searchsvc.routing import QueryEmbedder

FILTER_SHARES = (0.5, 0.02, 0.001, 0.0001)
"""Of the catalogue, what the filters let through."""

_RECALL_QUERIES = 100
_DIGITS = 4


def measure_filters(
    subject: Subject, embedder: QueryEmbedder, policy: RankingPolicy, queries: int
) -> dict[str, Any]:
    """Time the semantic leg alone and the whole search, with each filter and without.

    Every query is asked with every filter before the next one is, so that noise meets all alike.

    Args:
        subject: what is searched.
        embedder: of its queries; what that costs is not counted.
        policy: how many neighbours are wanted.
        queries: how many of the subject's.

    Returns:
        The result file: by filter the share that passes, milliseconds, the ratio of the medians
        to those without a filter, how far was looked, and recall@100 inside the filter.
    """
    snapshot, texts = subject.snapshot, subject.texts[:queries]
    vectors = np.array([embedder.embed_query(text) for text in texts])
    given = GivenVectors(dict(zip(texts, vectors, strict=True)))
    products = len(snapshot.products)
    narrowings = draw_narrowings(snapshot.columns, products, FILTER_SHARES)
    filters = [None, *(parse_filter(narrowing.filter) for narrowing in narrowings)]
    masks = [
        None if chosen is None else row_mask(chosen, snapshot.columns, products)
        for chosen in filters
    ]

    def ask(chosen: Filter | None, place: int) -> None:
        query = Query(texts[place], limit=PAGE, filter=chosen)
        search(query, snapshot, given, policy)

    def look(mask: NDArray[np.bool_] | None, place: int) -> Looked:
        return snapshot.vectors.explore(vectors[place], policy.neighbours, mask)[1]

    semantic, looked = in_turns([partial(look, mask) for mask in masks], len(texts))
    whole, _ = in_turns([partial(ask, chosen) for chosen in filters], len(texts))
    directory = subject.layout.generation_dir(snapshot.generation)
    cosines = similarities(directory, vectors[:_RECALL_QUERIES])
    return {
        "machine": describe_machine(),
        **subject.facts,
        "queries": len(texts),
        "neighbours": policy.neighbours,
        "filters": [
            {
                "wanted": wanted,
                "share": share,
                "recall_at_100": round(
                    recall(snapshot.vectors, vectors[:_RECALL_QUERIES], cosines, mask), _DIGITS
                ),
                "looked": _medians(looked[place]),
                "semantic": _row(semantic, place),
                "search": _row(whole, place),
            }
            for place, (mask, wanted, share) in enumerate(
                zip(
                    masks,
                    [1.0, *(it.wanted for it in narrowings)],
                    [1.0, *(it.share for it in narrowings)],
                    strict=True,
                )
            )
        ],
    }


def _row(times: Sequence[Sequence[float]], place: int) -> dict[str, float]:
    ratio = float(np.median(times[place]) / np.median(times[0]))
    return {**summarize(times[place]), "ratio": round(ratio, 2)}


def _medians(looked: Sequence[Looked]) -> dict[str, int]:
    middle = np.median(np.array(looked), axis=0).astype(int).tolist()
    return dict(zip(looked[0]._fields, middle, strict=True))


def filters_table(result: dict[str, Any]) -> str:
    """The result for people."""
    title = (
        f"{result['products']:,} products, {result['queries']:,} queries, the "
        f"{result['neighbours']} nearest; milliseconds, and the ratio to no filter"
    )
    head = (
        f"{'passes':>8}{'recall':>8}{'scored':>9}  {'semantic':<9}{COLUMNS}{'ratio':>7}"
        f"  {'search':<7}{COLUMNS}{'ratio':>7}"
    )
    lines = [title, head]
    for row in result["filters"]:
        semantic, whole = row["semantic"], row["search"]
        lines.append(
            f"{row['share']:>8.2%}{row['recall_at_100']:>8.3f}{row['looked']['scored']:>9,}"
            f"{'':11}{cells(semantic)}{semantic['ratio']:>7.2f}"
            f"{'':9}{cells(whole)}{whole['ratio']:>7.2f}"
        )
    return "\n".join(lines)
