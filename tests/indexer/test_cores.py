import os
import subprocess
import sys

import pytest

from indexer.cores import LEAST_URGENT, available_cores, give_way


def test_the_cpu_set_of_the_process_counts_not_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5, 7}, raising=False)
    assert available_cores() == 3


def test_a_system_without_cpu_sets_tells_its_cores_or_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_cores() == 1


def _python(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return done.stdout.decode().strip()


def test_work_that_nobody_waits_for_runs_only_while_nobody_else_does() -> None:
    shown = _python(
        "import os; from indexer.cores import give_way, LEAST_URGENT;"
        "give_way(LEAST_URGENT); print(os.nice(0), os.sched_getscheduler(0) == os.SCHED_IDLE)"
    )
    assert shown == "19 True"


def test_a_nice_process_still_takes_its_turn() -> None:
    shown = _python(
        "import os; from indexer.cores import give_way;"
        "before = os.nice(0); give_way(7);"
        "print(os.nice(0) - before, os.sched_getscheduler(0) == os.SCHED_OTHER)"
    )
    assert shown == "7 True"


def test_a_system_that_knows_no_such_policy_is_nice_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[int] = []

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "nice", given.append)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    give_way(LEAST_URGENT)
    monkeypatch.delattr(os, "SCHED_IDLE")
    give_way(LEAST_URGENT)
    assert given == [LEAST_URGENT, LEAST_URGENT]
