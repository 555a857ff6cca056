from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from benchmarks.cli import frame
from benchmarks.robustness.measure import Sampling, measure_robustness
from benchmarks.robustness.table import robustness_table
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.policy import RankingPolicy

SAMPLING = Sampling(per_query=2, identifiers=60, rank_bm25=True)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    write_catalogue(folder, products=300, seed=5)
    return folder


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def measure(collection: Path, data_dir: Path, sampling: Sampling) -> dict[str, Any]:
    return measure_robustness(collection, data_dir, HashingEmbedder(64), RankingPolicy(), sampling)


@pytest.fixture(scope="module")
def result(collection: Path, data_dir: Path) -> dict[str, Any]:
    return measure(collection, data_dir, SAMPLING)


def test_every_system_answers_the_same_misspellings(result: dict[str, Any]) -> None:
    systems = result["typos"]["systems"]
    assert list(systems) == ["rank-bm25", "BM25 (ours)", "hybrid (shipped)"]
    assert len({system["misspellings"] for system in systems.values()}) == 1
    for query in result["typos"]["by_query"].values():
        assert 0 < len(query["misspelt"]) <= 2
        assert all(set(row["values"]) == set(systems) for row in query["misspelt"])


def test_typos_cost_a_search_that_does_not_correct_them(result: dict[str, Any]) -> None:
    # Whoever mixed up queries or rankings would see no difference, or no relevance at all.
    baseline = result["typos"]["systems"]["rank-bm25"]
    assert baseline["clean"] > 0.5
    assert baseline["misspelt"] < baseline["clean"]
    assert baseline["fall"] > 0


def test_identifiers_as_they_are_in_the_feed_are_found(result: dict[str, Any]) -> None:
    identifiers = result["identifiers"]
    assert identifiers["drawn"] == 60
    assert set(identifiers["by_kind"]) == {"id", "GTIN", "MPN"}
    assert identifiers["by_style"]["as is"]["share"] == 1


def test_equal_sampling_gives_equal_results_and_another_seed_others(
    result: dict[str, Any], collection: Path, data_dir: Path
) -> None:
    again = measure(collection, data_dir, SAMPLING)
    assert again["typos"] == result["typos"]
    assert again["identifiers"] == result["identifiers"]
    other = measure(collection, data_dir, Sampling(per_query=2, identifiers=60, seed=2))
    assert other["typos"]["by_query"] != result["typos"]["by_query"]
    assert list(other["typos"]["systems"]) == ["BM25 (ours)", "hybrid (shipped)"]


def test_the_tables_show_every_system_part_kind_and_example(result: dict[str, Any]) -> None:
    lines = robustness_table(result).splitlines()
    starts = [line[:34].strip() for line in lines]
    for name, system in result["typos"]["systems"].items():
        assert name in starts
        assert starts.count("swap") == 3
        assert any(f"{system['misspelt']:.4f}" in line for line in lines)
    for kind in result["identifiers"]["by_kind"]:
        assert kind in starts
    assert sum(" -> " in line for line in lines) == len(result["typos"]["worst"])
    assert "300 products" in lines[0]


def test_what_cannot_be_said_is_a_dash_and_failures_are_listed(result: dict[str, Any]) -> None:
    nothing = {"clean": 0.0, "misspelt": 0.0, "fall": None, "fall_low": None, "fall_high": None}
    counts = {"queries": 1, "misspellings": 4, "parts": {}}
    failure = {"kind": "MPN", "identifier": "A/1", "writing": "A1", "expected": ["p", "q"]}
    table = robustness_table(
        {
            **result,
            "typos": {**result["typos"], "systems": {"deaf": {**nothing, **counts}}},
            "identifiers": {
                **result["identifiers"],
                "failures": [{**failure, "first": None}] * 12 + [{**failure, "first": "z"}],
            },
        }
    )
    deaf = next(line for line in table.splitlines() if line.startswith("deaf"))
    assert deaf.split()[-2:] == ["-", "-"]
    assert "failures (10 of 13):" in table
    assert table.count("MPN 'A/1' as 'A1': expected p, q, first is nothing") == 10


def test_the_command_prints_a_table_and_writes_the_result(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    out = tmp_path / "robustness.json"
    arguments = ["robustness", str(collection), "--per-query", "2", "--identifiers", "9"]
    done = CliRunner().invoke(command.app, [*arguments, "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "hybrid (shipped)" in done.stdout
    (written,) = json.loads(out.read_text())
    assert written["identifiers"]["drawn"] == 9
    assert written["policy"]["semantic_weight"] == RankingPolicy.semantic_weight
    assert written["machine"]["cores"] > 0


def test_a_missing_collection_is_a_message_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    done = CliRunner().invoke(command.app, ["robustness", str(tmp_path / "nowhere")])
    assert done.exit_code == 1
    assert "nowhere" in done.stderr
