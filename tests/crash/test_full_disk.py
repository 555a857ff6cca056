"""A disk that is full or read-only: said clearly, nothing half done, and searches go on."""

from __future__ import annotations

import errno
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from searchsvc.cli.main import app
from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.crash.small_disk import SmallDisk, small_disk
from tests.searchsvc.eventually import eventually
from tests.searchsvc.http.shoppers import sent

KEY = "correct horse battery staple"
ADMIN = {"Authorization": f"Bearer {KEY}"}
PATH = f"/v1/indexes/{shop.INDEX}"
PLACES = 60 if shop.TRIALS else 6
"""At how many places of its writing each command runs out of room."""
_WORDS = {
    "full": ("no space left", "disk is full"),
    "read-only": ("read-only", "readonly", "write access"),
}
_NEEDED = {"delta": 40_000, "synonyms": 8_192, "keys": 60_000, "reindex": 120_000}
"""Bytes: more than the commands need."""
pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Generator[SmallDisk]:
    with small_disk(tmp_path / "disk", "16m") as mounted:
        yield mounted


@pytest.fixture
def data_dir(disk: SmallDisk) -> Path:
    """With two generations of the shop, the second by a delta."""
    shop.build(disk.root / "data", 1)
    shop.patch(disk.root / "data", 1)
    return disk.root / "data"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def commands(data_dir: Path, scratch: Path, number: int) -> dict[str, list[str]]:
    """Commands that write, each of which is another one for each number."""
    where = ["--data-dir", str(data_dir)]
    index = ["--index", shop.INDEX, *where]
    delta = scratch / "delta.jsonl"
    delta.write_text(f'{{"id": "p01", "price": "{number + 1} EUR"}}\n')
    synonyms = scratch / "synonyms.json"
    synonyms.write_text(f'{{"sets": [["red", "crimson{number}"]]}}')
    return {
        "delta": ["reindex", "--delta", str(delta), *index],
        "synonyms": ["synonyms", "set", str(synonyms), *index],
        "keys": ["keys", "create", "--role", "search", *where],
    }


@pytest.mark.parametrize("name", ["delta", "synonyms", "keys"])
@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_command_says_what_to_do_changes_nothing_and_succeeds_afterwards(
    disk: SmallDisk, data_dir: Path, tmp_path: Path, name: str, fault: str
) -> None:
    failed = 0
    for place in range(PLACES if fault == "full" else 1):
        before = shop.published(data_dir)
        trouble = (
            disk.filled(place * _NEEDED[name] // PLACES) if fault == "full" else disk.read_only()
        )
        with trouble:
            code, said = run(*commands(data_dir, tmp_path, place + 100)[name])
            if code:
                failed += 1
                assert any(words in said.lower() for words in _WORDS[fault]), said
                assert "Traceback" not in said
                assert shop.published(data_dir) == before
                assert shop.served(data_dir, tmp_path) == before
        code, said = run(*commands(data_dir, tmp_path, place + 1_000)[name])
        assert code == 0, said
        assert shop.leftovers(data_dir) == []
    assert failed
    shop.tell(f"{name} on a disk that is {fault}", failed)


def test_a_build_on_a_full_disk_leaves_what_was_published(
    disk: SmallDisk, data_dir: Path, tmp_path: Path
) -> None:
    failed = 0
    for place in range(PLACES):
        before = shop.published(data_dir)
        with disk.filled(place * _NEEDED["reindex"] // PLACES):
            try:
                shop.build(data_dir, place + 2, feed=tmp_path / "feed.jsonl")
            except OSError as error:
                why = error.errno
            else:
                why = 0
            if why:
                failed += 1
                assert why == errno.ENOSPC
                assert shop.published(data_dir) == before
                assert shop.leftovers(data_dir) == []
        shop.build(data_dir, place + 1_000)
        assert shop.leftovers(data_dir) == []
    assert failed
    shop.tell("reindex on a disk that is full", failed)


@contextmanager
def running(data_dir: Path) -> Iterator[TestClient]:
    settings = Settings(
        data_dir=data_dir, models_dir=data_dir / "no models", poll_seconds=0.05, admin_key=KEY
    )  # type: ignore[arg-type] # parsed
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def send(client: TestClient, number: int) -> int:
    event = {"type": "click", "id": f"e{number}", "items": [{"id": "p01"}]}
    return client.post("/v1/events", json=sent(event)).status_code


CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("PUT", "synonyms", {"sets": [["red", "crimson"]]}),
    ("PATCH", "products", {"products": [{"id": "p01", "price": "5 EUR"}]}),
)


def _searches_and_refuses_changes(client: TestClient, root: Path) -> None:
    for method, path, body in CHANGES:
        response = client.request(method, f"{PATH}/{path}", json=body, headers=ADMIN)
        assert response.status_code in {500, 503}, response.text
        assert response.headers["Content-Type"] == "application/problem+json"
        assert str(root) not in response.text
    answer = client.get(f"{PATH}/search", params={"query": "red"})
    assert answer.status_code == 200
    assert answer.json()["total"] > 0
    assert client.get("/readyz").json()["ready"]


def _takes_changes(client: TestClient) -> None:
    for method, path, body in CHANGES:
        response = client.request(method, f"{PATH}/{path}", json=body, headers=ADMIN)
        assert response.status_code == 200, response.text


def test_a_service_whose_disk_fills_up_searches_on_and_recovers(
    disk: SmallDisk, data_dir: Path
) -> None:
    with running(data_dir) as client:
        assert send(client, 0) == 200
        with disk.filled():
            codes = [send(client, number) for number in range(1, 31)]
            assert set(codes) <= {200, 503}
            assert codes[-1] == 503
            _searches_and_refuses_changes(client, disk.root)
        eventually(lambda: send(client, 99) == 200)
        _takes_changes(client)
    stored = [f"e{number}" for number, code in enumerate(codes, 1) if code == 200]
    store = StateStore.open(Settings(data_dir=data_dir))
    found = [event.id for event in store.events()]
    store.close()
    # What was acknowledged is there, and nothing else.
    assert sorted(found) == sorted(["e0", *stored, "e99"])


def test_a_service_starts_on_a_read_only_disk_and_searches(
    disk: SmallDisk, data_dir: Path
) -> None:
    with running(data_dir) as client:
        assert send(client, 0) == 200
    with disk.read_only(), running(data_dir) as client:
        assert send(client, 1) == 503
        _searches_and_refuses_changes(client, disk.root)
    with running(data_dir) as client:
        assert send(client, 1) == 200
        _takes_changes(client)
