"""The aims of latency beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.aims import aim
from benchmarks.budget import (
    ENGINE,
    FILTERED_RATIO,
    GROWTH_RATIO,
    LEXICAL_MEDIAN,
    RANK_BM25_RATIO,
    RECALL,
    TRANSFORMER,
    http_budget,
)
from benchmarks.subject import SLOW

if TYPE_CHECKING:
    from collections.abc import Iterator


def latency_aims(result: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What was to be reached beside what was measured, in the largest catalogue."""
    catalogue = max(result["catalogues"], key=lambda it: int(it["products"]))

    for encoder, (plain, *filtered) in catalogue["encoders"].items():
        if "http" in plain:
            budget = http_budget(encoder)
            yield aim(f"{encoder}: HTTP, median ms", budget.median, plain["http"]["median"])
            yield aim(f"{encoder}: HTTP, p99 ms", budget.p99, plain["http"]["p99"])
        if encoder != TRANSFORMER:
            yield aim(f"{encoder}: engine, median ms", ENGINE.median, plain["engine"]["median"])
        for row in filtered:
            name = f"{encoder}: filter of {row['filter']['share']:.2%}, times the unfiltered"
            yield aim(name, FILTERED_RATIO, max(row["ratio_to_unfiltered"].values()))
        lexical = plain["stages"]["lexical"]["median"]
        yield aim(f"{encoder}: lexical leg, median ms", LEXICAL_MEDIAN, lexical)
        slow = catalogue["baselines"].get(SLOW)
        if slow is not None:
            ratio = round(slow["median"] / lexical, 1)
            yield aim(f"{encoder}: rank-bm25, times our words", RANK_BM25_RATIO, ratio, least=True)
    for row in catalogue["recall_at_100"]:
        name = f"recall@100 of the meaning, {row['share']:.2%} pass"
        yield aim(name, RECALL, row["recall"], least=True)
    growth = result["growth"]
    for encoder, ratios in (growth["ratios"] if growth else {}).items():
        name = f"{encoder}: from {growth['from']:,} to {growth['to']:,} products, times"
        yield aim(name, GROWTH_RATIO, max(ratios.values()))
