from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.cli import frame
from benchmarks.filters import FILTER_SHARES
from indexer.embedding.hashing import HashingEmbedder

PRODUCTS = 5_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("neighbours")


def run(folder: Path, name: str, *more: object) -> tuple[dict[str, Any], str]:
    out = folder / f"{name}.json"
    arguments = [name, "--queries", 10, "--data-dir", folder, "--json", out, *more]
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
        done = CliRunner().invoke(command.app, [str(it) for it in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(out.read_text()), done.stdout


@pytest.fixture(scope="module")
def filtered(folder: Path) -> tuple[dict[str, Any], str]:
    return run(folder, "filters", "--products", PRODUCTS)


@pytest.mark.slow
def test_every_filter_has_its_recall_and_its_times(filtered: tuple[dict[str, Any], str]) -> None:
    result, table = filtered
    rows = result["filters"]
    assert [row["wanted"] for row in rows] == [1.0, *FILTER_SHARES]
    for row in rows:
        assert row["recall_at_100"] >= 0.95
        assert row["semantic"]["median"] <= row["semantic"]["p99"]
        assert row["search"]["ratio"] > 0
        assert f"{row['share']:.2%}" in table
    assert rows[0]["semantic"]["ratio"] == rows[0]["search"]["ratio"] == 1


@pytest.mark.slow
def test_a_narrow_filter_has_every_product_scored_that_passes(
    filtered: tuple[dict[str, Any], str],
) -> None:
    narrowest = filtered[0]["filters"][-1]
    assert narrowest["looked"]["lists"] == 0
    assert narrowest["looked"]["scored"] == round(narrowest["share"] * PRODUCTS)


@pytest.mark.slow
def test_the_curve_rises_with_the_depth(
    filtered: tuple[dict[str, Any], str], folder: Path
) -> None:
    del filtered  # whose index it is
    result, table = run(folder, "recall", "--index", f"latency-{PRODUCTS}")
    recalls = [row["recall_at_100"] for row in result["curve"]]
    assert recalls == sorted(recalls)
    assert result["calibrated"] in [row["scanned"] for row in result["curve"]]
    assert f"{result['calibrated']:,}" in table


def test_an_exhaustive_search_has_no_curve(folder: Path) -> None:
    arguments = ["--index", "latency-1000", "--data-dir", str(folder)]
    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
        frame.generated(1_000, 10, folder, HashingEmbedder(64))
        done = CliRunner().invoke(command.app, ["recall", *arguments])
    assert done.exit_code == 1
    assert "exhaustively" in done.stderr
