"""Retention: which times are taken, and that what is too old is deleted, again and again."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

from searchsvc.errors import StateUnavailableError
from searchsvc.events.retention import DAY_MS, Retention, Span, now_ms
from tests.searchsvc.eventually import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_800_000_000_000


def test_a_time_is_taken_from_the_oldest_that_is_kept_to_a_day_ahead() -> None:
    span = Span.until(NOW, 30)
    for time_ms in (NOW, NOW - 30 * DAY_MS, NOW + DAY_MS):
        assert span.checked(time_ms) == time_ms
    assert span.checked(None) == NOW


@pytest.mark.parametrize(
    ("time_ms", "message"),
    [
        (NOW - 30 * DAY_MS - 1, "more than 30 days ago"),
        (NOW // 1_000, "more than 30 days ago, expected milliseconds"),
        (NOW + DAY_MS + 1, "more than a day ahead"),
    ],
)
def test_other_times_are_refused_with_the_reason(time_ms: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Span.until(NOW, 30).checked(time_ms)


class Keeper:
    """Purges by a function, and erases as told."""

    def __init__(self, purge: Callable[[int], int], *erased: bool | Exception) -> None:
        self.purge = purge
        self.erasing = list(erased)
        self.erased_at: list[float] = []

    def erase(self) -> bool:
        self.erased_at.append(time.monotonic())
        done = self.erasing.pop(0) if self.erasing else True
        if isinstance(done, Exception):
            raise done
        return done


def test_what_is_too_old_is_purged_at_the_start_and_again() -> None:
    asked: list[int] = []

    def purge(before_ms: int) -> int:
        asked.append(before_ms)
        return 3

    began = now_ms()
    retention = Retention(Keeper(purge), 7, seconds=0.001)
    retention.start()
    eventually(lambda: len(asked) >= 3)
    retention.close(20)
    assert began - 7 * DAY_MS <= asked[0] <= now_ms() - 7 * DAY_MS
    assert asked == sorted(asked)
    count = len(asked)
    time.sleep(0.01)
    assert len(asked) == count


@pytest.mark.parametrize("error", [StateUnavailableError("locked"), RuntimeError("a bug")])
def test_a_purge_that_fails_is_logged_and_tried_again(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    tries: list[int] = []

    def purge(before_ms: int) -> int:
        tries.append(before_ms)
        if len(tries) == 1:
            raise error
        done.set()
        return 0

    retention = Retention(Keeper(purge), 7, seconds=0.001)
    retention.start()
    assert done.wait(20)
    retention.close(20)
    assert "events older than 7 days are still there" in caplog.text


def test_one_that_never_started_closes_at_once() -> None:
    Retention(Keeper(lambda _: 0), 1).close(0)


def test_what_a_deletion_left_is_erased_between_purges_until_it_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    purges: list[int] = []

    def purge(before_ms: int) -> int:
        purges.append(before_ms)
        return 0

    outcomes = [False, StateUnavailableError("locked"), RuntimeError("a bug")]
    keeper = Keeper(purge, *outcomes)
    retention = Retention(keeper, 7, seconds=3_600, erase_seconds=0.001)
    retention.start()
    eventually(lambda: len(keeper.erased_at) >= 6)
    retention.close(20)
    assert len(purges) == 1
    assert caplog.text.count("deleted users may still be in the files") == 2


def test_the_shared_generator_of_random_numbers_is_left_alone() -> None:
    before = random.getstate()
    times: list[int] = []

    def purge(before_ms: int) -> int:
        times.append(before_ms)
        return 0

    retention = Retention(Keeper(purge), 30, seconds=0.001)
    retention.start()
    eventually(lambda: len(times) > 5)
    retention.close(5)
    assert random.getstate() == before
