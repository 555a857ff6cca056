"""The budget: what each stage of a query may cost at a million products, and the aims it serves.

A stage that takes more is marked in every table. The sum of all stages is the aim over HTTP, that
of the stages of the search itself is the aim of the engine alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRANSFORMER = "transformer"
"""The encoder that has a larger budget than the distilled one."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a stage may cost, in milliseconds."""

    median: float
    p99: float


STAGES: Mapping[str, Budget] = {
    "parse": Budget(0.25, 0.8),
    "mask": Budget(0.05, 0.4),
    "lexical": Budget(0.40, 3.0),
    "embed": Budget(0.05, 0.2),
    "semantic": Budget(0.45, 1.8),
    "match set": Budget(0.05, 0.4),
    "fuse": Budget(0.10, 0.6),
    "personalize": Budget(0.10, 0.6),
    "facets": Budget(0.15, 1.2),
    "fetch": Budget(0.05, 0.5),
    "encode": Budget(0.15, 0.5),
    "framework": Budget(1.20, 2.0),
}
"""In the order of a query, of four facets and 20 segments' boosts."""

ENGINE = Budget(1.5, 8.0)
HTTP = Budget(3.0, 12.0)
HTTP_TRANSFORMER = Budget(6.0, 20.0)
_EMBED_TRANSFORMER = Budget(
    STAGES["embed"].median + HTTP_TRANSFORMER.median - HTTP.median,
    STAGES["embed"].p99 + HTTP_TRANSFORMER.p99 - HTTP.p99,
)

RECALL = 0.97
"""Of the 100 nearest in meaning, at least so many are found."""
FILTERED_RATIO = 1.5
"""A filtered query costs at most so many times the unfiltered one."""
GROWTH_RATIO = 2.0
"""A query costs less than so many times as much where there are ten times as many products."""
RANK_BM25_RATIO = 100.0
"""The lexical leg is at least so many times as fast as rank-bm25."""
LEXICAL_MEDIAN = 2.0
BYTES_PER_PRODUCT = 1_300.0
"""Of memory, beyond the stored text."""

_PARTS = {
    "understand": "parse",
    "rerank": "fuse",
    "popularity": "fuse",
    "boost": "personalize",
    "arrange": "fetch",
}


def budgets(encoder: str) -> dict[str, Budget]:
    """The budget of every stage where `encoder` embeds the queries."""
    if encoder == TRANSFORMER:
        return {**STAGES, "embed": _EMBED_TRANSFORMER}
    return dict(STAGES)


def http_budget(encoder: str) -> Budget:
    """That of a whole request."""
    return HTTP_TRANSFORMER if encoder == TRANSFORMER else HTTP


def by_stage(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    """The stages of the budget with the sum of their `parts`; others stand for themselves.

    The search tells its stages in more detail than a budget needs.
    """
    sums = dict.fromkeys(STAGES, 0.0)
    for name, milliseconds in parts:
        stage = _PARTS.get(name, name)
        sums[stage] = sums.get(stage, 0.0) + milliseconds
    return sums


def compare(stages: Mapping[str, Mapping[str, float]], encoder: str) -> dict[str, dict[str, Any]]:
    """Each stage's percentiles beside its budget; `over` names those of them that exceed it."""
    allowed = budgets(encoder)
    compared: dict[str, dict[str, Any]] = {}
    for name, row in stages.items():
        compared[name] = {**row, "budget": None, "over": []}
        budget = allowed.get(name)
        if budget is not None:
            limits = {"median": budget.median, "p99": budget.p99}
            compared[name]["budget"] = limits
            compared[name]["over"] = [key for key, most in limits.items() if row[key] > most]
    return compared
