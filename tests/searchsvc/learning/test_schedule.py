"""The schedule and the lock: what is due is run, once at a time, and failures end nothing."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from indexer.layout import IndexLayout
from searchsvc.errors import BadQueryError, LearningBusyError, LiveSettingsUnwritableError
from searchsvc.learning import schedule as schedule_module
from searchsvc.learning.lock import learning
from searchsvc.learning.schedule import Schedule, parse_period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HOUR = 3_600


@pytest.fixture
def index(layout: IndexLayout) -> IndexLayout:
    layout.root.mkdir(parents=True)
    layout.current_file.write_text("g00000001-00000000\n")
    return layout


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def python(program: str) -> Callable[[str], Sequence[str]]:
    return lambda index: [sys.executable, "-S", "-c", program, index]


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1_800), ("6h", 21_600), ("1d", 86_400), ("90m", 5_400)]
)
def test_a_period_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_period(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "0h", "h", "6 h", "-1h", "1.5h", "99999h", "6hours"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadQueryError, match="expected one such as 30m, 6h or 1d"):
        parse_period(text)


def test_an_index_is_due_when_its_file_is_too_old(data_dir: Path, index: IndexLayout) -> None:
    schedule = Schedule(data_dir, HOUR, python(""))
    assert schedule.is_due("shop")
    index.learned_file.write_bytes(b"")
    assert not schedule.is_due("shop")
    for shift, due in ((-HOUR - 5, True), (-HOUR + 60, False), (60, True)):
        moment = time.time() + shift  # a file of the future is of a clock that was wrong
        os.utime(index.learned_file, (moment, moment))
        assert schedule.is_due("shop") is due


def test_what_is_due_is_learned_once(data_dir: Path, index: IndexLayout) -> None:
    program = (
        "import sys, pathlib, time;"
        f"root = pathlib.Path({str(index.root)!r});"
        "(root / 'learned.safetensors').touch();"
        "open(root / 'calls', 'a').write(sys.argv[1] + ' ')"
    )
    schedule = Schedule(data_dir, HOUR, python(program), look_seconds=0.01)
    schedule.start()
    try:
        until((index.root / "calls").exists)
        time.sleep(0.2)
    finally:
        schedule.stop()
    assert (index.root / "calls").read_text() == "shop "
    assert schedule.failures == 0


def test_a_failure_is_logged_counted_and_tried_again_later(
    data_dir: Path, index: IndexLayout, caplog: pytest.LogCaptureFixture
) -> None:
    assert index.current_file.exists()
    program = "import sys; print('no events of', sys.argv[1]); sys.exit(1)"
    schedule = Schedule(data_dir, HOUR, python(program), look_seconds=0.01)
    with caplog.at_level(logging.WARNING):
        schedule.start()
        try:
            until(lambda: schedule.failures > 0)
            time.sleep(0.2)
        finally:
            schedule.stop()
    assert schedule.failures == 1
    assert not schedule.is_due("shop")
    (record,) = caplog.records
    assert record.getMessage().endswith("failed (failure 1 since the start): no events of shop")


def test_an_index_without_events_is_told_of_once_and_is_no_failure(
    data_dir: Path,
    index: IndexLayout,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schedule_module, "RETRY_SECONDS", 0.0)
    calls = index.root / "calls"
    program = f"open({str(calls)!r}, 'a').write('x')"
    schedule = Schedule(data_dir, HOUR, python(program), look_seconds=0.01)
    with caplog.at_level(logging.INFO):
        schedule.start()
        try:
            until(lambda: calls.exists() and len(calls.read_text()) >= 3)
        finally:
            schedule.stop()
    (record,) = caplog.records
    assert (record.levelno, schedule.failures) == (logging.INFO, 0)
    assert record.getMessage() == "index shop has too few events to learn from"


def test_an_index_without_events_is_asked_again_after_a_while(
    data_dir: Path, index: IndexLayout
) -> None:
    calls = index.root / "calls"
    program = f"open({str(calls)!r}, 'a').write('x')"
    schedule = Schedule(data_dir, HOUR, python(program), look_seconds=0.01)
    schedule.start()
    try:
        until(calls.exists)
        time.sleep(0.2)
    finally:
        schedule.stop()
    assert calls.read_text() == "x"
    assert not schedule.is_due("shop")


def test_a_command_that_cannot_be_run_does_not_end_the_schedule(
    data_dir: Path, index: IndexLayout, caplog: pytest.LogCaptureFixture
) -> None:
    missing = str(index.root / "no-such-program")
    schedule = Schedule(data_dir, HOUR, lambda _: [missing], look_seconds=0.01)
    schedule.start()
    try:
        until(lambda: schedule.failures >= 2)
    finally:
        schedule.stop()
    assert "it is tried again" in caplog.text


def test_stopping_ends_a_running_command(data_dir: Path, index: IndexLayout) -> None:
    begun = index.root / "begun"
    program = f"import time; open({str(begun)!r}, 'w'); time.sleep(60)"
    schedule = Schedule(data_dir, HOUR, python(program), look_seconds=0.01)
    schedule.start()
    until(begun.exists)
    before = time.monotonic()
    schedule.stop()
    assert time.monotonic() - before < 5
    assert schedule.failures == 0
    assert not any(thread.name == "learning" for thread in threading.enumerate())


def test_one_process_learns_at_a_time(index: IndexLayout) -> None:
    with (
        learning(index),
        pytest.raises(LearningBusyError, match="another process is learning .* 'shop'"),
        learning(index),
    ):
        pass
    with learning(index):
        pass


def test_a_directory_that_cannot_be_written_is_told(layout: IndexLayout) -> None:
    with pytest.raises(LiveSettingsUnwritableError, match=r"learn\.lock cannot be written"):
        learning(layout).__enter__()
