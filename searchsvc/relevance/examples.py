"""Examples: what a ranker learns from, the judged candidates of one query with their features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.errors import EvaluationError
from searchsvc.query.query import Query
from searchsvc.ranking.second_stage import DEPTH
from searchsvc.relevance.evaluation import present_judgments
from searchsvc.relevance.folds import question
from searchsvc.reranking.single import SingleFeature
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.answer import Hit
    from searchsvc.policy import RankingPolicy
    from searchsvc.relevance.judgments import JudgedQuery, Judgments
    from searchsvc.routing import QueryEmbedder

UNJUDGED = -1


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One query.

    Attributes:
        query: its id.
        group: queries of one group are one question, and never divided.
        features: float32 ``(n, len(FEATURES))``, in the order of the first stage.
        labels: int64 ``(n,)``; `UNJUDGED` where there is none.
    """

    query: str
    group: Hashable
    features: NDArray[np.float32]
    labels: NDArray[np.int64]


class _Recorder:
    """Ranks as the first stage does, and remembers the features."""

    def __init__(self) -> None:
        self.features: NDArray[np.float32] | None = None
        self._order = SingleFeature("score_deficit")

    def rerank(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Reranker.rerank`."""
        self.features = features
        return self._order.rerank(features)


def collect_examples(
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    judgments: Judgments,
    advance: Callable[[int], None] | None = None,
) -> tuple[Example, ...]:
    """The examples of all judged queries that have something to rank again.

    Args:
        snapshot: the index.
        embedder: of its model.
        policy: of the first stage.
        judgments: see `present_judgments` for which of them count.
        advance: told of every query that was asked.

    Raises:
        EvaluationError: no query counts, or one is only answered in part.
    """
    present = present_judgments(snapshot, judgments)
    examples = []
    for query in judgments.queries:
        if query.id in present:
            example = _example(query, present[query.id], snapshot, embedder, policy)
            examples += [example] if example else []
            if advance is not None:
                advance(1)
    if not examples:
        raise EvaluationError(
            "no judged query has candidates with a vector to rank again: queries that are "
            "identifiers only cannot train a ranker. Judge queries in words"
        )
    return tuple(examples)


def _example(
    query: JudgedQuery,
    labels: Mapping[str, int],
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
) -> Example | None:
    recorder = _Recorder()
    asked = Query(query.text, limit=DEPTH, explain=True)
    result = search(asked, snapshot, embedder, replace(policy, reranker=recorder, rerank=True))
    if result.degraded:
        raise EvaluationError(
            f"query {query.text!r} is only answered in part ({'; '.join(result.degraded)}). "
            "Install the model: 'searchsvc model install' or 'searchsvc model export'"
        )
    if recorder.features is None:
        return None
    moved = sorted((rank, hit.id) for hit in result.hits if (rank := _rank_before(hit)))
    found = np.array([labels.get(product, UNJUDGED) for _, product in moved], np.int64)
    return Example(query.id, question(query.text, snapshot), recorder.features, found)


def _rank_before(hit: Hit) -> int | None:
    """The rank in the first stage of a hit that the second could move."""
    return hit.explanation.reranked_from if hit.explanation else None
