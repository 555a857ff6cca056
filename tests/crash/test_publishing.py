"""Every step of everything that publishes: the process may die there, or the power fail.

Each operation runs once on a traced disk. At each of its steps the directory is looked at in all
states in which it could be found afterwards, see `disk`: what was acknowledged has to be there,
what is there has to be sound, and the next run has to succeed and to clean up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from indexer.build.reindex import ReindexOptions
from indexer.publish import rollback
from tests.crash import shop
from tests.crash.disk import Disk, Loss, State

MIXTURES = 12 if shop.TRIALS else 1
_EVERY = 1 if shop.TRIALS else 9
"""Of which states the whole service is started, and the next run made."""


@dataclass(frozen=True)
class Operation:
    """Something that publishes.

    Attributes:
        prepare: makes what is there before.
        run: gives the generation that it published.
    """

    prepare: Callable[[Path], object]
    run: Callable[[Path], str]


def _builds(data_dir: Path) -> None:
    for edition in (1, 2, 3):
        shop.build(data_dir, edition)


def _deltas(data_dir: Path) -> None:
    shop.build(data_dir, 1)
    for number in (1, 2, 3):
        shop.patch(data_dir, number)
    shop.merge(data_dir, 1)


def _after_a_death(data_dir: Path) -> str:
    """The first build, by the successor of one that died before it could flush anything."""
    shop.layout_of(data_dir).generations_dir.mkdir(parents=True)
    return shop.build(data_dir, 1)


OPERATIONS = {
    "first": Operation(lambda data_dir: data_dir.mkdir(), lambda it: shop.build(it, 1)),
    "second first": Operation(lambda data_dir: data_dir.mkdir(), _after_a_death),
    "reindex": Operation(lambda it: shop.build(it, 1), lambda it: shop.build(it, 2)),
    "listed": Operation(
        lambda it: shop.build(it, 1, settings=shop.LISTED),
        lambda it: shop.build(it, 2, settings=shop.LISTED),
    ),
    "pruning": Operation(_builds, lambda it: shop.build(it, 4, options=ReindexOptions(keep=1))),
    "patch": Operation(_deltas, lambda it: shop.patch(it, 9)),
    "merge": Operation(_deltas, lambda it: shop.merge(it, 2)),
    "compaction": Operation(_deltas, shop.compacted),
    "rollback": Operation(_builds, lambda it: rollback(shop.layout_of(it))),
}


class _Watch:
    """Looks at each state once."""

    def __init__(self, scratch: Path, before: shop.Seen | None) -> None:
        self._scratch = scratch
        self._before = before
        self._known: set[object] = set()
        self.after: set[shop.Seen] = set()
        self.looked = 0

    def look(self, state: State, wanted: shop.Seen | None = None) -> None:
        key = (state.key(), wanted)
        if key in self._known:
            return
        self._known.add(key)
        self.looked += 1
        copy = self._scratch / f"state{self.looked}" / "data"
        state.write(copy)
        found = shop.published(copy)
        if wanted is not None:
            assert found == wanted, "what was acknowledged is lost"
        elif found != self._before:
            assert found is not None, "what was published is lost"
            self.after.add(found)
        if self.looked % _EVERY == 0:
            assert shop.served(copy, self._scratch) == found
            generation = shop.build(copy, 7)
            assert shop.seen(copy).generation == generation
            assert shop.leftovers(copy) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_stops_it_at_whatever_step_nothing_acknowledged_is_lost(
    name: str, tmp_path: Path
) -> None:
    data_dir, operation = tmp_path / "data", OPERATIONS[name]
    operation.prepare(data_dir)
    chance = Random(name)  # noqa: S311 - no secret
    watch = _Watch(tmp_path / "states", shop.published(data_dir))
    disk = Disk(data_dir)
    try:
        with disk.traced(lambda _: _look(disk, watch, chance)):
            generation = operation.run(data_dir)
        done = shop.seen(data_dir)
        assert done.generation == generation
        # Whatever was found on the way is what was acknowledged in the end.
        assert watch.after <= {done}
        for state in disk.states(chance, 10 * MIXTURES):
            watch.look(state, done)
    finally:
        disk.close()
    assert watch.looked > len(Loss)
    shop.tell(f"states after {len(disk.steps)} steps of {name}", watch.looked)


def _look(disk: Disk, watch: _Watch, chance: Random) -> None:
    for state in disk.states(chance, MIXTURES):
        try:
            watch.look(state)
        except Exception as error:
            error.add_note(f"{state.loss.value} after step {state.step}")
            raise
