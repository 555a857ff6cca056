"""When learning is due, what is told of it, and the lock of those who learn."""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from indexer.layout import IndexLayout
from searchsvc.errors import LearningBusyError, LiveSettingsUnwritableError
from searchsvc.learning import schedule as schedule_module
from searchsvc.learning.lock import learning
from searchsvc.learning.schedule import LearningTask
from searchsvc.schedule import Schedule

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


def test_an_index_is_due_when_its_file_is_too_old(data_dir: Path, index: IndexLayout) -> None:
    task = LearningTask(data_dir, HOUR, python(""))
    assert task.is_due("shop")
    index.learned_file.write_bytes(b"")
    assert not task.is_due("shop")
    for shift, due in ((-HOUR - 5, True), (-HOUR + 60, False), (60, True)):
        moment = time.time() + shift  # a file of the future is of a clock that was wrong
        os.utime(index.learned_file, (moment, moment))
        assert task.is_due("shop") is due


def test_what_is_due_is_learned_once(data_dir: Path, index: IndexLayout) -> None:
    program = (
        "import sys, pathlib, time;"
        f"root = pathlib.Path({str(index.root)!r});"
        "(root / 'learned.safetensors').touch();"
        "open(root / 'calls', 'a').write(sys.argv[1] + ' ')"
    )
    task = LearningTask(data_dir, HOUR, python(program))
    schedule = Schedule(task, look_seconds=0.01)
    schedule.start()
    try:
        until((index.root / "calls").exists)
        time.sleep(0.2)
    finally:
        schedule.stop()
    assert (index.root / "calls").read_text() == "shop "
    assert task.failures == 0


def test_a_failure_is_logged_counted_and_tried_again_later(
    data_dir: Path, index: IndexLayout, caplog: pytest.LogCaptureFixture
) -> None:
    assert index.current_file.exists()
    program = "import sys; print('no events of', sys.argv[1]); sys.exit(1)"
    task = LearningTask(data_dir, HOUR, python(program))
    schedule = Schedule(task, look_seconds=0.01)
    with caplog.at_level(logging.WARNING):
        schedule.start()
        try:
            until(lambda: task.failures > 0)
            time.sleep(0.2)
        finally:
            schedule.stop()
    assert task.failures == 1
    assert not task.is_due("shop")
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
    task = LearningTask(data_dir, HOUR, python(program))
    schedule = Schedule(task, look_seconds=0.01)
    with caplog.at_level(logging.INFO):
        schedule.start()
        try:
            until(lambda: calls.exists() and len(calls.read_text()) >= 3)
        finally:
            schedule.stop()
    (record,) = caplog.records
    assert (record.levelno, task.failures) == (logging.INFO, 0)
    assert record.getMessage() == "index shop has too few events to learn from"


def test_an_index_without_events_is_asked_again_after_a_while(
    data_dir: Path, index: IndexLayout
) -> None:
    calls = index.root / "calls"
    program = f"open({str(calls)!r}, 'a').write('x')"
    task = LearningTask(data_dir, HOUR, python(program))
    schedule = Schedule(task, look_seconds=0.01)
    schedule.start()
    try:
        until(calls.exists)
        time.sleep(0.2)
    finally:
        schedule.stop()
    assert calls.read_text() == "x"
    assert not task.is_due("shop")


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
