"""Databases for the state store: a SQLite file and a database of a private PostgreSQL server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.postgres import Cluster, binaries, cluster

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

KEY = "k" * 32


@pytest.fixture(scope="session")
def postgres() -> Generator[Cluster]:
    """A server for the whole session; CI sets a variable so that it must be there."""
    programs = binaries()
    if programs is None:
        why = "the programs of PostgreSQL are not installed (Debian package 'postgresql')"
        if os.environ.get("SEARCHSVC_TEST_POSTGRES") == "required":
            pytest.fail(why)
        pytest.skip(why)
    with cluster(programs) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    server: Cluster = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture
def state_settings(state_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", state_url=state_url, token_key=KEY)


@pytest.fixture
def store(state_settings: Settings) -> Generator[StateStore]:
    opened = StateStore.open(state_settings)
    yield opened
    opened.close()
