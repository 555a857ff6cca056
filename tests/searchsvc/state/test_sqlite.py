"""What only SQLite does: files, locks, and bytes that must be gone from them."""

from __future__ import annotations

import sqlite3
import stat
import struct
import threading
from contextlib import closing
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from searchsvc.errors import StateMissingError, StateUnavailableError, TokenKeyError
from searchsvc.events.event import EventKind
from searchsvc.settings import Settings
from searchsvc.state import sqlite
from searchsvc.state import store as store_module
from searchsvc.state.store import StateStore
from tests.happenings import INDEX, make_event

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sqlalchemy import Engine

TOKEN = "anon-5f1c0e7a"  # noqa: S105 - a pseudonym


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def path(settings: Settings) -> Path:
    return settings.data_dir / "state.db"


@pytest.fixture
def store(settings: Settings) -> Generator[StateStore]:
    opened = StateStore.open(settings)
    yield opened
    opened.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a lock waits a moment only."""
    monkeypatch.setattr(sqlite, "WAIT_SECONDS", 0.2)


def contents(path: Path) -> bytes:
    """All bytes of the database's files."""
    names = ("", "-wal", "-journal")
    files = [path.with_name(path.name + name) for name in names]
    return b"".join(file.read_bytes() for file in files if file.exists())


# Deletion


def test_after_a_deletion_no_byte_of_the_user_is_in_a_file(store: StateStore, path: Path) -> None:
    user = store.user_key(TOKEN)
    store.append(
        [
            make_event(f"secret-event-{n}", kind=kind, user=user, query=f"secret words {n}")
            for n, kind in enumerate([EventKind.SEARCH] * 40)
        ]
    )
    store.append([make_event("secret-order", "secret-product", user=user, arm="secret-arm")])
    store.put_members(INDEX, "vip", [TOKEN], replace=True)
    before = contents(path)
    for secret in (bytes.fromhex(user), b"secret-event-7", b"secret words 7", b"secret-product"):
        assert secret in before
    assert store.delete_user(TOKEN).erased
    after = contents(path)
    assert bytes.fromhex(user) not in after
    assert b"secret" not in after
    assert user.encode() not in after
    assert TOKEN.encode() not in before


def test_copies_of_rows_that_sqlite_left_in_free_parts_of_pages_are_gone_too(
    settings: Settings, path: Path
) -> None:
    store = StateStore.open(settings)
    key = bytes.fromhex(store.user_key(TOKEN))
    store.append([make_event("e1", "a", user=key.hex()), make_event("e2", "a")])
    store.close()
    copies = _plant(path, key)
    assert copies > 3
    store = StateStore.open(settings)
    assert store.delete_user(TOKEN).erased
    assert key not in contents(path)
    assert list(store.events()) == [make_event("e2", "a")]
    store.close()


@pytest.mark.usefixtures("impatient")
def test_a_deletion_that_a_reader_holds_up_is_completed_by_the_next_purge(
    settings: Settings, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = StateStore.open(settings)
    key = store.user_key(TOKEN)
    store.append([make_event("e1", "a", user=key), make_event("e2", "a", time_ms=2_000)])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM searchsvc_event").fetchone()
        deleted = store.delete_user(TOKEN)
        assert (deleted.events, deleted.erased) == (1, False)
        assert "later" in caplog.text
        assert bytes.fromhex(key) in contents(path)
        assert not store.delete_user(TOKEN).erased
    assert store.purge(0) == 0
    assert bytes.fromhex(key) not in contents(path)
    assert store.delete_user(TOKEN).erased
    store.close()


@pytest.mark.usefixtures("impatient")
def test_a_deletion_that_a_writer_holds_up_is_completed_by_the_next_one(
    settings: Settings, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = StateStore.open(settings)
    store.append([make_event("e1", "a", user=store.user_key(TOKEN))])
    rewrite = sqlite.Sqlite.rewrite

    def locked(self: sqlite.Sqlite, engine: Engine) -> bool:
        with closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            return rewrite(self, engine)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite.Sqlite, "rewrite", locked)
        assert not store.delete_user(TOKEN).erased
    assert store.delete_user("somebody else").erased
    store.close()


def test_purges_have_the_file_written_anew_once_a_day(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased: list[int] = []
    clock = count()
    hour = 0
    monkeypatch.setattr(store_module, "_now_ms", lambda: hour * 3_600_000 + next(clock))
    monkeypatch.setattr(sqlite.Sqlite, "rewrite", lambda *_: not erased.append(hour))
    for hour in range(60):
        store.append([make_event(f"e{hour}", "a", time_ms=hour)])
        store.purge(hour)
    assert erased == [25, 50]


def test_what_is_deleted_while_the_file_is_written_anew_is_not_taken_for_erased(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    others, rewrite = ["second"], sqlite.Sqlite.rewrite

    def meanwhile(self: sqlite.Sqlite, engine: Engine) -> bool:
        for other in others[:]:
            others.clear()
            with monkeypatch.context() as patch:
                patch.setattr(sqlite.Sqlite, "rewrite", lambda *_: False)  # that one is in the way
                store.delete_user(other)
        return rewrite(self, engine)

    store.append(
        [make_event("e1", "a", user=store.user_key(token)) for token in ("first", "second")]
    )
    monkeypatch.setattr(sqlite.Sqlite, "rewrite", meanwhile)
    store.delete_user("first")
    erased: list[bool] = []
    monkeypatch.setattr(sqlite.Sqlite, "rewrite", lambda *_: not erased.append(True))
    store.purge(0)
    store.purge(0)
    assert erased == [True]


def test_a_reader_in_the_way_has_the_log_emptied_later_and_nothing_rewritten_again(
    store: StateStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.user_key(TOKEN)
    store.append([make_event("e1", "a", user=key), make_event("e2", "a", time_ms=2_000)])
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM searchsvc_event").fetchone()
        assert not store.delete_user(TOKEN).erased
        monkeypatch.setattr(sqlite.Sqlite, "rewrite", None)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite, "_MOMENT_MS", 30_000)
            waiting = threading.Thread(target=store.erase)
            waiting.start()
            reader.execute("COMMIT")
            waiting.join(20)
        assert not waiting.is_alive()
    assert bytes.fromhex(key) not in contents(path)
    assert store.erase()


def test_emptying_the_log_holds_up_other_writers_for_a_moment_only(store: StateStore) -> None:
    told: list[str] = []
    with store._database.reading() as connection:  # noqa: SLF001 - the one connection of the pool
        driver: Any = connection.connection.driver_connection
    driver.set_trace_callback(told.append)
    store.append([make_event("e1", "a", user=store.user_key(TOKEN))])
    assert store.delete_user(TOKEN).erased
    driver.set_trace_callback(None)
    place = told.index("PRAGMA wal_checkpoint(TRUNCATE)")
    assert told[place - 1] == "PRAGMA busy_timeout=200"
    assert told[place + 1] == "PRAGMA busy_timeout=5000"


# A file that is removed or replaced while it is open


def test_events_for_a_removed_file_are_refused_and_the_next_are_in_a_new_one(
    settings: Settings, path: Path
) -> None:
    store = StateStore.open(settings)
    store.append([make_event("e1", "a")])
    path.unlink()
    with pytest.raises(StateUnavailableError, match="removed or replaced while it was open"):
        store.append([make_event("e2", "a")])
    assert not path.exists()
    assert store.append([make_event("e3", "a")]).stored == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    store = StateStore.open(settings, create=False)
    assert list(store.events()) == [make_event("e3", "a")]
    store.close()


def test_a_file_that_vanishes_in_the_middle_of_a_transaction_fails_it(
    settings: Settings, path: Path
) -> None:
    store = StateStore.open(settings)
    with (
        pytest.raises(StateUnavailableError, match="nothing is known to be stored"),
        store._database.writing(),  # noqa: SLF001 - between its start and its end
    ):
        path.unlink()
    store.close()


@pytest.mark.parametrize("ask", ["count", "export_user", "delete_user"])
def test_a_backup_in_the_place_of_an_open_file_is_used_and_not_mixed_with_its_log(
    settings: Settings, path: Path, tmp_path: Path, ask: str
) -> None:
    store = StateStore.open(settings)
    other = StateStore.open(settings)
    store.append([make_event("e1", "a", time_ms=1)])
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(tmp_path / "b")) as to:
        source.backup(to)
    store.append([make_event(f"e{n}", "a", time_ms=n) for n in range(2, 300)])
    (tmp_path / "b").replace(path)
    with pytest.raises(StateUnavailableError, match="removed or replaced"):
        getattr(store, ask)(*[TOKEN][: ask != "count"])
    assert store.append([make_event("new", "a", time_ms=400)]).stored == 1
    with pytest.raises(StateUnavailableError, match="removed or replaced"):
        other.append([make_event("lost", "a")])
    assert other.append([make_event("later", "a", time_ms=401)]).stored == 1
    other.close()
    assert [event.id for event in store.events()] == ["e1", "new", "later"]
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_database_of_another_key_is_not_taken_in_the_place_of_an_open_one(
    settings: Settings, path: Path, tmp_path: Path
) -> None:
    foreign = Settings(data_dir=tmp_path / "other")
    StateStore.open(foreign).close()
    store = StateStore.open(settings)
    (foreign.data_dir / "state.db").replace(path)
    with pytest.raises(StateUnavailableError):
        store.append([make_event("e1", "a")])
    for _ in range(2):
        with pytest.raises(TokenKeyError, match="filled with another token key"):
            store.append([make_event("e1", "a")])
    (settings.data_dir / "token.key").write_text("k" * 32)
    with pytest.raises(TokenKeyError, match="restart the service"):
        store.append([make_event("e1", "a")])
    store.close()


# Locks


def test_who_reads_does_not_wait_for_who_writes(store: StateStore, path: Path) -> None:
    store.append([make_event("e1", "a")])
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM searchsvc_event")
        assert store.count()[INDEX].events == 1


def test_who_writes_waits_for_another_writer(store: StateStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        done = threading.Timer(0.2, writer.execute, ["COMMIT"])
        done.start()
        assert store.append([make_event("e1", "a")]).stored == 1
        done.join()


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_is_held_too_long_is_an_error(settings: Settings, path: Path) -> None:
    store = StateStore.open(settings)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateUnavailableError, match="locked; another process") as caught:
            store.append([make_event("secret-event", "a")])
    assert "secret" not in str(caught.value)
    assert str(path.parent) not in str(caught.value)
    assert store.append([make_event("secret-event", "a")]).stored == 1
    store.close()


def test_who_opens_a_new_database_waits_for_another_who_does(
    settings: Settings, path: Path
) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        done = threading.Timer(0.2, other.execute, ["COMMIT"])
        done.start()
        StateStore.open(settings).close()
        done.join()


@pytest.mark.usefixtures("impatient")
def test_a_database_that_stays_locked_cannot_be_opened(settings: Settings, path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StateUnavailableError, match="locked; another process"):
            StateStore.open(settings)


def test_a_transaction_survives_a_power_cut(store: StateStore) -> None:
    with store._database.reading() as connection:  # noqa: SLF001 - what a connection was told
        told = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert told == {
        "journal_mode": "wal",
        "synchronous": 2,  # FULL
        "foreign_keys": 1,
        "secure_delete": 1,
    }


# Files


def test_the_file_is_for_its_owner_only(store: StateStore, path: Path) -> None:
    store.append([make_event("e1", "a")])
    for file in path.parent.glob("state.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["a b", "50%41", "q?mode=ro", "h#x", "ä:@b", "back\\slash"])
def test_a_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    StateStore.open(Settings(data_dir=tmp_path / name)).close()
    names = sorted(entry.name for entry in (tmp_path / name).iterdir())
    assert names == ["state.db", "token.key"]


@pytest.mark.parametrize("content", [b"no database" * 500, b"SQLite format 3\0" + b"x" * 8_000])
def test_a_file_that_is_no_database_is_an_error(
    settings: Settings, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(
        StateUnavailableError, match=r"state\.db: .*; stop the service, then restore it"
    ):
        StateStore.open(settings)
    assert path.read_bytes() == content


def test_a_database_that_was_damaged_is_an_error(settings: Settings, path: Path) -> None:
    store = StateStore.open(settings)
    store.append([make_event(f"e{n}", "a") for n in range(2_000)])
    store.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 8)
        file.write(b"\xa5" * (size - size // 8))
    store = StateStore.open(settings)
    with pytest.raises(
        StateUnavailableError, match=r"state\.db: .*; stop the service, then restore it"
    ):
        list(store.events())
    store.close()


def test_a_database_in_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file, not a directory")
    given = Settings(
        data_dir=tmp_path, state_url=f"sqlite:///{tmp_path}/data/state.db", token_key="k" * 32
    )
    with pytest.raises(StateUnavailableError, match=r"state\.db cannot be made .* write access"):
        StateStore.open(given)


def test_a_read_only_database_can_be_read_and_says_that_it_is_one(
    settings: Settings, path: Path
) -> None:
    store = StateStore.open(settings)
    store.append([make_event("e1", "a")])
    store.close()
    only = Settings(
        data_dir=settings.data_dir, state_url=f"sqlite:///file:{path}?mode=ro&uri=true"
    )
    store = StateStore.open(only)
    assert store.count()[INDEX].events == 1
    with pytest.raises(StateUnavailableError, match="needs write access"):
        store.append([make_event("e2", "a")])
    store.close()


def test_a_directory_is_no_database(settings: Settings, path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StateUnavailableError, match=r"state\.db: unable to open"):
        StateStore.open(settings)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(StateUnavailableError, match="another one in each process"):
        StateStore.open(Settings(data_dir=tmp_path, state_url=url))


def test_a_full_disk_is_an_error_and_nothing_is_half_stored(store: StateStore) -> None:
    store.append([make_event("e1", "a")])
    with store._database.writing() as connection:  # noqa: SLF001 - the one connection of the pool
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StateUnavailableError, match="the disk is full; make room"):
        store.append([make_event(f"f{n}", "a" * 500) for n in range(200)])
    assert list(store.events()) == [make_event("e1", "a")]


def test_nothing_is_made_where_nothing_may_be(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "token.key").write_text("k" * 32)
    with pytest.raises(StateMissingError, match=r"there is no state\.db"):
        StateStore.open(settings, create=False)
    assert [entry.name for entry in settings.data_dir.iterdir()] == ["token.key"]


@pytest.mark.usefixtures("impatient")
def test_too_many_at_once_are_told_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "CONNECTIONS", 1)
    monkeypatch.setattr(sqlite, "MORE_CONNECTIONS", 0)
    store = StateStore.open(settings)
    with (
        store._database.reading(),  # noqa: SLF001 - somebody who is slow
        pytest.raises(StateUnavailableError, match="too many want it at once"),
    ):
        store.count()
    assert store.count() == {}
    store.close()


def _plant(path: Path, secret: bytes) -> int:
    """Put `secret` where rows were that moved to other pages: between a page's list of cells and
    the cells, see https://www.sqlite.org/fileformat2.html#b_tree_pages. Rarely, SQLite leaves
    them there, whatever ``secure_delete`` says. How often it was done."""
    data = bytearray(path.read_bytes())
    (size,) = struct.unpack_from(">H", data, 16)
    planted = 0
    for start in range(size, len(data), size):
        kind, _, cells, content = struct.unpack_from(">BHHH", data, start)
        free = start + 8 + 2 * cells
        if kind in {0x0A, 0x0D} and free + len(secret) <= start + content:
            data[free : free + len(secret)] = secret
            planted += 1
    path.write_bytes(data)
    return planted


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///x.db?timeout=soon",
        "sqlite://host/x.db",
        "sqlite:////tmp/" + 300 * "x",
        "sqlite://user:secret@host:port/x.db",
        "sqlite:///x.db?check_same_thread=perhaps",
    ],
)
def test_an_url_that_cannot_be_used_is_not_repeated(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    changed = settings.model_copy(update={"state_url": SecretStr(url)})
    with pytest.raises(StateUnavailableError, match="SEARCHSVC_STATE_URL") as caught:
        StateStore.open(changed)
    assert "secret" not in str(caught.value)
