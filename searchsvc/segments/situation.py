"""A situation: who asks, for what and when, as conditions look at it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexer.columns import PATH_FIELDS, PATH_SEPARATOR
from searchsvc.events.event import EventKind
from searchsvc.query.filters import And, AnyOf, Or, Written
from searchsvc.segments.moments import local_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime, tzinfo

    from numpy.typing import NDArray

    from searchsvc.query.filters import Filter
    from searchsvc.query.query import Query
    from searchsvc.segments.profile import Profile
    from searchsvc.segments.shopper import Fact, Shopper

_VIEWS = frozenset({EventKind.VIEW, EventKind.CLICK})
_PURCHASES = frozenset({EventKind.PURCHASE})


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What conditions need of one snapshot.

    Attributes:
        row: of a product by its id, ``None`` where it has none.
        key: the analysed terms of a text.
    """

    row: Callable[[str], int | None]
    key: Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Past:
    """Things done to products of one snapshot, the latest first.

    Products that it does not have are left out.

    Attributes:
        rows: int64 ``(n,)``.
        ages: the times in milliseconds before the epoch, ascending therefore.
    """

    rows: NDArray[np.int64]
    ages: tuple[int, ...]

    @classmethod
    def of(cls, done: Iterable[tuple[str, int]], catalogue: Catalogue) -> Past:
        """That of product ids with their times in milliseconds since the epoch, in any order."""
        found = [(-time, row) for name, time in done if (row := catalogue.row(name)) is not None]
        found.sort()
        rows = np.fromiter((row for _, row in found), np.int64, len(found))
        return cls(rows, tuple(age for age, _ in found))

    def since(self, time_ms: int) -> NDArray[np.int64]:
        """The rows of what was done then or later."""
        return self.rows[: bisect_right(self.ages, -time_ms)]


@dataclass(frozen=True)
class History:
    """A profile in the rows and terms of one snapshot, worked out when first asked for.

    It is worth keeping as long as the profile and the snapshot are the same.

    Attributes:
        profile: ``None`` for somebody who sent no token.
    """

    profile: Profile | None
    catalogue: Catalogue

    @cached_property
    def bought(self) -> Past:
        """Products of its purchases."""
        return self._past(_PURCHASES)

    @cached_property
    def viewed(self) -> Past:
        """Products that were clicked or looked at."""
        return self._past(_VIEWS)

    @cached_property
    def searches(self) -> tuple[frozenset[str], ...]:
        """The terms of each search."""
        texts = self.profile.searched if self.profile else ()
        return tuple(frozenset(self.catalogue.key(text)) for text in texts)

    @cached_property
    def searched_terms(self) -> frozenset[str]:
        """The terms of all searches: what is not among them was in none."""
        return frozenset().union(*self.searches)

    def _past(self, kinds: frozenset[EventKind]) -> Past:
        interactions = self.profile.interactions if self.profile else ()
        done = ((it.product_id, it.time_ms) for it in interactions if it.kind in kinds)
        return Past.of(done, self.catalogue)


class Clocks(dict["tzinfo", "datetime"]):
    """The local times of one moment, each worked out when first asked for."""

    def __init__(self, now_ms: int) -> None:
        super().__init__()
        self._now_ms = now_ms

    def __missing__(self, zone: tzinfo) -> datetime:
        return self.setdefault(zone, local_time(self._now_ms, zone))


@dataclass(frozen=True)
class Situation:
    """Who asks, for what and when.

    Attributes:
        facts: see `facts_of`.
        now_ms: milliseconds since the epoch.
    """

    shopper: Shopper
    facts: Mapping[str, Fact]
    history: History
    query: Query
    now_ms: int

    @cached_property
    def clocks(self) -> Clocks:
        """What clocks show now, by time zone."""
        return Clocks(self.now_ms)

    @cached_property
    def terms(self) -> frozenset[str]:
        """The analysed words of the query."""
        return frozenset(self.history.catalogue.key(self.query.text))

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """What the request says it is within, as `category_key` writes it."""
        named = [] if self.query.filter is None else list(_categories(self.query.filter))
        fact = self.shopper.context.get("category")
        return tuple(category_key(it) for it in [*named, fact] if isinstance(it, str))

    @cached_property
    def viewed(self) -> Past:
        """Products viewed before, and those that the request names as viewed just now."""
        before = self.history.viewed
        if not self.shopper.viewed:
            return before
        now = Past.of(((it, self.now_ms) for it in self.shopper.viewed), self.history.catalogue)
        rows, ages = np.concatenate([now.rows, before.rows]), now.ages + before.ages
        # Clocks differ: what was done before may have happened in a moment from now.
        order = np.argsort(np.array(ages, np.int64), kind="stable")
        return Past(rows[order], tuple(ages[place] for place in order))


def category_key(path: str) -> str:
    """A category path for comparing: case and spaces do not matter, it ends with a separator.

    So a path is another one or below it if it starts with its key.
    """
    parts = (" ".join(part.split()).casefold() for part in path.split(PATH_SEPARATOR.strip()))
    return "".join(part + PATH_SEPARATOR for part in parts)


def _categories(condition: Filter) -> Iterator[object]:
    """Values of category columns that a filter asks for, not those that it excludes."""
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _categories(part)
        case AnyOf(field, values) if field in PATH_FIELDS:
            yield from values
        case Written(field, text) if field in PATH_FIELDS:
            yield text
