"""Processes that write to one state store at the same time, and some that die while they do."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from searchsvc.state.store import StateStore
from tests.happenings import first_of_each
from tests.state_writer import PER_BATCH, batch

if TYPE_CHECKING:
    from searchsvc.events.event import Event
    from searchsvc.settings import Settings

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def in_order(batches: int) -> list[Event]:
    """The events of the first `batches`, as they are streamed."""
    return first_of_each(event for number in range(batches) for event in batch(number))


def writer(settings: Settings, batches: int) -> subprocess.Popen[str]:
    assert settings.state_url is not None
    url = settings.state_url.get_secret_value()
    command = [sys.executable, "-m", "tests.state_writer", settings.data_dir, url, str(batches)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_acknowledged_survives_a_kill_and_nothing_is_half_stored(
    state_settings: Settings, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    with writer(state_settings, 1_000_000) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(chance.randint(1, 30))]
        time.sleep(chance.uniform(0, 0.01))
        process.kill()
        lines += process.stdout.readlines()
    store = StateStore.open(state_settings)
    found = list(store.events())
    batches = len(found) // PER_BATCH
    assert batches >= sum(line.endswith("\n") for line in lines)
    assert found == in_order(batches)
    assert store.append(batch(batches)).stored == PER_BATCH
    store.close()


def test_two_processes_that_write_the_same_events_store_each_once(
    state_settings: Settings,
) -> None:
    batches = 40
    with writer(state_settings, batches) as one, writer(state_settings, batches) as other:
        said = one.communicate()[0] + other.communicate()[0]
    assert [one.returncode, other.returncode] == [0, 0]
    assert sum(int(line.split()[1]) for line in said.splitlines()) == batches * PER_BATCH
    store = StateStore.open(state_settings)
    assert list(store.events()) == in_order(batches)
    store.close()
