"""Copies of a state database that is in use."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from searchsvc.errors import StateUnavailableError
from searchsvc.state.copying import (
    copy_database,
    database_file,
    deletions_since,
    put_in_place,
    require_unused,
)
from searchsvc.state.store import StateStore
from tests.happenings import make_event
from tests.searchsvc.conftest import MakeSettings


@pytest.fixture
def database(data_dir: Path) -> Path:
    return data_dir / "state.db"


def ids(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT id FROM searchsvc_event ORDER BY number")
        return [one for (one,) in found]


def test_a_copy_has_what_was_stored_also_what_is_only_in_the_log(
    make_settings: MakeSettings, database: Path, tmp_path: Path
) -> None:
    store = StateStore.open(make_settings())
    store.append([make_event("one"), make_event("two")])
    assert Path(f"{database}-wal").stat().st_size > 0
    copy = tmp_path / "copy.db"
    copy_database(database, copy)
    assert ids(copy) == ["one", "two"]
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob("copy.db*")] == ["copy.db"]
    store.append([make_event("three")])  # nobody was in the way
    store.close()


def test_copies_made_while_events_arrive_are_of_one_moment(
    make_settings: MakeSettings, database: Path, tmp_path: Path
) -> None:
    store = StateStore.open(make_settings())
    stop = threading.Event()

    def write() -> None:
        for number in range(10_000):
            store.append([make_event(f"{number}-{part}") for part in range(3)])
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            copy_database(database, tmp_path / f"{number}.db")
    finally:
        stop.set()
        writer.join()
    store.close()
    known = ids(database)
    for number in range(5):
        found = ids(tmp_path / f"{number}.db")
        assert found == known[: len(found)]
        assert len(found) % 3 == 0


def test_a_deleted_user_is_in_no_byte_of_a_copy(
    make_settings: MakeSettings, database: Path, tmp_path: Path
) -> None:
    store = StateStore.open(make_settings())
    key = store.user_key("the one who leaves")
    store.append([make_event(f"e{n}", "p", user=key, query="a needle") for n in range(50)])
    with closing(sqlite3.connect(database)) as connection:  # deleted, and not yet erased
        connection.execute("PRAGMA secure_delete=OFF").fetchall()
        connection.execute("DELETE FROM searchsvc_event")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint").fetchall()
    assert b"a needle" in database.read_bytes()
    copy_database(database, tmp_path / "copy.db")
    store.close()
    assert b"a needle" not in (tmp_path / "copy.db").read_bytes()


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_what_is_no_database_is_not_copied(tmp_path: Path, content: bytes | None) -> None:
    broken = tmp_path / "broken.db"
    if content is None:
        broken.mkdir()
    else:
        broken.write_bytes(content)
    with pytest.raises(StateUnavailableError, match=r"broken\.db cannot be copied"):
        copy_database(broken, tmp_path / "copy.db")


def test_a_database_that_somebody_has_open_is_in_use(
    make_settings: MakeSettings, database: Path
) -> None:
    store = StateStore.open(make_settings())
    with pytest.raises(StateUnavailableError, match="in use. Stop the service"):
        require_unused(database)
    store.append([make_event("one")])
    store.close()
    require_unused(database)
    assert [path.name for path in database.parent.glob("state.db*")] == ["state.db"]


def test_a_damaged_database_is_used_by_nobody(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    require_unused(broken)


def test_no_log_of_the_database_before_is_mixed_into_the_next(tmp_path: Path) -> None:
    old, new = tmp_path / "state.db", tmp_path / "new.db"
    for path in (old, Path(f"{old}-wal"), Path(f"{old}-shm")):
        path.write_bytes(b"old")
    new.write_bytes(b"new")
    put_in_place(new, old)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"state.db": b"new"}


def test_receipts_of_deletions_are_known_by_their_time(
    make_settings: MakeSettings, database: Path, tmp_path: Path
) -> None:
    assert deletions_since(database, 0) == []
    store = StateStore.open(make_settings())
    receipts = [store.delete_user(f"user {n}").receipt for n in range(2)]
    store.export_user("somebody")
    store.close()
    assert deletions_since(database, 0) == receipts
    assert deletions_since(database, 2**62) == []
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all" * 100)
    assert deletions_since(broken, 0) is None


def test_only_sqlite_has_a_file(make_settings: MakeSettings, data_dir: Path) -> None:
    assert database_file(make_settings()) == data_dir.absolute() / "state.db"
    other = make_settings(state_url="sqlite:////else/where.db")
    assert database_file(other) == Path("/else/where.db")
    assert database_file(make_settings(state_url="postgresql://host/shop")) is None
    with pytest.raises(StateUnavailableError, match="no URL"):
        database_file(make_settings(state_url="no url"))
