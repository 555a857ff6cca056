"""The store of ratings: crashes, damage, and several processes at once."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from searchsvc.errors import JudgmentsError
from searchsvc.judging import store as store_module
from searchsvc.judging.ratings import parse_rating
from searchsvc.judging.store import RATINGS_FILE, RatingsStore, read_ratings
from tests.searchsvc.judging.given import rating

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND, THIRD = (rating("anna", name, 2) for name in ("schön", "b", "c"))

_WRITER = """
import sys
from pathlib import Path
from searchsvc.judging.ratings import Rating
from searchsvc.judging.store import RatingsStore
with RatingsStore(Path(sys.argv[1])) as store:
    sys.stdin.readline()
    for number in range(int(sys.argv[3])):
        store.append(Rating(rater=sys.argv[2], query_id="q", product_id=f"{number}" * 40,
                            label=number % 4, time="2026-01-02T03:04:05+00:00"))
        print(number, flush=True)
"""


def test_a_new_store_is_empty(tmp_path: Path) -> None:
    assert read_ratings(tmp_path) == []
    with RatingsStore(tmp_path) as store:
        assert store.unread() == []


def test_what_was_appended_is_read_by_whoever_opens_the_directory(tmp_path: Path) -> None:
    with RatingsStore(tmp_path) as store:
        store.append(FIRST)
        store.append(SECOND)
        assert store.unread() == [FIRST, SECOND]
        assert store.unread() == []
        with RatingsStore(tmp_path) as other:
            other.append(THIRD)
            assert other.unread() == [FIRST, SECOND, THIRD]
        assert store.unread() == [THIRD]
    assert read_ratings(tmp_path) == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize("cut", range(1, len(THIRD.to_line())))
def test_a_line_that_a_crash_tore_is_cut_off_and_no_other_is_lost(
    tmp_path: Path, cut: int
) -> None:
    whole = FIRST.to_line() + SECOND.to_line()
    (tmp_path / RATINGS_FILE).write_bytes(whole + THIRD.to_line()[:cut])
    is_whole = cut == len(THIRD.to_line()) - 1  # all but the line's end
    expected = [FIRST, SECOND, *([THIRD] if is_whole else [])]
    assert read_ratings(tmp_path) == expected
    with RatingsStore(tmp_path) as store:
        assert store.unread() == expected
        store.append(THIRD)
        assert store.unread() == [THIRD]
    assert read_ratings(tmp_path) == [*expected, THIRD]


def test_a_file_with_nothing_but_a_torn_line_is_empty(tmp_path: Path) -> None:
    (tmp_path / RATINGS_FILE).write_bytes(b"\0" * 10)  # what a power cut may leave
    assert read_ratings(tmp_path) == []
    with RatingsStore(tmp_path) as store:
        store.append(FIRST)
    assert (tmp_path / RATINGS_FILE).read_bytes() == FIRST.to_line()


def test_a_torn_line_longer_than_a_block_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "_BLOCK", 7)
    (tmp_path / RATINGS_FILE).write_bytes(FIRST.to_line() + SECOND.to_line()[:-2])
    with RatingsStore(tmp_path) as store:
        assert store.unread() == [FIRST]


def test_damage_before_the_end_is_named_with_its_line_and_changed_by_nobody(
    tmp_path: Path,
) -> None:
    damaged = FIRST.to_line() + b"\n" + b'{"rater":\n' + SECOND.to_line()
    (tmp_path / RATINGS_FILE).write_bytes(damaged)
    with pytest.raises(JudgmentsError, match=rf"{RATINGS_FILE}:3: .*mend or remove the line"):
        read_ratings(tmp_path)
    with RatingsStore(tmp_path) as store, pytest.raises(JudgmentsError, match=":3: "):
        store.unread()
    assert (tmp_path / RATINGS_FILE).read_bytes() == damaged


def test_line_numbers_go_on_after_what_was_read_before(tmp_path: Path) -> None:
    with RatingsStore(tmp_path) as store:
        store.append(FIRST)
        store.append(SECOND)
        store.unread()
        with (tmp_path / RATINGS_FILE).open("ab") as file:
            file.write(b"nonsense\n")
        with pytest.raises(JudgmentsError, match=f"{RATINGS_FILE}:3: "):
            store.unread()


def test_a_file_that_somebody_cut_meanwhile_is_noticed(tmp_path: Path) -> None:
    with RatingsStore(tmp_path) as store:
        store.append(FIRST)
        store.append(SECOND)
        store.unread()
        (tmp_path / RATINGS_FILE).write_bytes(FIRST.to_line())
        with pytest.raises(JudgmentsError, match="somebody cut the file"):
            store.unread()


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    with RatingsStore(tmp_path) as store:
        store.append(FIRST)
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:9]))
        with pytest.raises(OSError, match="No space left") as caught:
            store.append(SECOND)
        assert caught.value.errno == errno.ENOSPC
        monkeypatch.undo()
        store.append(THIRD)
    assert read_ratings(tmp_path) == [FIRST, THIRD]


def test_a_rating_is_flushed_to_the_disk_before_it_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[bytes] = []
    with RatingsStore(tmp_path) as store:
        path = tmp_path / RATINGS_FILE
        monkeypatch.setattr(os, "fsync", lambda _: flushed.append(path.read_bytes()))
        store.append(FIRST)
    assert flushed == [FIRST.to_line()]


def test_whoever_holds_the_store_keeps_others_out_until_the_outermost_end(tmp_path: Path) -> None:
    with RatingsStore(tmp_path) as store, (tmp_path / RATINGS_FILE).open("rb") as other:
        with store.exclusive():
            store.append(FIRST)
            with pytest.raises(BlockingIOError):
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_threads_append_whole_lines(tmp_path: Path) -> None:
    with RatingsStore(tmp_path) as store:

        def append(rater: str) -> None:
            for _ in range(20):
                store.append(rating(rater, "p" * 200, 1))

        threads = [threading.Thread(target=append, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    raters = [one.rater for one in read_ratings(tmp_path)]
    assert sorted(raters) == sorted("abcd" * 20)


@pytest.mark.slow
def test_processes_append_whole_lines_and_a_killed_one_loses_nothing_it_acknowledged(
    tmp_path: Path,
) -> None:
    def writer(rater: str, count: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", _WRITER, str(tmp_path), rater, str(count)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    with writer("steady", 60) as steady, writer("killed", 100_000) as killed:
        for process in (steady, killed):
            assert process.stdin is not None
            process.stdin.write(b"go\n")
            process.stdin.flush()
        assert killed.stdout is not None
        acknowledged = [killed.stdout.readline() for _ in range(30)]
        killed.kill()
        acknowledged += killed.stdout.readlines()
        assert steady.wait(60) == 0
    acknowledged = [line for line in acknowledged if line.endswith(b"\n")]
    ratings = read_ratings(tmp_path)
    assert sum(one.rater == "steady" for one in ratings) == 60
    found = [one.product_id for one in ratings if one.rater == "killed"]
    assert len(found) - len(acknowledged) in {0, 1}  # at most one was written and not said
    assert found == [f"{number}" * 40 for number in range(len(found))]
    with RatingsStore(tmp_path) as store:  # whatever the kill left of a line is gone
        store.append(FIRST)
    for line in (tmp_path / RATINGS_FILE).read_bytes().splitlines():
        parse_rating(line, "file")
