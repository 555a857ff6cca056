from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.budget import STAGES
from benchmarks.cli import frame
from benchmarks.latency import Plan, measure_latency
from benchmarks.latency_table import latency_table
from benchmarks.subject import Subject, generated
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.layout import IndexLayout
from tests.tiny_bert import write_tiny_model

PLAN = Plan(queries=30, encoders=("transformer",))
SIZES = (1_000, 2_000)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("latency")


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    embedder = HashingEmbedder(64)
    return measure_latency([generated(n, PLAN.queries, folder, embedder) for n in SIZES], PLAN)


def workloads(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for it in result["catalogues"] for rows in it["encoders"].values() for row in rows]


def test_every_workload_is_timed_by_stage_in_the_engine_and_over_http(
    result: dict[str, Any],
) -> None:
    rows = workloads(result)
    assert len(rows) == len(SIZES) * 4
    for row in rows:
        assert row["queries"] == PLAN.queries
        assert row["degraded"] == 0
        assert set(row["stages"]) == set(STAGES)
        for times in (row["engine"], row["engine_processor"], row["http"]):
            assert 0 < times["median"] <= times["p95"] <= times["p99"]


def test_the_engines_stages_add_up_to_what_it_took(result: dict[str, Any]) -> None:
    for row in workloads(result):
        inside = [name for name in STAGES if name not in {"parse", "encode", "framework"}]
        medians = sum(row["stages"][name]["median"] for name in inside)
        assert medians < row["engine"]["p99"]


def test_filters_let_through_about_what_they_were_made_for(result: dict[str, Any]) -> None:
    half, few, hardly = (row["filter"] for row in workloads(result)[1:4])
    assert half["share"] == pytest.approx(0.5, abs=0.1)
    assert 0 < hardly["share"] <= few["share"] < 0.1
    assert workloads(result)[0]["filter"] is None


def test_the_growth_is_from_the_smallest_catalogue_to_the_largest(result: dict[str, Any]) -> None:
    assert (result["growth"]["from"], result["growth"]["to"]) == SIZES
    assert set(result["growth"]["ratios"]["transformer"]) == {"engine", "http"}


def test_so_small_a_catalogue_is_searched_exhaustively(result: dict[str, Any]) -> None:
    for catalogue in result["catalogues"]:
        assert [row["recall"] for row in catalogue["recall_at_100"]] == [1, 1, 1, 1]
        assert set(catalogue["baselines"]) == {"rank-bm25", "exact vector search"}
        assert catalogue["build"]["products"] == catalogue["products"]


def test_the_table_shows_all_of_it(result: dict[str, Any]) -> None:
    table = latency_table(result)
    assert table.count("  framework ") == table.count("processor time ") == len(SIZES)
    assert "2,000 products, vectors by hashing-64" in table
    assert all(aim["aim"] in table for aim in result["aims"])
    missed = [aim for aim in result["aims"] if not aim["met"]]
    assert table.count("  missed") == len(missed)


def test_an_index_that_exists_is_measured_as_it_is(
    folder: Path,
    result: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    before = {path: path.stat().st_mtime_ns for path in (folder / "latency-1000").rglob("*")}
    out = tmp_path / "out.json"
    arguments = [
        "latency", "--index", "latency-1000", "--data-dir", folder, "--queries", 10,
        "--encoder", "transformer", "--without-http", "--without-baselines", "--json", out,
    ]  # fmt: skip
    done = CliRunner().invoke(command.app, [str(it) for it in arguments])
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text())
    (catalogue,) = written["catalogues"]
    assert catalogue["content_sha256"] == result["catalogues"][0]["content_sha256"]
    assert "build" not in catalogue
    assert catalogue["baselines"] == {}
    assert written["growth"] is None
    assert all(
        "http" not in row and "framework" not in row["stages"] for row in workloads(written)
    )
    after = {path: path.stat().st_mtime_ns for path in (folder / "latency-1000").rglob("*")}
    assert after == before


def test_no_query_is_asked_twice(folder: Path, result: dict[str, Any]) -> None:
    assert result["queries"] == PLAN.queries
    subject = Subject.of(IndexLayout.of(folder, "latency-1000"), 25)
    assert len(set(subject.texts)) == 25 * subject.workloads == 100


def test_sizes_are_numbers_of_at_least_a_thousand() -> None:
    for wrong in ("many", "500", "1000,,2000"):
        done = CliRunner().invoke(command.app, ["latency", "--products", wrong])
        assert done.exit_code == 2
        assert "expected" in done.stderr


def test_an_approximation_needs_an_encoder_to_be_made_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    monkeypatch.setattr(frame, "SAMPLE_PRODUCTS", 1_000)
    arguments = ["latency", "--products", "1000", "--documents", "distilled", "--queries", "10"]
    done = CliRunner().invoke(command.app, [*arguments, "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no query encoder was distilled from hashing-64" in done.stderr


@pytest.mark.slow
def test_products_embedded_by_a_distilled_encoder_are_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = OnnxEmbedder.open(write_tiny_model(tmp_path / "models"), query_cache_size=0)
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: model)
    monkeypatch.setattr(frame, "SAMPLE_PRODUCTS", 1_000)
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    out = tmp_path / "out.json"
    arguments = [
        "latency", "--products", 1_200, "--documents", "distilled", "--queries", 10, "--json", out,
        "--without-http", "--without-baselines", "--data-dir", tmp_path / "data",
    ]  # fmt: skip
    done = CliRunner().invoke(command.app, [str(it) for it in arguments])
    assert done.exit_code == 0, done.output
    (catalogue,) = json.loads(out.read_text())["catalogues"]
    assert catalogue["documents_by"] == "distilled"
    assert catalogue["index"] == "latency-1200-distilled"
    assert list(catalogue["encoders"]) == ["distilled", "transformer"]
    for rows in catalogue["encoders"].values():
        assert [row["degraded"] for row in rows] == [0, 0, 0, 0]
    assert "vectors by distilled" in done.stdout
