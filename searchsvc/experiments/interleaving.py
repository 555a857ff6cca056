"""Team-draft interleaving: two rankings in one list, so that each shopper compares them.

Radlinski, Kurup and Joachims, How does clickthrough data reflect retrieval quality?, CIKM 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence


class Team(StrEnum):
    """A ranking that drafted a product."""

    A = "a"
    B = "b"


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A list of two rankings.

    Attributes:
        ids: no product twice.
        teams: which ranking each product was drafted by; ``None`` for those that follow when a
            ranking has none left to draft, which speak for neither.
    """

    ids: tuple[str, ...]
    teams: tuple[Team | None, ...]

    def credit(self, clicked: Collection[str]) -> int:
        """How many more of the clicked products `Team.B` drafted than `Team.A` did.

        Above 0 the list speaks for the second ranking, below 0 for the first. Products that are
        not in the list count for nobody.
        """
        teams = [team for it, team in zip(self.ids, self.teams, strict=True) if it in clicked]
        return teams.count(Team.B) - teams.count(Team.A)


def team_draft(a: Sequence[str], b: Sequence[str], length: int, seed: int) -> Interleaved:
    """Interleave two rankings: in turn each adds its best product that is not there yet.

    A coin decides in each round who begins, so that neither gains by its place: whoever clicks
    without looking credits both alike on average.

    Args:
        a: ids, best first, each once.
        b: the same of the other ranking.
        length: of the list; shorter where both together have fewer products.
        seed: the same seed gives the same list.

    Raises:
        ValueError: a ranking has a product twice, or the length is negative.
    """
    return draft(a, b, length, _coins(seed))


def draft(a: Sequence[str], b: Sequence[str], length: int, coins: Iterator[bool]) -> Interleaved:
    """The same with given coins, one for each round: whether `a` begins.

    The draft ends with the last round that both rankings could have finished, whoever began: in
    half a round whoever drafted would be credited for what the other could not show.
    """
    _check(a, b, length)
    teams: dict[str, Team | None] = {}
    while len(teams) < length:
        best_a, best_b = _next_two(a, teams), _next_two(b, teams)
        shared = best_a[:1] == best_b[:1]
        if min(len(best_a), len(best_b)) < 1 + shared:
            break
        first, second = (Team.A, Team.B) if next(coins) else (Team.B, Team.A)
        wishes = {Team.A: best_a, Team.B: best_b}
        teams[wishes[first][0]] = first
        if len(teams) < length:
            teams[wishes[second][shared]] = second
    for it in (*a, *b):
        if len(teams) < length:
            teams.setdefault(it, None)
    return Interleaved(tuple(teams), tuple(teams.values()))


def _next_two(ranking: Sequence[str], drafted: Collection[str]) -> list[str]:
    """The best two products of a ranking that are not drafted yet, or fewer."""
    return list(islice((it for it in ranking if it not in drafted), 2))


def _check(a: Sequence[str], b: Sequence[str], length: int) -> None:
    for name, ids in (("a", a), ("b", b)):
        if len(set(ids)) < len(ids):
            twice = next(it for place, it in enumerate(ids) if it in ids[:place])
            raise ValueError(f"ranking {name} has {twice!r} twice, expected each product once")
    if length < 0:
        raise ValueError(f"length {length}: expected 0 or more")


def _coins(seed: int) -> Iterator[bool]:
    rng = np.random.default_rng(seed)
    while True:
        yield bool(rng.integers(2))
