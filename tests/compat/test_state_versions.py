"""A database that any earlier version made is opened, upgraded, and says what it said."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from searchsvc.settings import Settings
from searchsvc.state.schema import SCHEMA_VERSION
from searchsvc.state.store import StateStore
from tests.compat.make_state_fixture import EVENTS, FOLDER, KEY, TOKEN

if TYPE_CHECKING:
    from pathlib import Path


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
    store.close()


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
