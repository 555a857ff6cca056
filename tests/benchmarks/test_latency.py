from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.latency import latency_table, measure_latency, summarize
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.policy import RankingPolicy

SYSTEMS = {
    "hybrid",
    "hybrid, vector given",
    "hybrid, filtered, vector given",
    "exact vector search",
    "rank-bm25",
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("latency")
    return measure_latency(1_000, 20, folder, HashingEmbedder(64), RankingPolicy())


def test_every_system_and_stage_has_its_percentiles(result: dict[str, Any]) -> None:
    assert set(result["milliseconds"]) == set(result["ratio_to_hybrid"]) == SYSTEMS
    assert set(result["stages"]) == {
        "mask",
        "understand",
        "lexical",
        "embed",
        "semantic",
        "match set",
        "fuse",
        "arrange",
        "facets",
        "fetch",
    }
    for row in (*result["milliseconds"].values(), *result["stages"].values()):
        assert 0 <= row["median"] <= row["p95"] <= row["p99"]
    assert result["ratio_to_hybrid"]["hybrid"] == 1


def test_the_build_is_part_of_the_result(result: dict[str, Any]) -> None:
    assert result["build"]["products"] == 1_000
    assert result["bytes_per_product"] > 100
    assert result["recall_at_100"] == 1  # so small a catalogue is searched exhaustively


def test_the_table_shows_all_of_it(result: dict[str, Any]) -> None:
    table = latency_table(result)
    assert all(name in table for name in SYSTEMS)
    assert "stage embed" in table
    assert "1,000 products, 20 queries" in table


def test_percentiles_are_those_of_the_sample() -> None:
    assert summarize([float(n) for n in range(1, 101)]) == {
        "median": 50.5,
        "p95": 95.05,
        "p99": 99.01,
    }
