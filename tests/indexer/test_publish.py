from __future__ import annotations

import fcntl
import multiprocessing
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer import durable
from indexer import publish as publishing
from indexer.build.delta import apply_delta
from indexer.build.reindex import Recipe
from indexer.durable import write_durably
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import IndexLockedError, PublishError, SnapshotMissingError
from indexer.layout import unpublished_indexes
from indexer.lexical.clause import plain_clauses
from indexer.manifest import MANIFEST_FILE
from indexer.publish import prune, rollback, writer
from indexer.settings import IndexSettings
from indexer.snapshot import open_snapshot, verify
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build


def records(count: int, title: str = "red shoe") -> list[dict[str, str]]:
    return [{"id": f"p{number}", "title": f"{title} {number}"} for number in range(count)]


def test_a_second_writer_is_refused_while_the_first_is_at_work(layout: IndexLayout) -> None:
    with (
        writer(layout),
        pytest.raises(IndexLockedError, match="another process"),
        writer(layout),
    ):
        pass


def test_who_waits_gets_the_lock_and_is_told(layout: IndexLayout) -> None:
    told = threading.Event()
    got: list[bool] = []

    def wait() -> None:
        with writer(layout, 30.0, told.set):
            got.append(True)

    waiting = threading.Thread(target=wait)
    with writer(layout):
        waiting.start()
        assert told.wait(30.0)
        assert not got
    waiting.join()
    assert got == [True]
    told.clear()
    with writer(layout, 30.0, told.set):  # nobody to wait for
        assert not told.is_set()


def test_nobody_waits_for_ever(layout: IndexLayout) -> None:
    with writer(layout), pytest.raises(IndexLockedError, match="another"), writer(layout, 0.05):
        pass
    with writer(layout):  # and whoever gave up keeps nobody else from writing
        pass


def test_changes_one_after_the_other_give_way_to_who_waits(layout: IndexLayout) -> None:
    """The first look of who waits comes while a change is made, as do all the others."""
    told, done = threading.Event(), threading.Event()

    def wait() -> None:
        with writer(layout, 30.0, told.set):
            done.set()

    waiting = threading.Thread(target=wait)
    with writer(layout):
        waiting.start()
        assert told.wait(30.0)
        eventually(lambda: not _is_free(layout.waiting_file))
    refused = 0
    while not done.is_set():  # no pause between: without a queue it would hardly ever be its turn
        try:
            with writer(layout):
                assert done.is_set()
        except IndexLockedError:
            refused += 1
    waiting.join()
    assert refused


def _is_free(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _hold_and_die(layout: IndexLayout) -> None:
    with writer(layout) as staging:
        (staging / "half").write_bytes(b"x" * 1000)
        os._exit(9)


def test_a_writer_that_died_leaves_no_lock_and_its_files_are_removed(layout: IndexLayout) -> None:
    child = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(layout,))
    child.start()
    child.join()
    assert list(layout.root.glob("staging-*/half"))
    with writer(layout) as staging:
        assert list(layout.root.glob("staging-*")) == [staging]
    assert not list(layout.root.glob("staging-*"))


class _Died(BaseException):
    """Like SIGKILL: no handler of ours may catch it."""


def _steps(monkeypatch: pytest.MonkeyPatch, die_at: int | None) -> list[str]:
    """Counts every durable step of publishing, and dies before the given one."""
    done: list[str] = []

    def before(name: str) -> None:
        if die_at is not None and len(done) == die_at:
            raise _Died(name)
        done.append(name)

    def flush(path: Path, real: object = durable.flush) -> None:
        before(f"flush {path.name}")
        real(path)  # type: ignore[operator]

    for module in (durable, publishing):
        monkeypatch.setattr(module, "flush", flush)
    for method in ("rename", "replace", "chmod"):

        def wrapped(self: Path, *args: object, _real: object = getattr(Path, method)) -> object:
            before(f"{_real.__name__} {self.name}")  # type: ignore[attr-defined]
            return _real(self, *args)  # type: ignore[operator]

        monkeypatch.setattr(Path, method, wrapped)
    return done


def test_death_before_any_step_leaves_the_old_or_the_new_generation(
    build: Build, layout: IndexLayout
) -> None:
    build(records(20))
    with pytest.MonkeyPatch.context() as monkeypatch:
        steps = len(_steps(monkeypatch, None))
        build(records(21, "blue hat"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        done = _steps(monkeypatch, None)
        build(records(22, "green lamp"))
        steps = len(done)
    assert steps > 10
    for die_at in range(steps):
        before = layout.require_current()
        with pytest.MonkeyPatch.context() as monkeypatch:
            _steps(monkeypatch, die_at)
            with pytest.raises(_Died):
                build(records(23 + die_at, "new text"))
        snapshot = open_snapshot(layout)
        assert verify(layout, snapshot.generation) == []
        if snapshot.generation == before:
            assert len(snapshot.products) != 23 + die_at
        else:
            assert len(snapshot.products) == 23 + die_at
        # The next reindex works, under a name that was never used.
        used = set(layout.generations())
        report = build(records(23 + die_at, "after the crash"))
        assert report.generation not in used
        assert not list(layout.root.glob("staging-*"))


def test_names_count_up_also_after_a_rollback(build: Build, layout: IndexLayout) -> None:
    first = build(records(10)).generation
    second = build(records(10, "hat")).generation
    assert rollback(layout) == first
    assert layout.require_current() == first
    third = build(records(10, "lamp")).generation
    assert [name[:9] for name in (first, second, third)] == ["g00000001", "g00000002", "g00000003"]


def test_rollback_goes_to_a_named_generation_or_says_what_there_is(
    build: Build, layout: IndexLayout
) -> None:
    first = build(records(10)).generation
    with pytest.raises(PublishError, match="no generation older"):
        rollback(layout)
    second = build(records(10, "hat")).generation
    assert rollback(layout, first) == first
    assert rollback(layout, second) == second
    with pytest.raises(PublishError, match=f"'g7'.*{first}"):
        rollback(layout, "g7")
    assert layout.require_current() == second


def test_a_lost_pointer_is_told_and_mended_by_a_rollback(
    build: Build, layout: IndexLayout
) -> None:
    first = build(records(10)).generation
    second = build(records(10, "hat")).generation
    layout.current_file.unlink()
    assert unpublished_indexes(layout.root.parent) == [layout.name]
    with pytest.raises(
        SnapshotMissingError, match=r"generations but no CURRENT.*searchsvc rollback"
    ):
        layout.require_current()
    assert rollback(layout) == second
    layout.current_file.unlink()
    assert rollback(layout, first) == first == layout.require_current()
    assert unpublished_indexes(layout.root.parent) == []
    assert unpublished_indexes(layout.root / "nowhere") == []


def test_old_generations_are_pruned_but_never_the_current_one(
    build: Build, layout: IndexLayout
) -> None:
    names = [build(records(10, f"title{number}")).generation for number in range(3)]
    rollback(layout, names[0])
    with writer(layout):
        assert prune(layout, 1) == [names[1]]
    assert layout.generations() == [names[0], names[2]]
    assert not list(layout.reports_dir.glob(f"{names[1]}*"))
    open_snapshot(layout)


def test_deltas_do_not_push_full_builds_out(build: Build, layout: IndexLayout) -> None:
    recipe = Recipe(IndexSettings(), HashingEmbedder(64))

    def change(price: int) -> str:
        changes = [{"id": "p1", "price": f"{price} EUR"}]
        return apply_delta(changes, layout, lambda: recipe).generation

    builds = [build(records(10, f"title{number}")).generation for number in range(4)]
    deltas = [change(price) for price in range(1, 6)]
    assert layout.generations() == builds[1:] + deltas[2:]
    latest = build(records(10, "hat")).generation
    assert layout.generations() == [*builds[2:], *deltas[2:], latest]
    rollback(layout, builds[2])
    with writer(layout):  # one whose manifest is gone counts as a full build
        (layout.generation_dir(deltas[-1]) / MANIFEST_FILE).unlink()
        assert prune(layout, 1, 1) == [builds[3], deltas[2], deltas[4]]
    assert layout.generations() == [builds[2], deltas[3], latest]


def test_a_reader_keeps_a_pruned_generation(build: Build, layout: IndexLayout) -> None:
    build(records(30))
    snapshot = open_snapshot(layout)
    for number in range(4):
        build(records(30, f"title{number}"))
    assert snapshot.generation not in layout.generations()
    assert snapshot.products.id(29) == "p9"
    assert len(snapshot.lexical.match(plain_clauses(["shoe"]))) == 30


def test_the_directory_of_an_index_is_its_owners_alone_until_it_is_opened(
    build: Build, layout: IndexLayout
) -> None:
    build(records(5))
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o700
    layout.root.chmod(0o750)
    build(records(6))
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o750


def test_a_published_generation_can_be_read_by_others(build: Build, layout: IndexLayout) -> None:
    """Where they are let into the index's directory."""
    build(records(5))
    directory = layout.generation_dir(layout.require_current())
    for path in (directory, *directory.iterdir()):
        assert path.stat().st_mode & stat.S_IROTH, path.name


def test_a_file_is_replaced_completely_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "CURRENT"
    write_durably(path, b"old")
    monkeypatch.setattr(os, "fsync", _fail)
    with pytest.raises(OSError, match="disk full"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"


def _fail(_: int) -> None:
    raise OSError("disk full")
