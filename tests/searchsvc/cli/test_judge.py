"""``searchsvc judge``: the command, its server and its report."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from indexer.embedding.hashing import HashingEmbedder
from searchsvc.cli import judge as judge_module
from searchsvc.cli.main import app
from searchsvc.judging.pool import Pooler
from searchsvc.judging.store import RatingsStore, read_ratings
from searchsvc.relevance.judgments import load_judgments
from tests.searchsvc.eventually import eventually
from tests.searchsvc.judging.given import rating

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from indexer.layout import IndexLayout
    from tests.conftest import Build

FEED = [{"id": f"s{number}", "title": f"Red shoe {number}"} for number in range(8)]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "judged"


@pytest.fixture
def run(
    build: Build, data_dir: Path, tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    build(FEED)
    (tmp_path / "queries.txt").write_text("red shoe\nshoe 3\n")
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SEARCHSVC_MODELS_DIR", str(tmp_path / "models"))

    def invoke(*options: str) -> Result:
        return CliRunner().invoke(app, ["judge", str(directory), "--index", "shop", *options])

    return invoke


class Rater:
    """Somebody who opens the printed address, labels a product and stops the command."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        self.answers: list[int] = []
        self.address = ""
        self._number = number
        self._announce = judge_module.create_judging_app
        monkeypatch.setattr(judge_module, "create_judging_app", self.watch)

    def watch(self, session: Any, snapshot: Any, token: str, hosts: frozenset[str] | None) -> Any:
        self.session, self.token, self.hosts = session, token, hosts
        threading.Thread(target=self.work).start()
        return self._announce(session, snapshot, token, hosts)

    def work(self) -> None:
        try:
            headers = {"Authorization": f"Bearer {self.token}"}
            base = f"http://127.0.0.1:{self.port()}"
            with httpx2.Client(base_url=base, headers=headers, timeout=20) as client:
                eventually(lambda: _answers(client))
                (item, *_) = client.get("/api/queries/q001").json()
                body = {
                    "query_id": "q001",
                    "product_id": item["product"]["id"],
                    "label": 2,
                }
                self.answers.append(client.post("/api/ratings", json=body).status_code)
        finally:
            os.kill(os.getpid(), self._number)

    def port(self) -> int:
        assert self.hosts is not None
        return int(next(iter(self.hosts)).rpartition(":")[2])


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/api/session").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_session_ends_well_with_a_signal_and_writes_the_table(
    run: Callable[..., Result],
    directory: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    rater = Rater(monkeypatch, number)
    queries = str(tmp_path / "queries.txt")
    handler = signal.getsignal(signal.SIGTERM)
    result = run("--queries", queries, "--rater", "anna", "--port", "0", "--depth", "3")
    assert result.exit_code == 0, result.output
    assert rater.answers == [204]
    address = f"http://127.0.0.1:{rater.port()}/#token={rater.token}"
    assert address in result.stderr
    assert re.search(r"anna: 0 of \d+ products of 2 queries rated", result.stderr)
    assert "qrels.tsv has 1 judgments" in result.stderr
    assert signal.getsignal(signal.SIGTERM) is handler
    (one,) = read_ratings(directory)
    assert (one.rater, one.label) == ("anna", 2)
    assert load_judgments(directory).qrels == {"q001": {one.product_id: 2}}


def test_the_pool_has_what_the_synonyms_of_the_index_find(
    run: Callable[..., Result],
    layout: IndexLayout,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[set[str]] = []

    def watch(pooler: Pooler, text: str) -> frozenset[str]:
        found.append({*pooler.by_words(text)})
        return frozenset(found[-1])

    monkeypatch.setattr(Pooler, "pool", watch)
    (tmp_path / "queries.txt").write_text("kicks\n")
    rater = Rater(monkeypatch, signal.SIGINT)
    layout.synonyms_file.write_text('{"sets": [["kicks", "shoe"]]}')
    run("--queries", str(tmp_path / "queries.txt"), "--port", "0")
    assert rater.answers == [204]
    assert found == [{record["id"] for record in FEED}]


def test_for_scripts_it_prints_the_address_and_nothing_else(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rater = Rater(monkeypatch, signal.SIGINT)
    result = run("--queries", str(tmp_path / "queries.txt"), "--port", "0", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert told == {
        "address": f"http://127.0.0.1:{rater.port()}/#token={rater.token}",
        "rater": "rater-1",
        "pid": os.getpid(),
    }
    assert result.stderr == ""


def test_beyond_this_machine_it_warns_and_answers_any_host(
    run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[frozenset[str] | None] = []

    def remember(*arguments: Any) -> None:
        seen.append(arguments[3])

    monkeypatch.setattr(judge_module, "create_judging_app", remember)
    monkeypatch.setattr(judge_module, "_run", lambda *_: None)
    queries = str(tmp_path / "queries.txt")
    result = run("--queries", queries, "--host", "0.0.0.0", "--port", "0")  # noqa: S104 - its effect is what is tested
    assert result.exit_code == 0
    assert "without encryption" in result.stderr
    result = run("--host", "::1", "--port", "0")
    if result.exit_code == 0:  # a machine may have no IPv6
        assert "http://[::1]:" in result.stderr
        assert seen[1] is not None
    assert seen[0] is None


def test_a_port_that_is_taken_is_told_before_anything_is_written(
    run: Callable[..., Result], directory: Path, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        result = run("--queries", str(tmp_path / "queries.txt"), "--port", port)
    assert result.exit_code == 1
    assert "choose another address with --host and --port" in result.stderr
    assert not list(directory.glob("*"))


def test_without_the_model_there_is_no_pool_and_the_remedy_is_named(
    run: Callable[..., Result], build: Build, tmp_path: Path
) -> None:
    class Gone(HashingEmbedder):
        @property
        def name(self) -> str:
            return "gone-model"

    build([{"id": "a", "title": "Red shoe"}], embedder=Gone(64), force=True)
    result = run("--queries", str(tmp_path / "queries.txt"), "--port", "0")
    assert result.exit_code == 1
    assert "would favour keyword search. Run 'searchsvc model install'" in result.stderr


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--rater", " "), 2, "expected 1 to 64 printable characters"),
        (("--queries", "nowhere.txt"), 1, "nowhere.txt: No such file"),
        (("--index", "none"), 1, "there is no index 'none'"),
        (("--port", "0"), 1, "no query to judge"),
        (("--depth", "0"), 2, "--depth"),
        (("--report",), 1, "queries.jsonl: no such file"),
    ],
)
def test_what_cannot_be_done_is_told_with_a_remedy(
    run: Callable[..., Result], options: tuple[str, ...], code: int, message: str
) -> None:
    result = run(*options)
    assert result.exit_code == code
    assert message in result.stderr


def _judged(directory: Path) -> None:
    directory.mkdir()
    (directory / "queries.jsonl").write_text(
        '{"id":"q001","text":"red shoe"}\n{"id":"q002","text":"lamp"}\n'
    )
    (directory / "qrels.tsv").write_text("q001\ts1\t2\n")


def test_the_report_is_for_people(run: Callable[..., Result], directory: Path) -> None:
    _judged(directory)
    with RatingsStore(directory) as store:
        for name, label in (("s1", 3), ("s2", 0), ("s3", 1)):
            store.append(rating("anna", name, label))
            store.append(rating("ben", name, min(label + 1, 3)))
        store.append(rating("anna", "s4", None))
    result = run("--report")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[1] == "q001       1  red shoe: anna 3 (1), ben 3"
    assert lines[2] == "q002       0  lamp: nobody yet"
    assert "3 pairs were labelled by more than one rater" in lines
    assert re.search(r"alpha \(ordinal\): 0\.\d{3}$", result.stdout, re.MULTILINE)
    assert re.search(r"of anna and ben: 0\.\d{3} over 3 pairs", result.stdout)
    assert "  q001 'red shoe', product s2: anna 0, ben 1" in lines
    told = json.loads(run("--report", "--json").stdout)
    assert [query["id"] for query in told["queries"]] == ["q001", "q002"]


def test_the_report_of_what_nobody_rated_says_so(
    run: Callable[..., Result], directory: Path
) -> None:
    _judged(directory)
    output = run("--report").stdout
    assert "alpha (ordinal): cannot be said yet" in output
    assert "disputed" not in output
    assert not (directory / "ratings.jsonl").exists()


def test_a_failure_for_scripts_is_json(run: Callable[..., Result]) -> None:
    result = run("--report", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"] == "JudgmentsError"


def test_browsers_leave_the_usual_port_out_of_the_host() -> None:
    assert "127.0.0.1" not in judge_module.local_hosts(8001)
    assert {"127.0.0.1", "localhost:80", "[::1]"} < judge_module.local_hosts(80)
