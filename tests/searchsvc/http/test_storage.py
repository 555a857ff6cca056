"""The storage: opened beside the service, closed with it, whatever the database does."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from searchsvc.errors import EventsUnavailableError
from searchsvc.events.recording import search_event
from searchsvc.http import storage as storages
from searchsvc.http.metrics import Metrics
from searchsvc.http.storage import Storage
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually


def test_nothing_is_opened_before_the_start(tmp_path: Path) -> None:
    storage = Storage(lambda: StateStore.open(Settings(data_dir=tmp_path)), Metrics(), 30)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(EventsUnavailableError, match="the service is starting"):
        _ = storage.state
    storage.close()


def test_it_is_open_after_the_start_and_writes_what_waits_when_it_closes(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    storage = Storage(lambda: StateStore.open(settings), Metrics(), 30)
    storage.start()
    user = storage.state.user_key("anon-1")
    storage.events.offer(search_event("shop", user, "sofa", "0" * 32))
    storage.close()
    store = StateStore.open(settings)
    assert [event.query for event in store.events()] == ["sofa"]
    store.close()


def test_a_database_that_hangs_holds_up_the_start_for_a_moment_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storages, "FIRST_SECONDS", 0.01)
    gate = threading.Event()

    def slow() -> StateStore:
        assert gate.wait(20)
        return StateStore.open(Settings(data_dir=tmp_path))

    storage = Storage(slow, Metrics(), 30)
    storage.start()
    with pytest.raises(EventsUnavailableError, match="the service is starting"):
        _ = storage.state
    gate.set()

    def is_open() -> bool:
        try:
            return bool(storage.state)
        except EventsUnavailableError:
            return False

    eventually(is_open)
    storage.close()


def test_whatever_is_wrong_is_logged_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(storages, "RETRY_SECONDS", 0.001)
    tries: list[int] = []

    def broken() -> StateStore:
        tries.append(1)
        raise LookupError(f"postgresql://user:{sum(tries)}password@host")

    storage = Storage(broken, Metrics(), 30)
    storage.start()
    eventually(lambda: len(tries) > 3)
    with pytest.raises(EventsUnavailableError, match="the service's log has the details"):
        _ = storage.state
    storage.close()
    assert caplog.text.count("events cannot be stored: LookupError") == 1
    assert "1password" not in caplog.text


def test_a_key_that_is_unusable_is_told_to_the_log_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "token.key").write_text("short")
    storage = Storage(lambda: StateStore.open(Settings(data_dir=tmp_path)), Metrics(), 30)
    storage.start()
    with pytest.raises(EventsUnavailableError) as caught:
        _ = storage.state
    storage.close()
    assert "key" not in str(caught.value)
    assert "remove it, and a new one is made.\n" in caplog.text
