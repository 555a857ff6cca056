from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from benchmarks.catalogue.cli import write_catalogue
from benchmarks.collection import load_collection
from benchmarks.relevance import MEASURES, measure_relevance, relevance_table
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.policy import Fusion, RankingPolicy
from searchsvc.relevance.measures import Measure

SYSTEMS = ["rank-bm25", "BM25 (ours)", "vectors", "hybrid, RRF", "hybrid, weighted (shipped)"]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    write_catalogue(folder, products=400, seed=5)
    return folder


@pytest.fixture(scope="module")
def result(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data_dir = tmp_path_factory.mktemp("data")
    return measure_relevance(collection, data_dir, HashingEmbedder(64), RankingPolicy())


def test_every_system_is_measured_by_every_measure(result: dict[str, Any]) -> None:
    assert list(result["systems"]) == SYSTEMS
    for system in result["systems"].values():
        for name in MEASURES:
            assert 0 <= system[name] <= 1
        assert system["median_ms"] > 0
        assert 0 <= system["zero_result_rate"] <= 1


def test_the_means_are_those_of_the_queries(result: dict[str, Any], collection: Path) -> None:
    qrels = load_collection(collection).qrels
    for system in result["systems"].values():
        values = [query["nDCG@10"] for query in system["queries"].values() if "nDCG@10" in query]
        assert system["nDCG@10"] == pytest.approx(sum(values) / len(values), abs=1e-3)
        for query_id, query in system["queries"].items():
            if "nDCG@10" in query:
                expected = Measure("nDCG", 10).of(query["top"], qrels[query_id])
                assert query["nDCG@10"] == pytest.approx(expected, abs=1e-4)


def test_lexical_systems_find_what_chance_does_not(result: dict[str, Any]) -> None:
    # A harness that mixes up ids, queries or judgments would fall to nearly nothing.
    for name in ("rank-bm25", "BM25 (ours)", "hybrid, weighted (shipped)"):
        assert result["systems"][name]["nDCG@10"] > 0.5


def test_the_table_has_a_line_for_each_system(result: dict[str, Any]) -> None:
    lines = relevance_table(result).splitlines()
    assert len(lines) == 2 + len(SYSTEMS)
    assert "nDCG@10" in lines[1]
    assert result["collection"]["digest"][:12] in lines[0]


def test_the_shipped_fusion_is_named(collection: Path, tmp_path: Path) -> None:
    policy = RankingPolicy(fusion=Fusion.RRF)
    result = measure_relevance(collection, tmp_path, HashingEmbedder(64), policy)
    assert list(result["systems"])[-1] == "hybrid, RRF (shipped)"


@pytest.mark.model
@pytest.mark.slow
def test_on_the_shipped_sample_the_hybrid_beats_both_of_its_legs(
    default_model: Path, tmp_path: Path
) -> None:
    from indexer.embedding.onnx import OnnxEmbedder  # noqa: PLC0415 - only with the model

    sample = Path(str(files("searchsvc.sample")))
    result = measure_relevance(sample, tmp_path, OnnxEmbedder.open(default_model), RankingPolicy())
    ndcg = {name: system["nDCG@10"] for name, system in result["systems"].items()}
    assert ndcg["hybrid, weighted (shipped)"] > ndcg["BM25 (ours)"]
    assert ndcg["hybrid, weighted (shipped)"] > ndcg["vectors"]
