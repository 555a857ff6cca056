from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from indexer.embedding.hashing import HashingEmbedder
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product

runner = CliRunner()


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "open_default_embedder", lambda _: HashingEmbedder(64))


def run(*arguments: object) -> str:
    done = runner.invoke(command.app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_relevance_of_several_collections_goes_to_one_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_catalogue(tmp_path / name, products=300, seed=5)
    out = tmp_path / "result.json"
    table = run("relevance", tmp_path / "one", tmp_path / "two", "--json", out)
    results: list[Any] = json.loads(out.read_text())
    assert [result["collection"]["name"] for result in results] == ["one", "two"]
    assert table.count("rank-bm25") == 2


def test_a_kept_data_directory_embeds_nothing_the_second_time(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    for embedded in (1_000, 0):
        run("latency", "--products", 1000, "--queries", 10, "--data-dir", tmp_path, "--json", out)
        result: dict[str, Any] = json.loads(out.read_text())
        assert (result["build"]["embedded"] > 0) == bool(embedded)


@pytest.mark.parametrize("form", ["jsonl", "csv", "tsv", "xml"])
def test_generated_feeds_of_every_format_are_read_without_rejection(
    tmp_path: Path, form: str
) -> None:
    feed = tmp_path / f"feed.{form}"
    run("generate", feed, "--products", 40, "--format", form)
    with open_feed(str(feed), FeedOptions()) as records:
        assert records is not None
        read = list(records)
    assert len(read) == 40
    assert all(isinstance(record, Product) for record in read)


def test_a_missing_collection_is_a_message_and_exit_code_1(tmp_path: Path) -> None:
    done = runner.invoke(command.app, ["relevance", str(tmp_path / "nowhere")])
    assert done.exit_code == 1
    assert "nowhere" in done.stderr
    assert "feed.jsonl" in done.stderr
