"""The schedule: what is due is run, one at a time, and failures end nothing."""

from __future__ import annotations

import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from searchsvc import schedule as schedule_module
from searchsvc.errors import BadQueryError
from searchsvc.schedule import Schedule, parse_period

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from searchsvc.schedule import Run


class Once:
    """A task that is due until it has been run so many times."""

    def __init__(
        self, command: Sequence[str], times: int = 1, names: Sequence[str] = ("a",)
    ) -> None:
        self.name = "testing"
        self.runs: list[tuple[str, Run]] = []
        self._command, self._times, self._names = command, times, names

    def due(self) -> list[str]:
        return list(self._names) if len(self.runs) < self._times else []

    def command(self, index: str) -> Sequence[str]:
        return [*self._command, index]

    def ended(self, index: str, run: Run) -> None:
        self.runs.append((index, run))


def python(program: str) -> list[str]:
    return [sys.executable, "-S", "-c", program]


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def run(task: Once, count: int = 1) -> list[tuple[str, Run]]:
    schedule = Schedule(task, look_seconds=0.01)
    schedule.start()
    until(lambda: len(task.runs) >= count)
    schedule.stop()
    assert not any(thread.name == "testing" for thread in threading.enumerate())
    return task.runs


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1_800), ("6h", 21_600), ("1d", 86_400), ("90m", 5_400)]
)
def test_a_period_is_a_number_and_a_unit(text: str, seconds: float) -> None:
    assert parse_period(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "0h", "h", "6 h", "-1h", "1.5h", "99999h", "6hours"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(BadQueryError, match="expected one such as 30m, 6h or 1d"):
        parse_period(text)


def test_a_run_tells_what_was_written_where_and_whether_it_succeeded() -> None:
    program = "import sys; print('out', sys.argv[1]); sys.stderr.write('err'); sys.exit(3)"
    ((index, done),) = run(Once(python(program)))
    assert (index, done.succeeded, done.output, done.errors) == ("a", False, "out a\n", "err")
    assert done.problem == "out a\nerr"
    assert done.seconds > 0
    ((_, done),) = run(Once(python("")))
    assert (done.succeeded, done.problem) == (True, "")


def test_a_command_that_cannot_be_started_is_a_failed_run(tmp_path: Path) -> None:
    ((_, done),) = run(Once([str(tmp_path / "no-such-program")]))
    assert not done.succeeded
    assert done.problem.startswith("it cannot be started: ")
    assert "no-such-program" in done.problem


def test_commands_run_one_after_the_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        f"import sys, time; log = open({str(log)!r}, 'a', 1); log.write('(' + sys.argv[1]);"
        "time.sleep(0.05); log.write(')')"
    )
    run(Once(python(program), names=("a", "b", "c"), times=3), count=3)
    assert log.read_text() == "(a)(b)(c)"


def test_a_task_that_raises_is_asked_again(caplog: pytest.LogCaptureFixture) -> None:
    task = Once(python(""))
    due, failures = task.due, iter([ValueError("once")])

    def failing() -> list[str]:
        for failure in failures:
            raise failure
        return due()

    task.due = failing  # type: ignore[method-assign]
    assert len(run(task)) == 1
    assert "testing failed; it is tried again" in caplog.text


def test_stopping_ends_a_running_command_and_tells_nobody(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    program = f"import time; open({str(begun)!r}, 'w'); time.sleep(60)"
    task = Once(python(program), names=("a", "b"))
    schedule = Schedule(task, look_seconds=0.01)
    schedule.start()
    until(begun.exists)
    before = time.monotonic()
    schedule.stop()
    assert time.monotonic() - before < 5
    assert task.runs == []


def test_a_command_that_does_not_listen_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_module, "_STOP_SECONDS", 0.3)
    begun = tmp_path / "begun"
    program = (
        f"import signal, time; signal.signal({signal.SIGTERM:d}, signal.SIG_IGN);"
        f"open({str(begun)!r}, 'w'); time.sleep(60)"
    )
    schedule = Schedule(Once(python(program)), look_seconds=0.01)
    schedule.start()
    until(begun.exists)
    schedule.stop()
    assert not any(thread.name == "testing" for thread in threading.enumerate())
