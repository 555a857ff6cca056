"""Where the service listens: without any key on this machine alone."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from searchsvc.cli.address import Address, has_keys, is_loopback
from searchsvc.errors import PortError
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.mirror import MIRROR_FILE, Mirror
from searchsvc.keys.role import Role
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.searchsvc.conftest import MakeSettings

COMMAND = Path(sys.executable).with_name("searchsvc")
ANYWHERE = "0.0.0.0"  # noqa: S104 - what is tested


@pytest.fixture
def settings(data_dir: Path, make_settings: MakeSettings) -> Settings:
    data_dir.mkdir()
    return make_settings()


def make_key(settings: Settings, *, mirror: bool = True) -> str:
    key, secret = KeyDraft(frozenset({Role.SEARCH})).key(time.time_ns() // 1_000_000)
    with closing(StateStore.open(settings)) as store:
        store.put_key(key, actor="cli:test")
        if mirror:
            Mirror(settings.data_dir).write(store.keys())
    return secret.text


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.9.10", "::1", "localhost", "::ffff:127.0.0.1"]
)
def test_a_loopback_address_is_known_by_what_it_resolves_to(host: str) -> None:
    assert is_loopback(host, 8000)


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"])
def test_all_other_addresses_are_open_to_others(host: str) -> None:
    assert not is_loopback(host, 8000)


def test_a_name_that_is_none_is_refused_with_the_options() -> None:
    with pytest.raises(PortError, match="--host and --port"):
        is_loopback("no such host", 8000)


@pytest.mark.parametrize(
    ("host", "own"), [(ANYWHERE, "127.0.0.1"), ("192.0.2.7", "127.0.0.1"), ("::", "::1")]
)
def test_without_any_key_the_service_stays_on_this_machine_and_says_how_to_leave_it(
    settings: Settings, host: str, own: str
) -> None:
    address = Address.of(settings, host, 8000)
    assert (address.host, address.keys) == (own, "auto")
    for remedy in ("searchsvc keys create", "SEARCHSVC_KEYS=off", "SEARCHSVC_KEYS=required", host):
        assert remedy in address.note


def test_a_database_without_keys_is_no_key(settings: Settings) -> None:
    StateStore.open(settings).close()
    assert not has_keys(settings)
    assert Address.of(settings, ANYWHERE, 8000).host == "127.0.0.1"


def test_with_a_key_the_service_listens_and_keys_are_needed_from_then_on(
    settings: Settings,
) -> None:
    make_key(settings)
    assert Address.of(settings, ANYWHERE, 8000) == Address(ANYWHERE, 8000, "required")
    assert Address.of(settings, "127.0.0.1", 8000) == Address("127.0.0.1", 8000, "auto")


@pytest.mark.parametrize("mirror", [True, False])
def test_a_revoked_key_and_a_lost_database_open_nothing(settings: Settings, mirror: bool) -> None:  # noqa: FBT001 - a parameter
    secret = make_key(settings, mirror=mirror)
    with closing(StateStore.open(settings)) as store:
        store.revoke_key(secret.split("_")[1], actor="cli:test")
    assert Address.of(settings, ANYWHERE, 8000).keys == "required"
    if mirror:
        for file in settings.data_dir.glob("state.db*"):
            file.unlink()
        assert Address.of(settings, ANYWHERE, 8000).keys == "required"


def test_where_nobody_can_tell_there_were_keys(settings: Settings) -> None:
    StateStore.open(settings).close()
    (settings.data_dir / "state.db").write_bytes(b"no database" * 1_000)
    assert Address.of(settings, ANYWHERE, 8000).keys == "required"
    (settings.data_dir / "state.db").unlink()
    (settings.data_dir / MIRROR_FILE).write_text("{")
    assert Address.of(settings, ANYWHERE, 8000).keys == "required"


def test_what_the_operator_says_of_keys_holds(make_settings: MakeSettings) -> None:
    off = Address.of(make_settings(keys="off"), ANYWHERE, 8000)
    assert (off.host, off.keys) == (ANYWHERE, "off")
    assert "your own proxy" in off.note
    assert Address.of(make_settings(keys="off"), "127.0.0.1", 8000).note == ""
    required = Address.of(make_settings(keys="required"), "::", 8000)
    assert required == Address("::", 8000, "required")
    assert (required.url, off.url) == ("http://[::]:8000", f"http://{ANYWHERE}:8000")


def test_on_this_machine_it_is_said_that_nobody_needs_a_key(make_settings: MakeSettings) -> None:
    address = Address.of(make_settings(), "127.0.0.1", 8000)
    assert (address.host, address.keys) == ("127.0.0.1", "auto")
    assert "there is no key yet" in address.note


# The real command.


def other_address() -> str:
    """One of this machine that is not loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            pytest.skip("this machine has no address but its own")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no address but its own")
    return address


@pytest.fixture
def start(settings: Settings) -> Iterator[Any]:
    """``start(keys=...)``: ``searchsvc serve --host 0.0.0.0`` and what it said first."""
    processes: list[subprocess.Popen[str]] = []

    def run(**changes: str) -> dict[str, Any]:
        with socket.socket() as probe:
            probe.bind((ANYWHERE, 0))
            port = probe.getsockname()[1]
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SEARCHSVC_")}
        names = {f"SEARCHSVC_{name}": value for name, value in changes.items()}
        process = subprocess.Popen(
            [COMMAND, "serve", "--json", "--host", ANYWHERE, "--port", str(port),
             "--data-dir", str(settings.data_dir)],
            env=kept | names, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        assert process.stdout is not None
        said: dict[str, Any] = json.loads("".join(iter(process.stdout.readline, "}\n")) + "}")
        eventually(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
        return {**said, "port": port}

    yield run
    for process in processes:
        process.terminate()
        process.communicate(timeout=30)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=2).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.slow
def test_nobody_else_can_connect_until_there_is_a_key(start: Any, settings: Settings) -> None:
    there = other_address()
    first = start()
    assert (first["address"], first["keys"]) == (f"http://127.0.0.1:{first['port']}", "auto")
    assert not _answers(f"http://{there}:{first['port']}/healthz")
    secret = make_key(settings)
    second = start()
    assert second["keys"] == "required"
    indexes = f"http://{there}:{second['port']}/v1/indexes"
    assert httpx2.get(indexes).status_code == 401
    assert httpx2.get(indexes, headers={"X-API-Key": secret}).status_code == 200
