from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import delta as module
from benchmarks.catalogue.cli import generate
from benchmarks.delta import delta_table, measure_delta
from benchmarks.errors import BenchmarkError
from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import verify

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_a_copy_is_changed_and_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROUNDS", 2)
    embedder = HashingEmbedder(64)
    feed = tmp_path / "feed.jsonl.gz"
    generate(feed, products=1_000)
    layout = IndexLayout.of(tmp_path / "data", "shop")
    before = reindex(str(feed), layout, IndexSettings(), embedder).generation

    result = measure_delta(layout, embedder, tmp_path / "copy")

    assert (layout.generations(), verify(layout, before)) == ([before], [])
    assert result["texts"]["products"] == result["texts"]["embedded"] == 10
    assert result["build"]["products"] == result["products"] == 1_000
    times = result["times_faster"]
    assert times["than_a_build_of_new_texts"] >= times["than_a_build_of_known_texts"]
    assert result["prices"]["seconds"]["median"] <= result["prices"]["elsewhere_seconds"]["max"]
    assert f"{result['products']:,} products" in delta_table(result)


def test_a_change_that_nobody_sees_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.01)
    with pytest.raises(BenchmarkError, match="not visible"):
        module._wait(lambda: False)  # noqa: SLF001
