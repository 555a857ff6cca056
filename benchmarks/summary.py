"""What a result file says of one system: its measures over all queries, by class, by query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.relevance.measures import Evaluation, Measure, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from benchmarks.collection import Collection
    from benchmarks.systems import Run

MEASURES = {
    "nDCG@10": Measure("nDCG", 10),
    "nDCG@10 judged only": Measure("nDCG", 10, condensed=True),
    "Recall@100": Measure("R", 100),
    "MRR@10": Measure("RR", 10),
    "P@10": Measure("P", 10),
    "judged@10": Measure("Judged", 10),
}
"""By the names that tables show; their text form is that of ir-measures."""

MAIN_MEASURE = "nDCG@10"

TOP = 10
"""How many products of each ranking the result file lists."""

_DIGITS = 4


def evaluate_run(found: Run, collection: Collection) -> dict[str, Evaluation]:
    """Each of `MEASURES` over the same queries: those with a relevant product."""
    return {
        name: evaluate(measure, found.rankings, collection.qrels, collection.scale)
        for name, measure in MEASURES.items()
    }


def values_of(evaluations: Mapping[str, Evaluation]) -> NDArray[np.float64]:
    """The values as float64 ``(queries, measures)``."""
    return np.array([list(found.by_query.values()) for found in evaluations.values()]).T


def summarize(
    found: Run, collection: Collection, evaluations: Mapping[str, Evaluation]
) -> dict[str, Any]:
    """The object of one system, but for its comparison with others; see `benchmarks.relevance`."""
    empty = [query for query, ranking in found.rankings.items() if not ranking]
    return {
        **{name: round(evaluation.mean, _DIGITS) for name, evaluation in evaluations.items()},
        "zero_result_rate": round(len(empty) / len(found.rankings), _DIGITS),
        "median_ms": _percentile(found, 50),
        "p95_ms": _percentile(found, 95),
        "classes": _by_class(collection, evaluations[MAIN_MEASURE].by_query),
        "queries": {
            query.id: {
                "text": query.text,
                **({"class": query.query_class} if query.query_class else {}),
                **_of_query(evaluations, query.id),
                "top": list(found.rankings[query.id][:TOP]),
            }
            for query in collection.queries
            if query.id in found.rankings
        },
    }


def _percentile(found: Run, percent: int) -> float | None:
    if not len(found.milliseconds):
        return None
    return round(float(np.percentile(found.milliseconds, percent)), 3)


def _by_class(collection: Collection, values: Mapping[str, float]) -> dict[str, dict[str, float]]:
    classes: dict[str, list[float]] = {}
    for query in collection.queries:
        if query.query_class and query.id in values:
            classes.setdefault(query.query_class, []).append(values[query.id])
    return {
        name: {"queries": len(found), MAIN_MEASURE: round(float(np.mean(found)), _DIGITS)}
        for name, found in sorted(classes.items())
    }


def _of_query(evaluations: Mapping[str, Evaluation], query_id: str) -> dict[str, float]:
    return {
        name: round(evaluation.by_query[query_id], _DIGITS)
        for name, evaluation in evaluations.items()
        if query_id in evaluation.by_query
    }
