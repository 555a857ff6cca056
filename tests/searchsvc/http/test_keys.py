"""Keys over HTTP as shops have them: made and revoked by commands, narrowed by a stock client."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from algoliasearch.search.client import SearchClientSync
from starlette.testclient import TestClient
from typer.testing import CliRunner

from searchsvc.cli.main import app as commands
from searchsvc.http.app import create_app
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Generator

    from searchsvc.http.context import Context
    from searchsvc.settings import Settings
    from tests.conftest import Build
    from tests.searchsvc.conftest import MakeSettings

PRODUCTS = [
    {"id": "a", "title": "Red shoe", "brand": "Acme"},
    {"id": "b", "title": "Red boot", "brand": "Bolt"},
]


@pytest.fixture
def settings(build: Build, make_settings: MakeSettings) -> Settings:
    build(PRODUCTS)
    return make_settings(admin_key="correct horse battery staple")


def command(settings: Settings, *arguments: str) -> str:
    result = CliRunner().invoke(commands, [*arguments, "--data-dir", str(settings.data_dir)])
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


@pytest.fixture
def client(settings: Settings) -> Generator[TestClient]:
    with TestClient(create_app(settings)) as running:
        yield running


def ask(client: TestClient, path: str, key: str | None = None) -> Any:
    return client.get(path, headers={} if key is None else {"X-API-Key": key})


def found(client: TestClient, key: str) -> list[str]:
    answer = ask(client, "/v1/indexes/shop/search?query=red", key)
    assert answer.status_code == 200, answer.text
    return sorted(hit["id"] for hit in answer.json()["hits"])


def test_a_command_closes_a_running_service_and_a_command_locks_a_key_out(
    client: TestClient, settings: Settings
) -> None:
    path = "/v1/indexes/shop/search?query=red"
    assert ask(client, path).status_code == 200
    key = command(settings, "keys", "create", "--role", "search")
    eventually(lambda: ask(client, path).status_code == 401)
    assert found(client, key) == ["a", "b"]
    command(settings, "keys", "revoke", key.split("_")[1])
    eventually(lambda: ask(client, path, key).status_code == 401)
    assert ask(client, path).status_code == 401


def test_a_stock_clients_secured_key_sees_its_own_catalogue_only(
    client: TestClient, settings: Settings
) -> None:
    parent = command(settings, "keys", "create", "--role", "search")
    eventually(lambda: client.app.state.context.keyring.are_needed)  # type: ignore[attr-defined]
    restrictions = {"filters": "brand:Acme", "validUntil": int(time.time()) + 60}
    scoped = SearchClientSync("any", parent).generate_secured_api_key(parent, restrictions)
    assert found(client, parent) == ["a", "b"]
    assert found(client, scoped) == ["a"]
    assert ask(client, "/v1/indexes/shop/products/b", scoped).status_code == 404
    wrong = SearchClientSync("any", parent).generate_secured_api_key(parent, {"hitsPerPage": 1})
    refused = ask(client, "/v1/indexes/shop/search?query=red", wrong)
    assert refused.status_code == 403
    assert "'hitsPerPage', which is not enforced here" in refused.json()["detail"]


def _in_doubt(client: TestClient) -> float | None:
    context: Context = client.app.state.context  # type: ignore[attr-defined]
    return context.metrics.registry.get_sample_value("searchsvc_keys_in_doubt")


def test_a_service_that_starts_with_a_lost_database_is_closed_and_tells_the_administrator(
    settings: Settings,
) -> None:
    key = command(settings, "keys", "create", "--role", "search")
    assert settings.admin_key is not None
    admin = settings.admin_key.get_secret_value()
    for path in settings.data_dir.glob("state.db*"):
        path.unlink()
    with TestClient(create_app(settings)) as client:
        assert _in_doubt(client) == 1.0  # in this worker, whichever answers a scrape
        assert ask(client, "/v1/indexes/shop/search?query=red").status_code == 401
        assert found(client, key) == ["a", "b"]
        assert "searchsvc keys restore" in ask(client, "/readyz", admin).json()["keys"]
        assert ask(client, "/readyz").json() == {"ready": True}
        assert json.loads(command(settings, "keys", "restore", "--json"))["restored"] == 1
        eventually(lambda: "keys" not in ask(client, "/readyz", admin).json())
        eventually(lambda: _in_doubt(client) == 0.0)
        assert found(client, key) == ["a", "b"]
    assert Path(settings.data_dir / "keys.json").exists()
