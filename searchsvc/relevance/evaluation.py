"""How well a snapshot answers judged queries, asked the way a shopper asks them."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from time import perf_counter
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.errors import EvaluationError
from searchsvc.query.query import MAX_LIMIT, Query
from searchsvc.relevance.measures import RELEVANT, Measure, evaluate
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.relevance.judgments import JudgedQuery, Judgments
    from searchsvc.routing import QueryEmbedder

DEPTH = 100
"""How many products are asked for, unless a measure looks deeper."""
ZERO_RESULT_RATE = "zero_result_rate"
GONE_RATE = "gone_rate"


@dataclass(frozen=True, slots=True)
class SnapshotEvaluation:
    """What came of asking every judged query.

    A product that is gone cannot be found: only judged products that are in the snapshot count,
    also for the ideal ranking, and a query without any relevant product in it is left out.

    Attributes:
        generation: of the snapshot.
        values: value by query id, by figure: each measure in its text form, and
            `ZERO_RESULT_RATE`, where 1 is a query without any hit. All have the same queries,
            in the order of the judgments.
        excluded: judged queries that are left out.
        relevant: relevant judgments, whether the product is in the snapshot or not.
        gone: those whose product is not.
        median_ms: of one search, in milliseconds.
    """

    generation: str
    values: Mapping[str, Mapping[str, float]]
    excluded: tuple[str, ...]
    relevant: int
    gone: int
    median_ms: float

    @property
    def queries(self) -> tuple[str, ...]:
        """The ids of the queries that count."""
        return tuple(self.values[ZERO_RESULT_RATE])

    def figure(self, name: str, queries: Collection[str] | None = None) -> float:
        """The mean of the figure called `name` over `queries`, by default over all that count."""
        if name == GONE_RATE:
            return self.gone / self.relevant
        values = self.values[name]
        chosen = list(values) if queries is None else [q for q in values if q in queries]
        return fsum(values[query] for query in chosen) / len(chosen)


def evaluate_snapshot(
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    judgments: Judgments,
    measures: Sequence[Measure],
    advance: Callable[[int], None] | None = None,
) -> SnapshotEvaluation:
    """Ask `snapshot` every judged query and measure the answers.

    Args:
        snapshot: the index.
        embedder: of its model.
        policy: the ranking.
        judgments: see `SnapshotEvaluation` for which of them count.
        measures: what to compute.
        advance: told of every query that was asked.

    Raises:
        EvaluationError: no judged query has a relevant product in the snapshot, an answer lacks
            a part, or a measure looks deeper than an answer can be.
    """
    depth = checked_depth(max((DEPTH, *(measure.cutoff for measure in measures))))
    present = present_judgments(snapshot, judgments)
    rankings: dict[str, tuple[str, ...]] = {}
    milliseconds = []
    for query in judgments.queries:
        if query.id in present:
            begin = perf_counter()
            rankings[query.id] = ranked_ids(query, snapshot, embedder, policy, depth)
            milliseconds.append((perf_counter() - begin) * 1e3)
        if advance is not None:
            advance(1)
    qrels = {query: present[query] for query in rankings}
    values = {str(m): evaluate(m, rankings, qrels).by_query for m in measures}
    values[ZERO_RESULT_RATE] = {q: float(not ranking) for q, ranking in rankings.items()}
    relevant = sum(_relevant(labels) for labels in judgments.qrels.values())
    found = sum(_relevant(_in(snapshot, labels)) for labels in judgments.qrels.values())
    return SnapshotEvaluation(
        generation=snapshot.generation,
        values=MappingProxyType(values),
        excluded=tuple(q.id for q in judgments.queries if q.id not in present),
        relevant=relevant,
        gone=relevant - found,
        median_ms=float(np.median(milliseconds)),
    )


def checked_depth(depth: int) -> int:
    """`depth`, if a measure can look so deep.

    Raises:
        EvaluationError: it is more than a search gives.
    """
    if depth > MAX_LIMIT:
        raise EvaluationError(
            f"a measure looks at {depth} products; a search gives at most {MAX_LIMIT}. "
            "Choose a smaller cutoff"
        )
    return depth


def present_judgments(snapshot: Snapshot, judgments: Judgments) -> Mapping[str, Mapping[str, int]]:
    """The judgments of products in `snapshot`, of the queries with a relevant one among them.

    Raises:
        EvaluationError: there is no such query.
    """
    present = {
        query.id: labels
        for query in judgments.queries
        if _relevant(labels := _in(snapshot, judgments.qrels.get(query.id, {})))
    }
    if not present:
        raise EvaluationError(
            f"none of {len(judgments.queries)} judged queries has a relevant product in "
            f"{snapshot.generation} of index {snapshot.index!r}. Check that judgments and "
            "catalogue belong together: their product ids must be the same"
        )
    return present


def ranked_ids(
    query: JudgedQuery,
    snapshot: Snapshot,
    embedder: QueryEmbedder,
    policy: RankingPolicy,
    depth: int,
) -> tuple[str, ...]:
    """The ids of the best `depth` products, best first.

    Raises:
        EvaluationError: the answer lacks a part, and would be judged for what it is not.
    """
    result = search(Query(query.text, limit=depth), snapshot, embedder, policy)
    if result.degraded:
        raise EvaluationError(
            f"query {query.text!r} is only answered in part ({'; '.join(result.degraded)}). "
            "Install the model: 'searchsvc model install' or 'searchsvc model export'"
        )
    return tuple(hit.id for hit in result.hits)


def _in(snapshot: Snapshot, labels: Mapping[str, int]) -> dict[str, int]:
    return {p: label for p, label in labels.items() if snapshot.products.row(p) is not None}


def _relevant(labels: Mapping[str, int]) -> int:
    return sum(label >= RELEVANT for label in labels.values())
