"""What earlier versions wrote, by command and by service: it opens, or says what helps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from shutil import copytree

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from indexer.analysis.analyzer import ANALYSIS_VERSION
from indexer.build.source import known_validators
from indexer.manifest import FORMAT_VERSION, MANIFEST_FILE, OLDEST_READABLE
from searchsvc.cli.main import app
from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from searchsvc.state.schema import SCHEMA_VERSION
from searchsvc.state.store import StateStore
from searchsvc.watching.status import WatchStatus
from tests.compat import make_fixture, make_state_fixture
from tests.crash import shop
from tests.crash.kills import kill_while, measured, times

TRIALS = shop.TRIALS or 4
REFUSED = range(1, OLDEST_READABLE)
READABLE = range(OLDEST_READABLE, FORMAT_VERSION + 1)
pytestmark = pytest.mark.slow


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(it) for it in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


@pytest.fixture
def data_dir(tmp_path: Path, version: int) -> Path:
    """The snapshot of a format as the published one."""
    layout = shop.layout_of(tmp_path / "data")
    folder = make_fixture.FOLDER / f"format_{version}"
    manifest = json.loads((folder / MANIFEST_FILE).read_bytes())
    text = json.dumps({**manifest, "analysis_version": ANALYSIS_VERSION}).encode()
    name = f"g00000001-{sha256(text).hexdigest()[:8]}"
    copytree(folder, layout.generation_dir(name))
    (layout.generation_dir(name) / MANIFEST_FILE).write_bytes(text)
    layout.current_file.write_text(f"{name}\n")
    return tmp_path / "data"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    path = tmp_path / "feed.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in make_fixture.RECORDS))
    return path


@contextmanager
def service(data_dir: Path) -> Iterator[TestClient]:
    settings = Settings(data_dir=data_dir, models_dir=data_dir / "none", poll_seconds=0.05)
    with TestClient(create_app(settings)) as client:
        yield client


def _where(data_dir: Path) -> list[object]:
    return ["--index", shop.INDEX, "--data-dir", data_dir]


def _total(client: TestClient) -> int:
    answer = client.get(f"/v1/indexes/{shop.INDEX}/search", params={"query": "red"})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


@pytest.mark.parametrize("version", REFUSED)
def test_every_command_says_that_a_format_is_too_old_and_reindex_repairs_it(
    data_dir: Path, feed: Path, tmp_path: Path
) -> None:
    delta = tmp_path / "delta.jsonl"
    delta.write_text('{"id": "p1", "price": "5 EUR"}\n')
    for command in (
        ["inspect"],
        ["inspect", "--verify"],
        ["search", "red"],
        ["reindex", "--delta", delta],
        ["reindex", "--compact"],
    ):
        code, said = run(*command, *_where(data_dir))
        assert (code, "searchsvc reindex" in said) == (1, True), (command, said)
    with service(data_dir) as client:
        report = client.get("/readyz")
        assert report.status_code == 503
        assert "searchsvc reindex" in report.json()["indexes"][shop.INDEX]
        refused = client.get(f"/v1/indexes/{shop.INDEX}/search", params={"query": "red"})
        assert refused.status_code == 503
    code, said = run("reindex", feed, *_where(data_dir))
    assert code == 0, said
    with service(data_dir) as client:
        assert client.get("/readyz").json()["indexes"][shop.INDEX] == "ok"
        assert _total(client) >= 3
    assert run("inspect", "--verify", *_where(data_dir))[0] == 0
    # Back to what this version cannot read: the readable one is served on, and that is said.
    old = shop.layout_of(data_dir).generations()[0]
    assert run("rollback", "--to", old, *_where(data_dir))[0] == 0
    with service(data_dir) as client:
        assert "refused" in client.get("/readyz").json()["indexes"][shop.INDEX]
        assert _total(client) >= 3


@pytest.mark.parametrize("version", READABLE)
def test_a_readable_format_is_searched_changed_and_built_again(
    data_dir: Path, feed: Path, tmp_path: Path
) -> None:
    with service(data_dir) as client:
        assert _total(client) >= 3
        assert client.get("/readyz").json()["indexes"][shop.INDEX] == "ok"
    delta = tmp_path / "delta.jsonl"
    for change in ({"price": "5 EUR"}, {"title": "red boots"}):
        delta.write_text(json.dumps({"id": "p1", **change}) + "\n")
        for command in (["reindex", "--delta", delta], ["inspect", "--verify"]):
            code, said = run(*command, *_where(data_dir))
            assert code == 0, said
    for command in (["reindex", "--compact"], ["reindex", feed], ["inspect", "--verify"]):
        code, said = run(*command, *_where(data_dir))
        assert code == 0, said


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_upgrade_of_the_database_that_is_killed_is_made_by_the_next(
    tmp_path: Path, version: int
) -> None:
    dump = (make_state_fixture.FOLDER / f"version_{version}.sql").read_text()

    def opened(number: int) -> None:
        StateStore.open(Settings(data_dir=place(number), token_key=make_state_fixture.KEY)).close()  # type: ignore[arg-type] # parsed

    def place(number: int) -> Path:
        directory = tmp_path / f"state{number}"
        if not directory.exists():
            directory.mkdir()
            with closing(sqlite3.connect(directory / "state.db")) as connection:
                connection.executescript(dump)
        return directory

    place(1)
    seconds = measured(opened, 1)
    chance = Random(version)  # noqa: S311 - no secret
    for number, after in enumerate(times(chance, seconds, TRIALS), 2):
        place(number)
        kill_while(lambda _, number=number: opened(number), 1, after)  # type: ignore[misc] # bound
        settings = Settings(data_dir=place(number), token_key=make_state_fixture.KEY)  # type: ignore[arg-type] # parsed
        store = StateStore.open(settings)
        assert list(store.events()) == make_state_fixture.EVENTS
        store.close()
    shop.tell(f"killed while a database of version {version} is upgraded", TRIALS)


def test_what_another_version_says_of_a_feed_is_as_if_it_said_nothing(tmp_path: Path) -> None:
    """Then the feed is read once more than it had to be, and nothing is lost."""
    data_dir = tmp_path / "data"
    shop.build(data_dir, 1)
    layout = shop.layout_of(data_dir)
    for text in ('{"location": "x", "generation": "g1", "build": "y"}', "{", "", "\0" * 100):
        layout.source_file.write_text(text)
        assert known_validators(layout, "feed", "build") is None
        (layout.root / "watch.json").write_text(text)
        assert WatchStatus.read(layout) is None
        generation = shop.build(data_dir, 1)
        assert json.loads(layout.source_file.read_bytes())["generations"] == [generation]
