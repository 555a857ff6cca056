"""What only PostgreSQL does: servers that do not answer, locks and sessions that end."""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import make_url

from searchsvc.errors import StateFormatError, StateMissingError, StateUnavailableError
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.happenings import USERS, make_event

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.postgres import Cluster

SECRET = "open-sesame"  # noqa: S105 - of nobody


@pytest.fixture
def url(postgres: Cluster) -> Generator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return settings_of(tmp_path, url)


def settings_of(folder: Path, url: str) -> Settings:
    return Settings(data_dir=folder, state_url=url, token_key="k" * 32)


def test_a_server_that_is_not_there_is_an_error(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql://shop:{SECRET}@127.0.0.1:{port}/state"
    with pytest.raises(
        StateUnavailableError, match="refused; check that the server runs"
    ) as caught:
        StateStore.open(settings_of(tmp_path, url))
    said = str(caught.value) + caplog.text
    assert SECRET not in said
    assert "127.0.0.1" not in said  # answers over HTTP say it, too
    assert caught.value.__cause__ is None


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_an_error_after_two_seconds(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"postgresql://shop:{SECRET}@127.0.0.1:{deaf.getsockname()[1]}/state"
        with pytest.raises(StateUnavailableError, match="timeout expired") as caught:
            StateStore.open(settings_of(tmp_path, url))
    assert SECRET not in str(caught.value)


def test_a_database_that_is_not_there_is_an_error(tmp_path: Path, postgres: Cluster) -> None:
    url = f"postgresql://owner@/nothing?host={postgres.folder}"
    with pytest.raises(StateUnavailableError, match='database "nothing" does not exist'):
        StateStore.open(settings_of(tmp_path, url))


def test_a_server_that_ended_its_sessions_is_asked_again(
    settings: Settings, postgres: Cluster
) -> None:
    store = StateStore.open(settings)
    store.append([make_event("e1", "a")])
    postgres.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'searchsvc'"
    )
    assert store.append([make_event("e2", "a")]).stored == 1
    store.close()


def test_a_lock_that_is_held_too_long_is_an_error(
    tmp_path: Path, url: str, postgres: Cluster
) -> None:
    store = StateStore.open(settings_of(tmp_path, f"{url}&options=-c lock_timeout=100ms"))
    name = make_url(url).database
    with closing(postgres.connect(name)) as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE searchsvc_event")
        with pytest.raises(StateUnavailableError, match="lock timeout") as caught:
            store.append([make_event("secret-event", "a")])
    assert "secret" not in str(caught.value)
    assert store.append([make_event("secret-event", "a")]).stored == 1
    store.close()


def test_who_reads_does_not_wait_for_who_writes_and_writes_nothing(settings: Settings) -> None:
    store = StateStore.open(settings)
    with store._database.writing() as writer:  # noqa: SLF001 - two transactions at once
        writer.exec_driver_sql("LOCK TABLE searchsvc_event IN EXCLUSIVE MODE")
        assert store.count() == {}
    with (
        pytest.raises(StateUnavailableError, match="read-only transaction"),
        store._database.reading() as reader,  # noqa: SLF001 - ditto
    ):
        reader.exec_driver_sql("DELETE FROM searchsvc_event")
    store.close()


def test_a_value_that_the_server_refuses_is_not_repeated(settings: Settings) -> None:
    store = StateStore.open(settings)
    database = store._database  # noqa: SLF001 - the store itself checks all values
    with (
        pytest.raises(ValueError, match=r"^PostgreSQL refused a value \(InvalidTextRep\w+\)$"),
        database.writing() as writer,
    ):
        writer.exec_driver_sql(
            "INSERT INTO searchsvc_schema (version, applied_ms) VALUES ('secret', 0)"
        )
    with (
        pytest.raises(StateUnavailableError, match=r"\(InvalidTextRep\w+\)") as caught,
        database.reading() as reader,
    ):
        reader.exec_driver_sql("SELECT CAST('secret' AS integer)")
    assert "secret" not in str(caught.value)
    store.close()


def test_a_deletion_says_that_bytes_remain_until_the_server_cleans_up(settings: Settings) -> None:
    store = StateStore.open(settings)
    assert store.delete_user("anon-1").erased
    store.append([make_event("e1", "a", user=store.user_key("anon-1"))])
    assert not store.delete_user("anon-1").erased
    store.close()


def test_who_must_not_make_tables_finds_none(settings: Settings) -> None:
    with pytest.raises(StateMissingError, match="has no tables"):
        StateStore.open(settings, create=False)


def test_a_word_is_ordered_by_its_bytes_whatever_the_language_of_the_database(
    settings: Settings,
) -> None:
    store = StateStore.open(settings)
    found = [make_event(name, "a", user=USERS[0]) for name in ("B", "Z", "a", "f-1", "f1", "é")]
    store.append(found)
    assert list(store.events()) == found
    store.close()


def test_a_driver_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StateUnavailableError, match=r"pip install 'searchsvc\[postgres\]'"):
        StateStore.open(settings_of(tmp_path, "postgresql://localhost/state"))


@pytest.mark.parametrize("url", [f"postgres//shop:{SECRET}@host/state", f"://{SECRET}", ""])
def test_what_is_no_url_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(StateUnavailableError, match="is no URL, expected one such as") as caught:
        StateStore.open(settings_of(tmp_path, url))
    assert SECRET not in str(caught.value)


def test_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    url = f"mysql://shop:{SECRET}@host/state"
    with pytest.raises(StateFormatError, match="begins with 'mysql', expected sqlite or postgres"):
        StateStore.open(settings_of(tmp_path, url))
