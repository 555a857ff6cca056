from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from benchmarks.cli import frame
from benchmarks.errors import BenchmarkError
from benchmarks.keystrokes import Reading, keystrokes_table, measure_keystrokes
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.policy import RankingPolicy


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    write_catalogue(folder, products=150, seed=5)
    return folder


@pytest.fixture(scope="module")
def result(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    data_dir = tmp_path_factory.mktemp("data")
    return measure_keystrokes(collection, data_dir, HashingEmbedder(64), RankingPolicy())


def test_all_readings_type_the_same_queries(result: dict[str, Any]) -> None:
    assert set(result["readings"]) == set(map(str, Reading))
    assert 0 < result["queries"] < result["keystrokes"]


def test_half_a_word_finds_more_when_it_is_completed(result: dict[str, Any]) -> None:
    shipped = result["readings"][str(Reading.SHIPPED)]
    nothing = result["readings"][str(Reading.NOTHING)]
    assert shipped["mean"] > nothing["mean"]
    assert shipped["by_left"]["3"] > nothing["by_left"]["3"]
    assert shipped["moved"] < nothing["moved"]


def test_what_is_typed_in_full_is_as_good_as_ever(result: dict[str, Any]) -> None:
    readings = result["readings"]
    assert readings[str(Reading.NOTHING)]["complete"] == pytest.approx(
        readings[str(Reading.NOTHING)]["by_left"]["0"]
    )
    assert readings[str(Reading.SHIPPED)]["complete"] == pytest.approx(
        readings[str(Reading.NOTHING)]["complete"], abs=0.05
    )


def test_the_table_has_a_line_for_each_reading(result: dict[str, Any]) -> None:
    lines = keystrokes_table(result).splitlines()
    assert [line.split("  ")[0] for line in lines[2:]] == list(map(str, Reading))


def test_a_collection_without_a_word_to_type_is_refused(tmp_path: Path) -> None:
    write_catalogue(tmp_path, products=20, seed=5)
    for name in ("queries.jsonl", "qrels.tsv"):
        lines = (tmp_path / name).read_text("utf-8").splitlines(keepends=True)
        (tmp_path / name).write_text(lines[0], "utf-8")
    query = json.loads((tmp_path / "queries.jsonl").read_text("utf-8"))
    product = json.dumps({**query, "text": "4711"})
    (tmp_path / "queries.jsonl").write_text(product + "\n", "utf-8")
    with pytest.raises(BenchmarkError, match="last word"):
        measure_keystrokes(tmp_path, tmp_path, HashingEmbedder(64), RankingPolicy())


def test_the_command_prints_the_table_and_writes_the_result(
    collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    target = tmp_path / "keystrokes.json"
    shown = CliRunner().invoke(command.app, ["keystrokes", str(collection), "--json", str(target)])
    assert shown.exit_code == 0, shown.output
    assert str(Reading.SHIPPED) in shown.stdout
    assert json.loads(target.read_text("utf-8"))[0]["measure"] == "nDCG@10"
