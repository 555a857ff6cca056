from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import lexical
from benchmarks.cli import frame
from indexer.embedding.hashing import HashingEmbedder


def test_ours_is_timed_by_coverage_and_rank_bm25_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))
    monkeypatch.setattr(lexical, "_SLOW_PRODUCTS", 200)
    out = tmp_path / "out.json"
    common = ["lexical", "--queries", "10", "--data-dir", str(tmp_path)]
    run = CliRunner().invoke(command.app, [*common, "--products", "1000", "--json", str(out)])
    assert run.exit_code == 0, run.output
    result = json.loads(out.read_text())
    rows = result["milliseconds"]
    assert set(rows) == {*lexical.COVERAGES, lexical.SLOW}
    assert (
        rows["all words"]["matches"] <= rows["as served"]["matches"] <= rows["any word"]["matches"]
    )
    assert all(0 < row["median"] <= row["p99"] for row in rows.values())
    assert result["rank_bm25"]["products"] == 200
    assert "200 products" in run.stdout
    assert all(it["aim"] in run.stdout for it in result["aims"])
    again = CliRunner().invoke(command.app, [*common, "--index", "latency-1000"])
    assert again.exit_code == 0, again.output
    assert "1,000 products" in again.stdout
