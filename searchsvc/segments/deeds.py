"""Conditions on what somebody does and did: asks for, bought, viewed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.segments.conditions import either
from searchsvc.segments.facts import DAY_MS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.segments.situation import Situation


@dataclass(frozen=True, slots=True)
class Asks:
    """The query has all words of one of these texts.

    Attributes:
        texts: the analysed words of each.
    """

    texts: tuple[frozenset[str], ...]
    written: tuple[str, ...]

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        terms = situation.terms
        return any(text <= terms for text in self.texts)

    def __str__(self) -> str:
        return f"the query has {either(self.written)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """An earlier query had all words of one of these texts; see `Asks`."""

    texts: tuple[frozenset[str], ...]
    written: tuple[str, ...]

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        history = situation.history
        texts = [text for text in self.texts if text <= history.searched_terms]
        return any(text <= search for text in texts for search in history.searches)

    def __str__(self) -> str:
        return f"an earlier query had {either(self.written)}"


@dataclass(frozen=True, slots=True)
class Did:
    """At least so many of the products bought, or of those viewed, fulfil a filter.

    A product that was bought in several orders counts for each; one that was viewed counts once.

    Attributes:
        bought: otherwise viewed.
        mask: bool ``(products,)``; ``None`` where there is no snapshot, and it does not hold.
        within_days: how far it looks back, ``None`` for as far as the profile does.
        written: the filter.
    """

    bought: bool
    mask: NDArray[np.bool_] | None = field(compare=False, repr=False)
    at_least: int
    within_days: float | None
    written: str

    def holds(self, situation: Situation) -> bool:
        """Whether it does."""
        past = situation.history.bought if self.bought else situation.viewed
        if self.mask is None or len(past.rows) < self.at_least:
            return False
        rows = past.rows
        if self.within_days is not None:
            rows = past.since(situation.now_ms - int(self.within_days * DAY_MS))
        fulfil = self.mask[rows]
        if self.bought or self.at_least == 1:
            return int(np.count_nonzero(fulfil)) >= self.at_least
        return len(np.unique(rows[fulfil])) >= self.at_least

    def __str__(self) -> str:
        times = f" at least {self.at_least} times" if self.at_least > 1 else ""
        days = "" if self.within_days is None else f" within {self.within_days:g} days"
        return f"{'bought' if self.bought else 'viewed'} {self.written}{times}{days}"
