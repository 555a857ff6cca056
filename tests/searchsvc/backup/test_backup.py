"""Backups: what is in them, made while everything goes on, and killed at every step."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from random import Random

import pytest

from indexer.build.reindex import ReindexOptions
from indexer.errors import SnapshotMissingError
from indexer.layout import IndexLayout
from searchsvc.backup import taken as taken_module
from searchsvc.backup.backup import back_up
from searchsvc.backup.source import open_backup
from searchsvc.errors import BackupError, StateUnavailableError
from searchsvc.livedocuments import SYNONYMS
from searchsvc.livefile import parse
from searchsvc.state.store import StateStore
from tests.conftest import Build
from tests.crash import shop
from tests.crash.disk import Disk
from tests.happenings import make_event
from tests.searchsvc.conftest import MakeSettings

RECORDS = [
    {"id": "a", "title": "Red shoe", "price": "10 EUR"},
    {"id": "b", "title": "Blue shoe", "price": "20 EUR"},
]
MIXTURES = 12 if shop.TRIALS else 1


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def _synonyms(layout: IndexLayout, word: str) -> None:
    document = f'{{"sets": [["shoe", "{word}"]]}}'.encode()
    SYNONYMS.file(layout).replace(parse(SYNONYMS.model, document))


def paths(target: Path, scratch: Path) -> set[str]:
    """All files of a backup that is whole."""
    with open_backup(target, scratch) as backup:
        backup.verify(backup.contents.files, lambda _: None)
        return {entry.path for entry in backup.contents.files}


def test_a_backup_has_indexes_live_files_state_and_keys_and_nothing_of_passing_interest(
    build: Build, layout: IndexLayout, make_settings: MakeSettings, target: Path, tmp_path: Path
) -> None:
    build(RECORDS)
    report = build([*RECORDS, {"id": "c", "title": "Lamp", "price": "1 EUR"}])
    _synonyms(layout, "boot")
    (layout.root / ".synonyms.json.new").write_bytes(b"half written")
    (layout.root / "watch.json").write_bytes(b"{}")
    (layout.root / "link").symlink_to("/etc/passwd")
    store = StateStore.open(make_settings())
    store.append([make_event("e")])
    store.close()
    done = back_up(make_settings(), target)
    found = paths(target, tmp_path)
    prefix = f"shop/generations/{report.generation}/"
    names = {f"{prefix}{path.name}" for path in layout.generation_dir(report.generation).iterdir()}
    assert {path for path in found if path.startswith(prefix)} == names
    rest = {path for path in found if not path.startswith((prefix, "shop/reports/"))}
    assert rest == {"state.db", "token.key", "shop/synonyms.json"}
    assert done.indexes == {"shop": report.generation}
    assert done.has_state
    assert done.files == len(found)
    assert target.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o077 for path in target.rglob("*")} == {0}


@pytest.mark.parametrize("name", ["b.tar.gz", "b.tar", "b.tgz", "b"])
def test_archives_and_directories_have_the_same(
    build: Build, make_settings: MakeSettings, tmp_path: Path, name: str
) -> None:
    build(RECORDS)
    StateStore.open(make_settings()).close()
    read: list[int] = []
    report = back_up(make_settings(), tmp_path / name, told=read.append)
    assert len(paths(tmp_path / name, tmp_path / "scratch")) == report.files
    assert sum(read) == report.bytes == report.written
    assert (tmp_path / name).stat().st_mode & 0o077 == 0
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_the_next_backup_copies_what_has_changed_and_drops_what_is_gone(
    build: Build, layout: IndexLayout, make_settings: MakeSettings, target: Path, tmp_path: Path
) -> None:
    build(RECORDS)
    _synonyms(layout, "boot")
    first = back_up(make_settings(), target)
    assert back_up(make_settings(), target).written == 0
    _synonyms(layout, "sandal")
    changed = back_up(make_settings(), target)
    assert changed.written == (layout.root / "synonyms.json").stat().st_size
    build([{"id": "z", "title": "Desk", "price": "9 EUR"}], force=True)
    assert back_up(make_settings(), target).written > first.written / 2
    paths(target, tmp_path)
    with open_backup(target, tmp_path) as backup:
        named = {entry.sha256 for entry in backup.contents.files}
    assert {path.name for path in (target / "objects").iterdir()} == named


def test_the_next_backup_mends_objects_that_were_damaged_or_lost(
    build: Build, make_settings: MakeSettings, target: Path, tmp_path: Path
) -> None:
    build(RECORDS)
    whole = back_up(make_settings(), target)
    first, second, third = sorted((target / "objects").iterdir())[:3]
    sizes = [it.stat().st_size for it in (first, second, third)]
    first.write_bytes(b"\0" * sizes[0])  # of the same size
    second.write_bytes(b"")
    third.unlink()
    assert back_up(make_settings(), target).written == sum(sizes)
    assert len(paths(target, tmp_path)) == whole.files


def test_indexes_can_be_chosen_and_the_state_left_out(
    build: Build, make_settings: MakeSettings, target: Path, tmp_path: Path
) -> None:
    build(RECORDS)
    build(RECORDS, "other")
    StateStore.open(make_settings()).close()
    back_up(make_settings(), target, ["other"], state=False)
    assert {path.split("/")[0] for path in paths(target, tmp_path)} == {"other"}
    with pytest.raises(SnapshotMissingError, match="'absent'"):
        back_up(make_settings(), target, ["absent"])
    assert {path.split("/")[0] for path in paths(target, tmp_path)} == {"other"}


def test_a_state_database_elsewhere_is_named_and_not_forgotten(
    build: Build, make_settings: MakeSettings, target: Path
) -> None:
    build(RECORDS)
    report = back_up(make_settings(state_url="postgresql://host/shop"), target)
    (note,) = report.notes
    assert "pg_dump" in note
    assert not report.has_state


@pytest.mark.parametrize("damage", ["altered", "longer", "shorter", "gone"])
@pytest.mark.parametrize("name", ["b", "b.tar"])
def test_a_damaged_generation_is_not_backed_up_and_the_backup_before_stays(
    build: Build,
    layout: IndexLayout,
    make_settings: MakeSettings,
    tmp_path: Path,
    damage: str,
    name: str,
) -> None:
    generation = build(RECORDS).generation
    target = tmp_path / name
    back_up(make_settings(), target)
    before = paths(target, tmp_path / "scratch")
    file = layout.generation_dir(generation) / "products.safetensors"
    if not file.exists():
        file = max(layout.generation_dir(generation).iterdir(), key=lambda it: it.stat().st_size)
    data = file.read_bytes()
    file.unlink()
    if damage != "gone":
        wrong = {"altered": data[:-1] + b"?", "longer": data + b"?", "shorter": data[:-1]}
        file.write_bytes(wrong[damage])
    if name == "b":
        for stored in (target / "objects").iterdir():  # or it would not be read again
            if stored.stat().st_size == len(data):
                stored.unlink()
    with pytest.raises(BackupError, match=r"reindex") as caught:
        back_up(make_settings(), target)
    assert file.name in str(caught.value)
    if name != "b":
        assert paths(target, tmp_path / "scratch") == before
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_a_place_that_is_no_backups_is_refused(
    build: Build, make_settings: MakeSettings, target: Path, data_dir: Path
) -> None:
    with pytest.raises(BackupError, match="nothing to back up"):
        back_up(make_settings(), target)
    build(RECORDS)
    target.mkdir(exist_ok=True)
    (target / "holiday.jpg").touch()
    with pytest.raises(BackupError, match="other files"):
        back_up(make_settings(), target)
    with pytest.raises(BackupError, match="inside the data directory"):
        back_up(make_settings(), data_dir / "backup")


def test_where_there_is_nothing_to_back_up_nothing_is_left(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    for name in ("b", "b.tar.gz", "there"):
        if name == "there":
            (tmp_path / name).mkdir()
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(BackupError, match="nothing to back up"):
            back_up(make_settings(), tmp_path / name)
        assert sorted(tmp_path.rglob("*")) == before


def test_two_backups_to_one_directory_do_not_mix(
    build: Build, make_settings: MakeSettings, target: Path, tmp_path: Path
) -> None:
    build(RECORDS)

    def told(_: int) -> None:
        with pytest.raises(BackupError, match="another backup"):
            back_up(make_settings(), target)

    back_up(make_settings(), target, told=told)
    paths(target, tmp_path)


def test_a_locked_state_database_that_cannot_be_read_fails_the_backup(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    data_dir.mkdir()
    (data_dir / "state.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StateUnavailableError, match="cannot be copied"):
        back_up(make_settings(), target)
    assert not [it for it in target.rglob("*") if it.is_file()]


def test_a_generation_that_is_pruned_while_it_is_opened_is_given_up_for_the_next(
    build: Build,
    layout: IndexLayout,
    make_settings: MakeSettings,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(RECORDS)
    real = taken_module.files_of
    published: list[str] = []

    def slow(*given: object) -> object:
        if not published:
            published.append(build(RECORDS[:1], force=True).generation)
            for path in layout.generation_dir(str(given[1])).iterdir():
                path.unlink()
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(taken_module, "files_of", slow)
    assert back_up(make_settings(), target).indexes == {"shop": published[0]}


def test_an_index_that_changes_without_end_is_given_up(
    build: Build,
    layout: IndexLayout,
    make_settings: MakeSettings,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(RECORDS)
    names = iter(range(2, 1_000))

    def gone(*_: object) -> object:
        layout.current_file.write_text(f"g{next(names):08}-01234567\n")
        raise FileNotFoundError(2, "gone", "a file")

    monkeypatch.setattr(taken_module, "files_of", gone)
    with pytest.raises(BackupError, match="faster than its files can be opened"):
        back_up(make_settings(), target)


def test_on_a_disk_that_nobody_can_write_no_lock_is_needed(
    build: Build,
    layout: IndexLayout,
    make_settings: MakeSettings,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    build(RECORDS)
    real = os.open

    def read_only(path: object, flags: int, *more: int) -> int:
        if flags & os.O_CREAT and str(path).startswith(str(layout.root)):
            raise OSError(30, "Read-only file system")
        return real(path, flags, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", read_only)
    assert back_up(make_settings(), target).files > 0


@pytest.mark.slow
def test_backups_made_while_an_index_is_written_and_pruned_are_whole(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    shop.build(data_dir, 1)
    stop = threading.Event()
    failed: list[BaseException] = []

    def write() -> None:
        edition = 2
        while not stop.is_set():
            try:
                shop.build(data_dir, edition % 5, options=ReindexOptions(keep=1, force=True))
            except Exception as error:  # noqa: BLE001 - told below
                failed.append(error)
                return
            edition += 1

    writer = threading.Thread(target=write)
    writer.start()
    generations = set()
    try:
        for _ in range(max(5, shop.TRIALS)):
            generations |= set(back_up(make_settings(), target).indexes.values())
            paths(target, tmp_path)
    finally:
        stop.set()
        writer.join()
    assert not failed
    assert len(generations) > 1


@pytest.mark.slow
@pytest.mark.parametrize("first", ["first", "next"])
def test_whatever_stops_a_backup_at_whatever_step_the_one_before_or_the_new_one_is_whole(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path, first: str
) -> None:
    before = shop.build(data_dir, 1)
    target.mkdir()
    if first != "first":
        back_up(make_settings(), target)
        (shop.layout_of(data_dir).root / "synonyms.json").write_text("{}")
    after = before if first == "first" else shop.build(data_dir, 2)
    chance, disk, looked = Random(7), Disk(target), 0  # noqa: S311 - no secret
    known: set[object] = set()

    def look(allowed: set[str]) -> None:
        nonlocal looked
        for state in disk.states(chance, MIXTURES):
            key = (state.key(), *sorted(allowed))
            if key in known:
                continue
            known.add(key)
            looked += 1
            copy = tmp_path / f"state{looked}"
            state.write(copy)
            if (copy / "backup.json").exists():
                with open_backup(copy, tmp_path) as backup:
                    backup.verify(backup.contents.files, lambda _: None)
                    assert backup.contents.indexes["shop"] in allowed
            else:
                assert first == "first", state
                assert len(allowed) == 2 or before == after
            if looked % 9 == 0 or shop.TRIALS:  # the next one is made in spite of what was left
                assert back_up(make_settings(), copy).indexes == {"shop": after}
                paths(copy, tmp_path)
                assert not list(copy.rglob(".*"))

    try:
        with disk.traced(lambda _: look({before, after})):
            back_up(make_settings(), target)
        look({after})
    finally:
        disk.close()
    assert looked > 10
