"""Processes that are killed at any time while they write; see `kills`.

``SEARCHSVC_CRASH_TRIALS=200 pytest tests/crash`` kills as many of each kind (`make crash`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import orjson
import pytest

from indexer.layout import IndexLayout
from indexer.publish import rollback
from searchsvc.events.event import Event
from searchsvc.keys.draft import KeyDraft
from searchsvc.keys.role import Role
from searchsvc.learned.file import LearnedFile
from searchsvc.livedocuments import ranking_file
from searchsvc.policy import RankingOverrides
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.crash import shop
from tests.crash.kills import kill_while, measured, times
from tests.happenings import make_event
from tests.searchsvc.preferences.taught import teach

TRIALS = shop.TRIALS or 4
_BATCH = 20
pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Kind:
    """Something that is done again and again.

    Attributes:
        work: does it for the n-th time.
        found: the n of the last one that is on the disk, which is looked at as a whole; 0 for
            none.
    """

    work: Callable[[Path, int], object]
    found: Callable[[Path], int]


def _price(number: int) -> dict[str, object]:
    return {"id": "p00", "price": f"{number} EUR"}


def _of_price(data_dir: Path) -> int:
    seen = shop.published(data_dir)
    if seen is None:
        return 0
    return int(orjson.loads(seen.products[0])["price"]["minor_units"]) // 100


def _reindex(data_dir: Path, number: int) -> None:
    shop.build(data_dir, number, first=_price(number))


def _patch(data_dir: Path, number: int) -> None:
    shop.change(data_dir, [_price(number)])


def _merge(data_dir: Path, number: int) -> None:
    changes = [{**_price(number), "title": f"red shoe {number}"}, {"id": f"q{number % 5}"}]
    changes[1] |= {"delete": True} if number % 2 else {"title": f"red cup {number}"}
    shop.change(data_dir, changes)


def _compact(data_dir: Path, number: int) -> None:
    _merge(data_dir, number)
    shop.compacted(data_dir)


def _rollback(data_dir: Path, number: int) -> None:
    _patch(data_dir, number)
    layout = shop.layout_of(data_dir)
    current = layout.require_current()
    rollback(layout)
    rollback(layout, current)


def _live(data_dir: Path, number: int) -> None:
    _ranking(data_dir).replace(RankingOverrides(popularity_weight=number / 1e6))


def _of_live(data_dir: Path) -> int:
    document, _ = _ranking(data_dir).read()
    return round((document.popularity_weight or 0) * 1e6)


def _ranking(data_dir: Path):  # type: ignore[no-untyped-def] # noqa: ANN202 - of a generic type
    return ranking_file(shop.layout_of(data_dir))


def _learn(data_dir: Path, number: int) -> None:
    products = {f"p{n:02}": {"brand": ["Acme"]} for n in range(50)}
    model = teach(products, dict.fromkeys(products, float(number)))
    LearnedFile(shop.layout_of(data_dir)).replace(model)


def _of_learned(data_dir: Path) -> int:
    model = LearnedFile(shop.layout_of(data_dir)).read()
    if model is None:
        return 0
    assert len(np.unique(model.popularity)) == 1
    return int(model.popularity[0])


def _settings(data_dir: Path) -> Settings:
    return Settings(data_dir=data_dir, models_dir=data_dir / "no models")


def _batch(number: int) -> list[Event]:
    return [make_event(f"e{number}-{n}", "p00", time_ms=number) for n in range(_BATCH)]


def _events(data_dir: Path, number: int) -> None:
    store = StateStore.open(_settings(data_dir))
    store.append(_batch(number))
    store.close()


def _of_events(data_dir: Path) -> int:
    store = StateStore.open(_settings(data_dir))
    found = list(store.events())
    store.close()
    assert len(found) % _BATCH == 0, "a batch is half there"
    # What is there is the first ones, each once.
    assert {event.time_ms for event in found} == set(range(1, len(found) // _BATCH + 1))
    return len(found) // _BATCH


def _keys(data_dir: Path, number: int) -> None:
    """An odd number makes a key, an even one revokes it."""
    store = StateStore.open(_settings(data_dir))
    if number % 2:
        key, _ = KeyDraft(frozenset({Role.SEARCH}), title=str(number)).key(now_ms=1)
        store.put_key(key, actor="test")
    else:
        (key,) = [key for key in store.keys().keys if key.title == str(number - 1)]
        store.revoke_key(key.id, actor="test")
    store.close()


def _of_keys(data_dir: Path) -> int:
    store = StateStore.open(_settings(data_dir))
    known = store.keys()
    lines = [line for line in store.audit_lines() if line.action.startswith("key.")]
    store.close()
    revoked = sum(key.revoked_ms is not None for key in known.keys)
    # A change, its revision and its line in the audit log are there together.
    assert len(known.keys) + revoked == known.revision.number == len(lines)
    return known.revision.number


KINDS = {
    "reindex": Kind(_reindex, _of_price),
    "patch": Kind(_patch, _of_price),
    "merge": Kind(_merge, _of_price),
    "compaction": Kind(_compact, _of_price),
    "rollback": Kind(_rollback, _of_price),
    "live settings": Kind(_live, _of_live),
    "learned model": Kind(_learn, _of_learned),
    "events": Kind(_events, _of_events),
    "keys": Kind(_keys, _of_keys),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_was_acknowledged_survives_a_kill_at_any_time(name: str, tmp_path: Path) -> None:
    kind, data_dir = KINDS[name], tmp_path / "data"
    data_dir.mkdir()
    _reindex(data_dir, 1)
    number = 1
    if kind.found is not _of_price:
        kind.work(data_dir, 1)  # what is made once is made by the first
    kind.work(data_dir, 2)
    number = kind.found(data_dir)
    assert number == 2
    seconds = measured(lambda n: kind.work(data_dir, n), number + 1)
    number = kind.found(data_dir)
    later = 0
    for after in times(Random(name), seconds, TRIALS):  # noqa: S311 - no secret
        killed = kill_while(lambda n: kind.work(data_dir, n), number + 1, after)
        found = kind.found(data_dir)
        assert found in (killed.acknowledged, killed.acknowledged + 1), killed
        later += found > killed.acknowledged
        number = found
    assert shop.served(data_dir, tmp_path) == shop.published(data_dir)
    kind.work(data_dir, number + 1)
    assert kind.found(data_dir) == number + 1
    _reindex(data_dir, number + 2)
    assert shop.leftovers(data_dir) == []
    shop.tell(f"killed while it writes: {name}; {later} were done and not acknowledged", TRIALS)


def test_a_first_reindex_that_is_killed_leaves_nothing_or_an_index(tmp_path: Path) -> None:
    chance = Random(1)  # noqa: S311 - no secret
    seconds = measured(lambda n: _reindex(tmp_path / f"d{n}", n), 1)
    for trial, after in enumerate(times(chance, seconds, TRIALS)):
        data_dir = tmp_path / f"data{trial}"
        killed = kill_while(lambda n, to=data_dir: _reindex(to, n), 1, after)  # type: ignore[misc] # bound
        found = _of_price(data_dir) if IndexLayout.of(data_dir, shop.INDEX).root.exists() else 0
        assert found in (killed.acknowledged, killed.acknowledged + 1)
        _reindex(data_dir, 100)
        assert _of_price(data_dir) == 100
        assert shop.leftovers(data_dir) == []


def test_a_token_key_that_was_used_stays(tmp_path: Path) -> None:
    """Whoever is killed while it makes one leaves none, or one that holds; and no copy of it."""
    chance = Random(2)  # noqa: S311 - no secret

    def use(data_dir: Path) -> str:
        store = StateStore.open(_settings(data_dir))
        try:
            store.append(_batch(1))
            return store.user_key("anon-1")
        finally:
            store.close()

    seconds = measured(lambda n: use(tmp_path / f"d{n}"), 1)
    for trial, after in enumerate(times(chance, seconds, TRIALS)):
        data_dir = tmp_path / f"data{trial}"
        data_dir.mkdir()
        kill_while(lambda _, to=data_dir: use(to), 1, after)  # type: ignore[misc] # bound
        key = use(data_dir)
        assert use(data_dir) == key
        assert not list(data_dir.glob(".token.key.*"))
