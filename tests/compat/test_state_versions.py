"""A database that any earlier version made is opened, upgraded, and says what it said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from searchsvc.settings import Settings
from searchsvc.state.schema import SCHEMA_VERSION
from searchsvc.state.store import StateStore
from tests.compat.make_state_fixture import EVENTS, FOLDER, KEY, KEYS, TOKEN

if TYPE_CHECKING:
    from pathlib import Path

FIRST_WITH_KEYS = 2


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_database_of_every_version_is_opened(version: int, tmp_path: Path) -> None:
    dump = (FOLDER / f"version_{version}.sql").read_text()
    with closing(sqlite3.connect(tmp_path / "state.db")) as connection:
        connection.executescript(dump)
    store = StateStore.open(Settings(data_dir=tmp_path, token_key=KEY))
    assert list(store.events()) == EVENTS
    assert store.profile("shop", store.user_key(TOKEN)).segments == {"vip"}
    assert store.append(EVENTS).repeated == len(EVENTS)
    deleted = store.delete_user(TOKEN)
    assert (deleted.memberships, deleted.erased) == (1, True)
    known = store.keys()
    assert list(known.keys) == (KEYS if version >= FIRST_WITH_KEYS else [])
    assert (known.revision.number > 0) == (version >= FIRST_WITH_KEYS)
    first, *_, last = store.audit_lines()
    assert (first.action, first.actor) == (
        "export",
        "cli:shop" if version >= FIRST_WITH_KEYS else "",
    )
    assert last.receipt == deleted.receipt
    store.close()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_an_upgraded_database_has_the_columns_and_keys_of_a_new_one(
    version: int, tmp_path: Path
) -> None:
    found = []
    for name in ("upgraded", "new"):
        (tmp_path / name).mkdir()
        if name == "upgraded":
            dump = (FOLDER / f"version_{version}.sql").read_text()
            with closing(sqlite3.connect(tmp_path / name / "state.db")) as connection:
                connection.executescript(dump)
        StateStore.open(Settings(data_dir=tmp_path / name, token_key=KEY)).close()
        with closing(sqlite3.connect(tmp_path / name / "state.db")) as connection:
            found.append(_columns(connection))
    assert found[0] == found[1]


def test_the_fixture_of_this_version_is_what_this_version_makes(tmp_path: Path) -> None:
    """Or the tables were changed, and neither the version nor the fixture was."""
    StateStore.open(Settings(data_dir=tmp_path, token_key=KEY)).close()
    with closing(sqlite3.connect(":memory:")) as fixture:
        fixture.executescript((FOLDER / f"version_{SCHEMA_VERSION}.sql").read_text())
        with closing(sqlite3.connect(tmp_path / "state.db")) as made:
            assert _tables(fixture) == _tables(made)


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    return connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()


def _columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    tables = [name for name, sql in _tables(connection) if sql.startswith("CREATE TABLE")]
    return {
        table: connection.execute(f"PRAGMA table_info({table})").fetchall()
        + connection.execute(
            "SELECT origin, [unique] FROM pragma_index_list(?) ORDER BY origin", [table]
        ).fetchall()
        for table in tables
    }
