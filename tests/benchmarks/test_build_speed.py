"""The speed of builds, measured in processes of their own."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from benchmarks.__main__ import app
from benchmarks.build_speed import build_table, document_texts, feed_of, measure_build
from benchmarks.catalogue.cli import generate
from benchmarks.cli import building
from benchmarks.errors import BenchmarkError
from indexer.settings import IndexSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.mark.slow
def test_each_size_is_built_from_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    generate(tmp_path / "catalogue-60.jsonl.gz", products=60)
    result = measure_build((60, 120), tmp_path, tmp_path / "models", "hashing-32")
    small, large = result["builds"]
    assert (small["products"], large["products"]) == (60, 120)
    assert "analysing products" in small["seconds"]
    for row in (small, large):
        assert row["total_seconds"] >= row["without_embedding_seconds"] > 0
        assert 20e6 < row["peak_bytes"] < 4e9
        assert row["index_bytes"] > 0
        assert row["processor_seconds"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "catalogue-120.jsonl.gz",
        "catalogue-60.jsonl.gz",
    ]
    table = build_table(json.loads(json.dumps(result)))
    assert "builds with hashing-32" in table
    assert "peak memory, MB" in table


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    generate(tmp_path / "catalogue-20.jsonl.gz", products=20)
    with pytest.raises(
        BenchmarkError, match=r"catalogue-20\.jsonl\.gz failed: \{[^}]*no-such-model"
    ):
        measure_build((20,), tmp_path, tmp_path / "models", "no-such-model")


def test_the_model_is_timed_on_what_a_build_reads(tmp_path: Path) -> None:
    feed = feed_of(5, tmp_path)
    assert feed_of(5, tmp_path) == feed
    texts = document_texts(feed)
    assert len(texts) == 5
    assert all(40 < len(text) <= IndexSettings().embedding.max_characters for text in texts)


def test_the_command_times_the_model_where_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: dict[str, Any] = {"machine": {}, "documents": {}}
    seen: list[tuple[int, str]] = []

    def measure(_: Path, texts: list[str], reference: str) -> dict[str, Any]:
        seen.append((len(texts), reference))
        return shown

    @contextmanager
    def place(data_dir: Path) -> Iterator[tuple[Path, None]]:
        yield data_dir, None

    monkeypatch.setattr(building, "workplace", place)
    monkeypatch.setattr(building, "install_default_model", lambda models: models)
    monkeypatch.setattr(building, "measure_build", lambda *_: {"builds": []})
    monkeypatch.setattr(building, "build_table", lambda _: "the table")
    monkeypatch.setattr(building, "measure_embedding", measure)
    monkeypatch.setattr(building, "embedding_table", lambda _: "the other table")
    out = tmp_path / "out.json"
    options = ["--products", "1000", "--data-dir", str(tmp_path), "--json", str(out)]
    result = CliRunner().invoke(app, ["build", *options])
    assert (result.exit_code, result.output) == (0, "the table\n")
    result = CliRunner().invoke(app, ["build", *options, "--reference", "a-model"])
    assert (result.exit_code, result.output) == (0, "the table\nthe other table\n")
    assert seen == [(1_000, "a-model")]
    assert json.loads(out.read_text())["embedding"] == shown
