"""Ranks: where the shipped search puts the bought product of each case."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.personalization.systems import POPULAR, SHIPPED
from searchsvc.query.query import Query
from searchsvc.search import Memory, search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from benchmarks.personalization.cases import Case
    from benchmarks.personalization.systems import System
    from indexer.snapshot import Snapshot
    from searchsvc.answer import Hit
    from searchsvc.policy import RankingPolicy
    from searchsvc.preferences.preferences import Preferences
    from searchsvc.routing import QueryEmbedder

_FIRST_PAGE = 50
_REMEMBERED = 2_000


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where bought products rank.

    Attributes:
        by_system: float64 ``(cases, repetitions)``, several of these for a control: ranks from
            1, infinite where the query does not match the product.
        changed: cases without history whose order is not that of the last baseline in every
            place; a search that knows nothing of somebody must not change anything.
        checked: cases without history.
    """

    by_system: dict[str, NDArray[np.float64]]
    changed: int
    checked: int

    @classmethod
    def joined(cls, parts: Sequence[Ranks]) -> Ranks:
        """Those of all cases of `parts`, one part after the other; of the same systems."""
        return cls(
            {
                name: np.concatenate([it.by_system[name] for it in parts])
                for name in parts[0].by_system
            },
            sum(it.changed for it in parts),
            sum(it.checked for it in parts),
        )


class Remembered:
    """An embedder that embeds a text once."""

    def __init__(self, embedder: QueryEmbedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """See `QueryEmbedder.embed_query`."""
        if text not in self._vectors:
            self._vectors[text] = self._embedder.embed_query(text)
        return self._vectors[text]


class Ranker:
    """Asks the shipped search, and remembers what it found for a text, as a request does.

    What matches, and how well, depends on nobody: only the order is made anew for each case.
    """

    def __init__(self, snapshot: Snapshot, embedder: QueryEmbedder) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._memories: OrderedDict[tuple[str, int], Memory] = OrderedDict()

    def rank(
        self, text: str, product: int, policy: RankingPolicy, preferences: Preferences | None
    ) -> float:
        """The rank from 1 of the product in a row of the snapshot; infinite for no match."""
        wanted = self._snapshot.products.id(product)
        for limit in (_FIRST_PAGE, len(self._snapshot.products)):
            hits = self._hits(text, limit, policy, preferences)
            for place, hit in enumerate(hits, 1):
                if hit.id == wanted:
                    return float(place)
            if len(hits) < limit:
                break
        return float("inf")

    def order(self, text: str, system: System, case: Case) -> list[tuple[str, float]]:
        """Every hit's id and score, best first."""
        everything = len(self._snapshot.products)
        (preferences,) = system.preferences(case)
        hits = self._hits(text, everything, system.policy, preferences)
        return [(hit.id, hit.score) for hit in hits]

    def _hits(
        self, text: str, limit: int, policy: RankingPolicy, preferences: Preferences | None
    ) -> tuple[Hit, ...]:
        key = text, id(policy)
        memory = self._memories.setdefault(key, Memory())
        self._memories.move_to_end(key)
        if len(self._memories) > _REMEMBERED:
            self._memories.popitem(last=False)
        query = Query(text, limit=limit)
        found = search(query, self._snapshot, self._embedder, policy, preferences, memory)
        return found.hits


def rank_cases(
    cases: Sequence[tuple[Case, str]],
    systems: Sequence[System],
    ranker: Ranker,
    advance: Callable[[int], None],
) -> Ranks:
    """Ask every system for every case.

    Args:
        cases: held-out purchases, each with its query.
        systems: that are compared; none of them changes what matches.
        ranker: of the catalogue.
        advance: told of each case.
    """
    named = {system.name: system for system in systems}
    ranks: dict[str, list[list[float]]] = {name: [] for name in named}
    changed = checked = 0
    for case, text in cases:
        for system in systems:
            ranks[system.name].append(
                [
                    ranker.rank(text, case.product, system.policy, preferences)
                    for preferences in system.preferences(case)
                ]
            )
        if not case.history.orders:
            checked += 1
            usual, shipped = (ranker.order(text, named[it], case) for it in (POPULAR, SHIPPED))
            changed += usual != shipped
        advance(1)
    arrays = {name: np.array(rows, np.float64) for name, rows in ranks.items()}
    return Ranks(arrays, changed, checked)
