from __future__ import annotations

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks.catalogue.cli import write_catalogue
from benchmarks.cli import frame
from benchmarks.fetch import PUBLICATIONS
from indexer.embedding.hashing import HashingEmbedder
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product

runner = CliRunner()


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame, "open_default_embedder", lambda _: HashingEmbedder(64))


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


def test_relevance_takes_every_option(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "one", products=300, seed=5)
    common = ("relevance", tmp_path / "one", "--data-dir", tmp_path / "data")
    run(*common, "--systems", "BM25 (ours)", "--write-runs", tmp_path / "runs")
    out = tmp_path / "result.json"
    printed = run(
        *common, "--without", "rank-bm25", "--without", "vectors", "--baseline", "bm25-ours",
        "--run", tmp_path / "runs" / "one" / "bm25-ours.run", "--worst", 2, "--json", out,
        "--html", tmp_path / "report.html",
    )  # fmt: skip
    result: Any = json.loads(out.read_text())[0]
    assert list(result["systems"])[-1] == result["baseline"] == "bm25-ours"
    assert f"{result['shipped']}: worst 2 of" in printed
    assert "bm25-ours" in (tmp_path / "report.html").read_text()


def test_an_unknown_system_is_a_message_and_exit_code_1(tmp_path: Path) -> None:
    write_catalogue(tmp_path / "one", products=300, seed=5)
    done = runner.invoke(command.app, ["relevance", str(tmp_path / "one"), "--systems", "bm42"])
    assert done.exit_code == 1
    assert "'bm42'; expected one of: rank-bm25" in done.stderr


def test_a_collection_is_fetched_from_a_mirror(tmp_path: Path) -> None:
    mirror, folder = tmp_path / "mirror", tmp_path / "wands"
    mirror.mkdir()
    for name in PUBLICATIONS["wands"].files:
        (mirror / name).write_text(name)
    handler = partial(SimpleHTTPRequestHandler, directory=str(mirror))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            printed = run("fetch", "wands", folder, "--base-url", url)
        finally:
            server.shutdown()
            thread.join()
    assert "3 files fetched, licence MIT" in printed
    assert (folder / "label.csv").read_text() == "label.csv"


def test_an_unreachable_mirror_is_a_message_and_exit_code_1(tmp_path: Path) -> None:
    arguments = ["fetch", "esci", str(tmp_path), "--base-url", "http://127.0.0.1:1"]
    done = runner.invoke(command.app, arguments)
    assert done.exit_code == 1
    assert "--base-url" in done.stderr


def test_only_known_collections_are_fetched(tmp_path: Path) -> None:
    done = runner.invoke(command.app, ["fetch", "movies", str(tmp_path)])
    assert done.exit_code == 2
    assert "wands" in done.stderr


def test_a_kept_data_directory_embeds_nothing_the_second_time(tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    for embedded in (1_000, 0):
        common = ("--products", 1000, "--queries", 10, "--data-dir", tmp_path, "--json", out)
        run("latency", *common, "--without-http", "--without-baselines")
        result: dict[str, Any] = json.loads(out.read_text())
        assert (result["catalogues"][0]["build"]["embedded"] > 0) == bool(embedded)


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
