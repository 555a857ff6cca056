"""Restoring: what comes back, what is refused before anything changes, and kills in between."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from indexer.errors import IndexLockedError
from indexer.layout import IndexLayout
from indexer.publish import writer
from indexer.snapshot import verify
from searchsvc.backup.backup import back_up
from searchsvc.backup.restore import RestoreOptions, RestoreReport
from searchsvc.backup.restore import restore as run_restore
from searchsvc.backup.source import open_backup
from searchsvc.errors import BackupError, StateUnavailableError
from searchsvc.keys.mirror import MIRROR_FILE
from searchsvc.livedocuments import SYNONYMS
from searchsvc.livefile import parse
from searchsvc.serving import SearchService
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.crash.disk import Disk
from tests.happenings import make_event
from tests.searchsvc.conftest import MakeSettings
from tests.searchsvc.eventually import eventually

MIXTURES = 12 if shop.TRIALS else 1


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "backup"


def restore(settings: Settings, source: Path, **options: object) -> RestoreReport:
    chosen = RestoreOptions(**options)  # type: ignore[arg-type]
    return run_restore(settings, source, chosen, partial(writer, wait_seconds=0))


def _synonyms(data_dir: Path, word: str) -> None:
    document = f'{{"sets": [["shoe", "{word}"]]}}'.encode()
    SYNONYMS.file(shop.layout_of(data_dir)).replace(parse(SYNONYMS.model, document))


def _event_ids(settings: Settings) -> list[str]:
    store = StateStore.open(settings, create=False)
    try:
        return [event.id for event in store.events()]
    finally:
        store.close()


@pytest.mark.parametrize("name", ["b", "b.tar.gz"])
def test_everything_comes_back_into_an_empty_directory(
    make_settings: MakeSettings, data_dir: Path, tmp_path: Path, name: str
) -> None:
    generation = shop.build(data_dir, 1)
    _synonyms(data_dir, "boot")
    store = StateStore.open(make_settings())
    key = store.user_key("a user")
    store.append([make_event("e", "p01", user=key)])
    store.close()
    (data_dir / MIRROR_FILE).write_text("{}")
    seen = shop.seen(data_dir)
    back_up(make_settings(), tmp_path / name)
    elsewhere = make_settings(data_dir=tmp_path / "else" / "where")
    report = restore(elsewhere, tmp_path / name)
    assert report.indexes == {"shop": generation}
    assert report.has_state
    assert report.notes == report.deleted_again == []
    there = elsewhere.data_dir
    assert shop.seen(there) == seen
    assert verify(shop.layout_of(there), generation) == []
    for name_ in ("shop/synonyms.json", "token.key", MIRROR_FILE):
        assert (there / name_).read_bytes() == (data_dir / name_).read_bytes()
    assert not (there / "shop" / "source.json").exists()  # the feed is read anew
    assert _event_ids(elsewhere) == ["e"]
    store = StateStore.open(elsewhere)
    assert store.user_key("a user") == key
    store.close()
    private = ("state.db", "token.key", MIRROR_FILE)
    assert {(there / it).stat().st_mode & 0o777 for it in private} == {0o600}
    assert (there / "shop").stat().st_mode & 0o777 == 0o700
    assert not list(there.glob(".*"))


def test_what_is_there_is_replaced_only_by_force_and_then_exactly(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    settings = make_settings()
    first = shop.build(data_dir, 1)
    StateStore.open(settings).close()
    back_up(settings, target)
    seen = shop.seen(data_dir)
    second = shop.build(data_dir, 2)
    _synonyms(data_dir, "boot")
    before = {path: path.stat().st_mtime_ns for path in data_dir.rglob("*")}
    with pytest.raises(BackupError, match=r"has shop, state\.db already.*--force"):
        restore(settings, target)
    assert {path: path.stat().st_mtime_ns for path in data_dir.rglob("*")} == before
    restore(settings, target, force=True)
    layout = shop.layout_of(data_dir)
    assert layout.current() == first
    assert shop.seen(data_dir) == seen
    assert not layout.synonyms_file.exists()
    assert layout.generations() == [first, second]  # whoever wants it back can roll forward
    assert int(shop.build(data_dir, 3)[1:9]) == 3  # no name is used twice


def test_a_damaged_generation_is_replaced(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    generation = shop.build(data_dir, 1)
    back_up(make_settings(), target)
    layout = shop.layout_of(data_dir)
    for path in layout.generation_dir(generation).iterdir():
        path.write_bytes(b"damaged")
    restore(make_settings(), target, force=True)
    assert verify(layout, generation) == []
    assert shop.leftovers(data_dir) == []


def test_a_source_that_is_not_there_is_named_with_what_was_expected(
    make_settings: MakeSettings, data_dir: Path, tmp_path: Path
) -> None:
    with pytest.raises(BackupError, match=r"there is no .*nothere, expected .*searchsvc backup"):
        restore(make_settings(), tmp_path / "nothere")
    assert not list(data_dir.iterdir())


def _object(target: Path, path: str) -> Path:
    with open_backup(target, target) as backup:
        (entry,) = [it for it in backup.contents.files if it.path == path]
    return target / "objects" / entry.sha256


def test_damage_to_what_is_not_restored_is_in_nobodys_way(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    generation = shop.build(data_dir, 1)
    StateStore.open(make_settings()).close()
    back_up(make_settings(), target)
    damaged = _object(target, "state.db")
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    elsewhere = make_settings(data_dir=tmp_path / "elsewhere")
    with pytest.raises(BackupError, match=r"state\.db is damaged: its content is not the one"):
        restore(elsewhere, target)
    assert not any(elsewhere.data_dir.iterdir())
    damaged.write_bytes(b"short")
    with pytest.raises(
        BackupError, match=r"state\.db is damaged: it has 5 bytes, expected [0-9,]+"
    ):
        restore(elsewhere, target)
    assert restore(elsewhere, target, state=False).indexes == {"shop": generation}
    assert shop.seen(elsewhere.data_dir) == shop.seen(data_dir)


def test_a_service_swaps_in_what_is_restored(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    first = shop.build(data_dir, 1)
    back_up(make_settings(), target)
    second = shop.build(data_dir, 2)
    service = SearchService(make_settings())
    service.start()
    try:
        eventually(lambda: _serves(service, second))
        restore(make_settings(), target, force=True)
        assert shop.layout_of(data_dir).current() == first
        eventually(lambda: _serves(service, first))
    finally:
        service.close()


def _serves(service: SearchService, generation: str) -> bool:
    return service.snapshot("shop").generation == generation


def test_the_state_of_a_running_service_is_left_alone(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    settings = make_settings()
    shop.build(data_dir, 1)
    store = StateStore.open(settings)
    store.append([make_event("before")])
    back_up(settings, target)
    store.append([make_event("after")])
    second = shop.build(data_dir, 2)
    with pytest.raises(StateUnavailableError, match="in use. Stop the service"):
        restore(settings, target, force=True)
    assert shop.layout_of(data_dir).current() == second  # nothing was changed
    restore(settings, target, force=True, state=False)
    store.append([make_event("later")])
    store.close()
    assert _event_ids(settings) == ["after", "before", "later"]
    restore(settings, target, force=True)
    assert _event_ids(settings) == ["before"]


def test_deletions_that_a_restoration_undoes_are_named(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    settings = make_settings()
    store = StateStore.open(settings)
    store.append([make_event("e", user=store.user_key("leaves"))])
    back_up(settings, target)
    receipt = store.delete_user("leaves").receipt
    store.close()
    (data_dir / MIRROR_FILE).write_text("{}")
    report = restore(settings, target, force=True)
    assert report.deleted_again == [receipt]
    keys, deletions = report.notes
    assert "keys restore" in keys
    assert receipt in deletions
    assert "their data is back" in deletions
    assert _event_ids(settings) == ["e"]
    assert (data_dir / MIRROR_FILE).read_text() == "{}"  # newer than the backup


def test_a_database_that_cannot_be_read_is_replaced_with_a_warning(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    settings = make_settings()
    StateStore.open(settings).close()
    back_up(settings, target)
    (data_dir / "state.db").write_bytes(b"no database at all" * 100)
    (note,) = restore(settings, target, force=True).notes
    assert "could not be read" in note
    assert _event_ids(settings) == []


def test_the_token_key_comes_back_with_its_database(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    settings = make_settings()
    StateStore.open(settings).close()
    back_up(settings, target)
    for path in data_dir.iterdir():
        path.unlink()
    StateStore.open(settings).close()  # with another key
    restore(settings, target, force=True)
    StateStore.open(settings).close()


def test_another_database_than_sqlite_is_not_restored(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    shop.build(data_dir, 1)
    StateStore.open(make_settings()).close()
    back_up(make_settings(), target)
    other = make_settings(data_dir=tmp_path / "new", state_url="postgresql://host/shop")
    report = restore(other, target)
    assert not report.has_state
    (note,) = report.notes
    assert "not SQLite" in note
    assert shop.published(tmp_path / "new") is not None


def test_indexes_can_be_chosen(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    shop.build(data_dir, 1)
    shutil.copytree(data_dir / "shop", data_dir / "other")
    back_up(make_settings(), target)
    new = make_settings(data_dir=tmp_path / "new")
    with pytest.raises(BackupError, match="'absent' is not in the backup; it has"):
        restore(new, target, indexes=["absent"])
    restore(new, target, indexes=["other"])
    assert [path.name for path in new.data_dir.iterdir()] == ["other"]


def test_an_index_that_is_being_written_is_waited_for_or_refused(
    make_settings: MakeSettings, data_dir: Path, target: Path
) -> None:
    shop.build(data_dir, 1)
    back_up(make_settings(), target)
    with writer(shop.layout_of(data_dir)), pytest.raises(IndexLockedError):
        restore(make_settings(), target, force=True)


def _flipped(target: Path) -> None:
    largest = max((target / "objects").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(data)


def _removed(target: Path) -> None:
    next((target / "objects").iterdir()).unlink()


def _cut(target: Path) -> None:
    largest = max((target / "objects").iterdir(), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-1])


def _unfinished(target: Path) -> None:
    (target / "backup.json").unlink()


@pytest.mark.parametrize("damage", [_flipped, _removed, _cut, _unfinished])
def test_a_damaged_backup_changes_nothing(
    make_settings: MakeSettings,
    data_dir: Path,
    target: Path,
    damage: Callable[[Path], None],
) -> None:
    shop.build(data_dir, 1)
    back_up(make_settings(), target)
    damage(target)
    second = shop.build(data_dir, 2)
    with pytest.raises(BackupError, match=r"damaged|missing|not finished"):
        restore(make_settings(), target, force=True)
    assert shop.layout_of(data_dir).current() == second
    assert shop.leftovers(data_dir) == []


def _archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    with tarfile.open(path, "w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def _link(kind: bytes, name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = "/etc/passwd"
    return info


@pytest.mark.parametrize(
    "info",
    [
        tarfile.TarInfo("../outside"),
        tarfile.TarInfo("/tmp/outside"),  # noqa: S108 - what an attacker would write
        tarfile.TarInfo("objects/../../outside"),
        tarfile.TarInfo("objects/" + "A" * 64),
        _link(tarfile.SYMTYPE, "backup.json"),
        _link(tarfile.LNKTYPE, "objects/" + "a" * 64),
        _link(tarfile.FIFOTYPE, "objects/" + "a" * 64),
        _link(tarfile.DIRTYPE, "objects"),
    ],
)
def test_an_archive_with_links_or_other_names_is_refused(
    make_settings: MakeSettings, tmp_path: Path, data_dir: Path, info: tarfile.TarInfo
) -> None:
    _archive(tmp_path / "evil.tar", (info, b""))
    with pytest.raises(BackupError, match="which no backup has"):
        restore(make_settings(), tmp_path / "evil.tar")
    assert list(data_dir.iterdir()) == []
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("how", ["text", "cut", "twice", "flipped", "empty"])
def test_what_is_no_archive_is_refused(
    make_settings: MakeSettings, tmp_path: Path, data_dir: Path, how: str
) -> None:
    shop.build(data_dir, 1)
    good, bad = tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    back_up(make_settings(), good)
    data = good.read_bytes()
    if how == "twice":
        info = tarfile.TarInfo("objects/" + "a" * 64)
        _archive(bad, (info, b"one"), (info, b"two"))
    else:
        flipped = bytearray(data)
        flipped[len(data) // 2] ^= 0xFF
        contents = {
            "text": b"no archive",
            "cut": data[: len(data) // 2],
            "flipped": bytes(flipped),
            "empty": gzip.compress(b""),
        }
        bad.write_bytes(contents[how])
    new = make_settings(data_dir=tmp_path / "new")
    with pytest.raises(BackupError, match="another backup|no backup|damaged|not made by"):
        restore(new, bad)
    assert list(new.data_dir.iterdir()) == []


@pytest.mark.slow
def test_whatever_stops_a_restoration_at_whatever_step_the_index_is_whole_and_it_can_be_repeated(
    make_settings: MakeSettings, data_dir: Path, target: Path, tmp_path: Path
) -> None:
    first = shop.build(data_dir, 1)
    back_up(make_settings(), target)
    wanted = shop.seen(data_dir)
    shutil.rmtree(data_dir)
    shop.build(data_dir, 2)
    present = shop.build(data_dir, 3)
    before = shop.seen(data_dir)
    chance, disk, looked = Random(3), Disk(data_dir), 0  # noqa: S311 - no secret
    known: set[object] = set()

    def look(allowed: list[shop.Seen]) -> None:
        nonlocal looked
        for state in disk.states(chance, MIXTURES):
            key = (state.key(), len(allowed))
            if key in known:
                continue
            known.add(key)
            looked += 1
            copy = tmp_path / f"state{looked}"
            state.write(copy)
            assert shop.published(copy) in allowed, state.step
            if looked % 9 == 0 or shop.TRIALS:
                restore(make_settings(data_dir=copy), target, force=True)
                assert shop.seen(copy) == wanted
                assert shop.leftovers(copy) == []
            shutil.rmtree(copy)

    try:
        with disk.traced(lambda _: look([before, wanted])):
            restore(make_settings(), target, force=True)
        look([wanted])
    finally:
        disk.close()
    assert looked > 10
    assert first != present


class _KilledError(BaseException):
    """The process is gone."""


@contextmanager
def _killed_at(monkeypatch: pytest.MonkeyPatch, name: str) -> Generator[None]:
    def die(*_: object, **__: object) -> None:
        raise _KilledError

    with monkeypatch.context() as patched:
        patched.setattr(f"searchsvc.backup.restore.{name}", die)
        yield


@pytest.mark.parametrize(
    "step", ["deletions_since", "put_in_place", "_notes_on_deletions", "require_unused"]
)
def test_a_restoration_of_the_state_that_is_killed_can_be_repeated(
    make_settings: MakeSettings,
    target: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    settings = make_settings(token_key="k" * 32)
    store = StateStore.open(settings)
    store.append([make_event("before")])
    back_up(settings, target)
    store.append([make_event("after")])
    store.close()
    with _killed_at(monkeypatch, step), pytest.raises(_KilledError):
        restore(settings, target, force=True)
    found = _event_ids(settings)
    assert found == (["before"] if step == "_notes_on_deletions" else ["after", "before"])
    restore(settings, target, force=True)
    assert _event_ids(settings) == ["before"]
    assert IndexLayout.of(settings.data_dir, "shop").current() is None
