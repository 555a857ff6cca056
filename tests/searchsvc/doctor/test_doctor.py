"""The doctor: every check passes where all is well, fails where it is not, and names a remedy."""

from __future__ import annotations

import fcntl
import http.server
import os
import re
import resource
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from indexer.layout import IndexLayout
from searchsvc.doctor import doctor, indexes, installation, machine, state, storage
from searchsvc.doctor.doctor import CHECKS, examine
from searchsvc.doctor.finding import Finding, Level, Patient, size
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.mirror import MIRROR_FILE, Mirror
from searchsvc.keys.role import Role
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from searchsvc.watching.status import WatchStatus
from tests.crash import shop
from tests.searchsvc.conftest import MakeSettings


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith("SEARCHSVC_"):
            monkeypatch.delenv(name)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def patient(make_settings: MakeSettings, data_dir: Path, free_port: int) -> Patient:
    """An installation with an index and a database, and nothing wrong."""
    shop.build(data_dir, 1)
    StateStore.open(make_settings()).close()
    return Patient(make_settings(), port=free_port)


def of(patient: Patient, check: str) -> list[Finding]:
    return [it for it in examine(patient) if it.check == check]


def changed(patient: Patient, **changes: Any) -> Patient:
    settings = patient.settings.model_copy(update=changes)
    return Patient(settings, patient.host, patient.port, patient.deep)


def test_all_is_well_where_nothing_is_wrong(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation.tempfile, "gettempdir", lambda: "/nowhere")
    monkeypatch.setattr(machine, "FEWEST_FILES", 1)
    found = list(examine(patient))
    assert [it for it in found if it.level is not Level.OK] == []
    assert {it.check for it in found} | {"feeds"} == set(CHECKS)
    deep = Patient(patient.settings, port=patient.port, deep=True)
    assert {it.level for it in examine(deep)} == {Level.OK}


class Case(NamedTuple):
    """Something that goes wrong.

    Attributes:
        check: that has to find it.
        level: how bad it is.
        remedy: a part of what is to be done.
        harm: does it; gives the patient if it is another one now.
    """

    check: str
    level: Level
    remedy: str
    harm: Callable[[Patient, pytest.MonkeyPatch], Patient | None]


def _layout(patient: Patient) -> IndexLayout:
    return shop.layout_of(patient.settings.data_dir)


def _largest(patient: Patient) -> Path:
    layout = _layout(patient)
    files = layout.generation_dir(layout.require_current()).iterdir()
    return max(files, key=lambda it: it.stat().st_size)


def _old_python(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(installation.sys, "version_info", (3, 9, 1, "final", 0))


def _requires(*texts: str) -> Callable[[Patient, pytest.MonkeyPatch], None]:
    return lambda _, patch: patch.setattr(metadata, "requires", lambda _: list(texts))


def _no_native(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(installation, "NATIVE", ("no_such_library",))


def _passing_cache(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(installation.tempfile, "gettempdir", lambda: "/scratch")
    patch.setenv("NUMBA_CACHE_DIR", "/scratch/cache")


def _locked_cache(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("NUMBA_CACHE_DIR", "/proc/cache")
    patch.setattr(installation.os, "access", lambda *_: False)


def _typo(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("SEARCHSVC_DATADIR", "/data")


def _exposed(patient: Patient, patch: pytest.MonkeyPatch) -> None:
    secret = patient.settings.data_dir / "secret"
    secret.write_text("sixteen letters and more")
    secret.chmod(0o644)
    patch.setenv("SEARCHSVC_ADMIN_KEY_FILE", str(secret))


def _no_directory(patient: Patient, _: pytest.MonkeyPatch) -> None:
    shutil.rmtree(patient.settings.data_dir)


def _no_access(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(storage.os, "access", lambda *_: False)


def _open_directory(patient: Patient, _: pytest.MonkeyPatch) -> None:
    patient.settings.data_dir.chmod(0o777)


def _somebody_else(patient: Patient, patch: pytest.MonkeyPatch) -> None:
    owner = patient.settings.data_dir.stat().st_uid
    if owner == 0:
        os.chown(patient.settings.data_dir, 12_345, -1)
    else:
        patch.setattr(storage.os, "geteuid", lambda: owner + 1)


def _public(name: str) -> Callable[[Patient, pytest.MonkeyPatch], None]:
    def harm(patient: Patient, _: pytest.MonkeyPatch) -> None:
        path = patient.settings.data_dir / name
        path.touch()
        path.chmod(0o644)

    return harm


def _catalogue(patient: Patient, _: pytest.MonkeyPatch) -> None:
    patient.settings.data_dir.chmod(0o755)
    _layout(patient).root.chmod(0o755)


def _free(size: int) -> Callable[[Patient, pytest.MonkeyPatch], None]:
    usage = shutil.disk_usage("/")._replace(free=size)
    return lambda _, patch: patch.setattr(storage.shutil, "disk_usage", lambda _: usage)


def _no_inodes(_: Patient, patch: pytest.MonkeyPatch) -> None:
    class Found(NamedTuple):
        f_files: int = 1_000_000
        f_favail: int = 12

    patch.setattr(storage.os, "statvfs", lambda _: Found())


def _cut_file(patient: Patient, _: pytest.MonkeyPatch) -> None:
    path = _largest(patient)
    path.write_bytes(path.read_bytes()[:-1])


def _flipped(patient: Patient, _: pytest.MonkeyPatch) -> Patient:
    path = _largest(patient)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    return Patient(patient.settings, port=patient.port, deep=True)


def _pointer(patient: Patient, _: pytest.MonkeyPatch) -> None:
    _layout(patient).current_file.write_text("nonsense")


def _no_pointer(patient: Patient, _: pytest.MonkeyPatch) -> None:
    _layout(patient).current_file.unlink()


def _old_format(patient: Patient, _: pytest.MonkeyPatch) -> None:
    layout = _layout(patient)
    manifest = layout.generation_dir(layout.require_current()) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format_version": ', '"format_version": -'))


def _no_index(patient: Patient, _: pytest.MonkeyPatch) -> None:
    shutil.rmtree(_layout(patient).root)


def _no_model(patient: Patient, _: pytest.MonkeyPatch) -> None:
    layout = _layout(patient)
    manifest = layout.generation_dir(layout.require_current()) / "manifest.json"
    manifest.write_text(manifest.read_text().replace("hashing-16", "another-model"))


def _staging(patient: Patient, _: pytest.MonkeyPatch) -> None:
    (_layout(patient).root / "staging-dead").mkdir()


def _status(**changes: Any) -> Callable[[Patient, pytest.MonkeyPatch], None]:
    def harm(patient: Patient, _: pytest.MonkeyPatch) -> None:
        now = time.time()
        fields = {"location": "x", "checked": now, "due": now + 60} | changes
        WatchStatus(**fields).write(_layout(patient))

    return harm


def _broken_database(patient: Patient, _: pytest.MonkeyPatch) -> None:
    (patient.settings.data_dir / "state.db").write_bytes(b"no database at all" * 1_000)


def _damaged_page(patient: Patient, _: pytest.MonkeyPatch) -> None:
    path = patient.settings.data_dir / "state.db"
    data = bytearray(path.read_bytes())
    data[8_192:12_288] = b"\xff" * 4_096
    path.write_bytes(data)


def _newer_database(patient: Patient, _: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(patient.settings.data_dir / "state.db")) as connection:
        connection.execute("INSERT INTO searchsvc_schema VALUES (999, 0)")
        connection.commit()


def _other_token_key(patient: Patient, _: pytest.MonkeyPatch) -> None:
    (patient.settings.data_dir / "token.key").write_text("another key " * 4)


def _long_log(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state, "LARGEST_LOG_BYTES", -1)


def _keys(mode: str, host: str = "127.0.0.1") -> Callable[[Patient, pytest.MonkeyPatch], Patient]:
    return lambda patient, _: Patient(
        patient.settings.model_copy(update={"keys": mode}), host, patient.port
    )


def _known_keys(patient: Patient) -> None:
    """Have a key in the database, and in the file of those that are known."""
    with closing(StateStore.open(patient.settings)) as store:
        key, _ = KeyDraft(frozenset({Role.SEARCH})).key(0)
        store.put_key(key, actor="test")
        Mirror(patient.settings.data_dir).write(store.keys())


def _lost_database(patient: Patient, _: pytest.MonkeyPatch) -> Patient:
    _known_keys(patient)
    for path in patient.settings.data_dir.glob("state.db*"):
        path.unlink()
    return Patient(patient.settings, ANYWHERE, patient.port)


def _older_database(patient: Patient, _: pytest.MonkeyPatch) -> Patient:
    path = patient.settings.data_dir / "state.db"
    before = path.read_bytes()
    _known_keys(patient)
    for it in patient.settings.data_dir.glob("state.db*"):
        it.unlink()
    path.write_bytes(before)
    return Patient(patient.settings, ANYWHERE, patient.port)


def _damaged_keys(patient: Patient, _: pytest.MonkeyPatch) -> None:
    _known_keys(patient)
    (patient.settings.data_dir / MIRROR_FILE).write_text("garbage")


def _bad_synonyms(patient: Patient, _: pytest.MonkeyPatch) -> None:
    _layout(patient).synonyms_file.write_text("{bad")


def _few_files(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resource, "getrlimit", lambda _: (256, 512))


def _little_memory(_: Patient, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(indexes, "memory_bytes", lambda: 10)


def _late_clock(patient: Patient, _: pytest.MonkeyPatch) -> None:
    later = time.time() + 10_000
    os.utime(_layout(patient).current_file, (later, later))


def _unreadable(_: Patient, patch: pytest.MonkeyPatch) -> None:
    def fail(_data_dir: object) -> None:
        raise PermissionError(13, "Permission denied", "/data/CURRENT")

    patch.setattr(indexes, "statuses", fail)


def _bad_url(patient: Patient, _: pytest.MonkeyPatch) -> Patient:
    return changed(patient, state_url=Settings(state_url="oracle://x").state_url)  # type: ignore[arg-type]


ANYWHERE = "0.0.0.0"  # noqa: S104 - examined, not bound
CASES = {
    "python": Case("python", Level.FAILURE, "install", _old_python),
    "package missing": Case("packages", Level.FAILURE, "make install", _requires("no-such-one>1")),
    "package old": Case("packages", Level.FAILURE, "default.lock", _requires("numpy>=999")),
    "library": Case("native", Level.FAILURE, "AVX2", _no_native),
    "passing cache": Case("compiled", Level.WARNING, "XDG_CACHE_HOME", _passing_cache),
    "locked cache": Case("compiled", Level.FAILURE, "writable", _locked_cache),
    "typo": Case("configuration", Level.WARNING, "unset SEARCHSVC_DATADIR", _typo),
    "exposed": Case("configuration", Level.WARNING, "chmod o-r", _exposed),
    "no directory": Case("directory", Level.WARNING, "reindex", _no_directory),
    "no access": Case("directory", Level.FAILURE, "chown", _no_access),
    "open directory": Case("directory", Level.WARNING, "chmod o-w", _open_directory),
    "somebody else's": Case("directory", Level.WARNING, "run as user", _somebody_else),
    "public token key": Case("privacy", Level.WARNING, "chmod 600", _public("token.key")),
    "public database": Case("privacy", Level.WARNING, "chmod 600", _public("state.db")),
    "public catalogue": Case("privacy", Level.WARNING, "chmod 700", _catalogue),
    "full": Case("room", Level.FAILURE, "make room", _free(1_000)),
    "nearly full": Case("room", Level.WARNING, "--keep", _free(storage.HEADROOM_BYTES)),
    "inodes": Case("inodes", Level.WARNING, "inodes", _no_inodes),
    "cut": Case("indexes", Level.FAILURE, "rollback", _cut_file),
    "flipped": Case("indexes", Level.FAILURE, "reindex", _flipped),
    "pointer": Case("indexes", Level.FAILURE, "rollback", _pointer),
    "no pointer": Case("indexes", Level.FAILURE, "rollback --index shop", _no_pointer),
    "old format": Case("indexes", Level.FAILURE, "reindex", _old_format),
    "no index": Case("indexes", Level.WARNING, "reindex", _no_index),
    "no model": Case("models", Level.FAILURE, "model install", _no_model),
    "staging": Case("leftovers", Level.WARNING, "removes it", _staging),
    "failing feed": Case("feeds", Level.WARNING, "--index shop", _status(failures=3)),
    "late feed": Case("feeds", Level.WARNING, "serve --watch", _status(due=1.0)),
    "no database": Case("state", Level.FAILURE, "restore", _broken_database),
    "damaged page": Case("state", Level.FAILURE, "restore", _damaged_page),
    "newer database": Case("state", Level.FAILURE, "message", _newer_database),
    "other key": Case("state", Level.FAILURE, "message", _other_token_key),
    "bad url": Case("state", Level.FAILURE, "message", _bad_url),
    "long log": Case("state", Level.WARNING, "restart", _long_log),
    "nobody keeps out": Case("keys", Level.WARNING, "proxy", _keys("off", ANYWHERE)),
    "no key": Case("keys", Level.FAILURE, "keys create", _keys("auto", ANYWHERE)),
    "nobody comes in": Case("keys", Level.FAILURE, "keys create", _keys("required")),
    "lost database": Case("state", Level.FAILURE, "keys restore", _lost_database),
    "lost keys": Case("keys", Level.FAILURE, "keys restore", _lost_database),
    "older keys": Case("keys", Level.FAILURE, "keys restore", _older_database),
    "damaged keys": Case("keys", Level.FAILURE, "keys list --all", _damaged_keys),
    "live file": Case("live", Level.FAILURE, "synonyms.json", _bad_synonyms),
    "files": Case("files", Level.WARNING, "LimitNOFILE", _few_files),
    "memory": Case("memory", Level.WARNING, "memory", _little_memory),
    "clock": Case("clock", Level.FAILURE, "NTP", _late_clock),
    "unreadable": Case("feeds", Level.FAILURE, "as the service's user", _unreadable),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_found_by_its_check_and_the_remedy_is_named(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    case = CASES[name]
    # Of one check, for speed; the whole list is asked above.
    monkeypatch.setattr(doctor, "CHECKS", {case.check: CHECKS[case.check]})
    harmed = case.harm(patient, monkeypatch) or patient
    worst = max(examine(harmed), key=lambda it: it.level)
    assert worst.level is case.level, worst
    assert case.remedy in worst.remedy
    assert worst.message


def test_a_catalogue_in_a_directory_that_nobody_else_may_enter_is_no_secret_told(
    patient: Patient,
) -> None:
    _layout(patient).root.chmod(0o755)
    patient.settings.data_dir.chmod(0o750)
    assert [level for level, _, _ in storage.privacy(patient)] == [Level.OK]


def test_every_check_has_a_case_that_it_finds() -> None:
    assert {case.check for case in CASES.values()} | {"port"} == set(CHECKS)


def test_sizes_are_told_in_units_that_fit(patient: Patient) -> None:
    (memory,) = of(patient, "memory")
    assert re.match(r"indexes of [1-9][0-9.]* kB, memory of ", memory.message)
    (room,) = of(patient, "room")
    assert re.search(r"takes up to 2[67]\d\.\d MB$", room.message)
    shown = [size(it) for it in (0, 999_999, 1_000_000, 2_500_000_000_000)]
    assert shown == ["0.0 kB", "1,000.0 kB", "1.0 MB", "2,500.0 GB"]


def test_a_build_that_runs_has_left_nothing(patient: Patient) -> None:
    layout = _layout(patient)
    (layout.root / "staging-alive").mkdir()
    with layout.lock_file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (found,) = of(patient, "leftovers")
    assert found.level is Level.OK
    layout.lock_file.unlink()
    (found,) = of(patient, "leftovers")
    assert found.level is Level.WARNING


def test_a_feed_that_comes_in_is_well(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    _status()(patient, monkeypatch)
    (found,) = of(patient, "feeds")
    assert found.level is Level.OK


def test_the_file_of_keys_counts_where_the_database_cannot_be_read(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _broken_database(patient, monkeypatch)
    (patient.settings.data_dir / MIRROR_FILE).write_text("damaged")
    outside = Patient(patient.settings, ANYWHERE, patient.port)
    assert max(it.level for it in of(outside, "keys")) is Level.FAILURE


@pytest.mark.parametrize("level", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_database_that_somebody_keeps_locked_is_told(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setattr(state, "_WRITE_SECONDS", 0.1)
    path = patient.settings.data_dir / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"BEGIN {level}")
        (found,) = of(patient, "state")
        assert found.level is Level.FAILURE
        assert f"{path} is locked" in found.message
        assert f"fuser {path}" in found.remedy
    (found,) = of(patient, "state")
    assert found.level is Level.OK


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listening(patient: Patient) -> Iterator[type[_Health]]:
    kind = type("Health", (_Health,), {})
    with http.server.HTTPServer(("127.0.0.1", patient.port), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield kind
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["127.0.0.1", ANYWHERE])
def test_a_service_that_runs_may_have_the_port_and_nothing_else_may(
    patient: Patient, listening: type[_Health], host: str
) -> None:
    there = Patient(patient.settings, host, patient.port)
    (found,) = of(there, "port")
    assert found.level is Level.OK
    assert "answers" in found.message
    listening.status = 404
    (found,) = of(there, "port")
    assert found.level is Level.FAILURE
    assert "--port" in found.remedy


def test_an_address_of_another_machine_is_no_place_to_listen(patient: Patient) -> None:
    elsewhere = Patient(patient.settings, "192.0.2.1", 9)
    (found,) = of(elsewhere, "port")
    assert found.level is Level.FAILURE


def test_a_container_may_use_less_memory_than_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_CGROUP_LIMIT", limit)
    whole = machine.memory_bytes()
    limit.write_text("max\n")
    assert machine.memory_bytes() == whole
    limit.write_text("1000000\n")
    assert machine.memory_bytes() == 1_000_000
