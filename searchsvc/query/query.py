"""A query as the search core takes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.query.filters import Filter

MAX_TEXT = 512
"""Characters of a query; a longer one is refused at the border."""
MAX_LIMIT = 1_000
"""Hits of one page."""
MAX_OFFSET = 1_000_000
"""Hits before a page."""
MAX_FACETS = 50
"""Facets of one query."""
MAX_FACET_VALUES = 1_000
"""Values shown of one facet."""
MAX_RANGES = 50
"""Ranges of one facet."""
MAX_SORT_KEYS = 5
"""Keys of one order."""
MAX_OTHERS = 20
"""Members shown of a group beside the best."""
MAX_BOOSTS = 50
"""Boosts of one query."""


BESTSELLING = "bestselling"
"""What an order by what sells is called; it is no column, but taught by events."""


class FacetOrder(StrEnum):
    """In which order the values of a facet are listed."""

    COUNT = "count"  # most products first, ties by value
    VALUE = "value"  # ascending


@dataclass(frozen=True, slots=True)
class Interval:
    """Numbers from `low`, included, to `high`, excluded; infinite where open."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FacetRequest:
    """What to count of one column.

    Attributes:
        field: the column.
        limit: most values to list, 0 to `MAX_FACET_VALUES`.
        order: of the values.
        search: only values with words that begin with these; empty for all.
        disjunctive: count as if those parts of the filter were absent that are about nothing but
            this column, so that a shopper sees what else could be chosen beside the chosen.
        level: only paths of this depth of a hierarchical column, from 0; ``None`` for all.
        ranges: to count the numbers in.
    """

    field: str
    limit: int = 20
    order: FacetOrder = FacetOrder.COUNT
    search: str = ""
    disjunctive: bool = False
    level: int | None = None
    ranges: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order.

    Products without a value come last, whatever the direction.

    Attributes:
        field: a column, or `BESTSELLING`; ``""`` with `near`.
        descending: largest first.
        near: order by the distance from here instead.
    """

    field: str
    descending: bool = False
    near: Point | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """Show one product of each group.

    Products without a value of the column are each a group of their own.

    Attributes:
        field: the column whose equal values make a group.
        others: at most so many further members are shown, 0 to `MAX_OTHERS`.
        count_items: whether the total and the facets count products instead of groups.
    """

    field: str = "item_group_id"
    others: int = 3
    count_items: bool = False


@dataclass(frozen=True, slots=True)
class Boost:
    """Moves the products that fulfil a condition up or down, and never out.

    Attributes:
        condition: a filter.
        weight: -1 to 1, as a share of the most that all boosts together may move a product by.
        name: for the explanation.
    """

    condition: Filter
    weight: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """One question to one snapshot.

    Attributes:
        text: as typed; an empty one asks for every product.
        limit: hits on the page, 0 to `MAX_LIMIT`; groups, if it is grouped.
        offset: hits before the page.
        filter: what products must fulfil, ``None`` for all.
        scope: what products must fulfil to exist at all for whoever asks, ``None`` for all.
            Nothing in an answer is about another one, also where it looks outside the filter.
        explain: whether each hit tells how it got its place.
        as_typed: whether words are taken as they are, even where they look misspelt.
        typing: whether the last word may be the beginning of one.
        sort: the order, most important key first; none for relevance. Ties are by relevance.
        sort_relevance: of the best product's score, what a product needs to come first in the
            order of a column; ``None`` leaves that to the policy.
        facets: what to count.
        grouping: ``None`` shows every product.
        boosts: of the order by relevance.
        relax: whether a query without any match is asked again in a wider sense.
        relax_by_meaning: whether that may come to the nearest in meaning, however far.
        survey: whether to say how many products of the match set have each column.
        timeout_ms: how long the answer may take; it is given up between two stages.
    """

    text: str
    limit: int = 20
    offset: int = 0
    filter: Filter | None = None
    explain: bool = False
    as_typed: bool = False
    typing: bool = False
    sort: tuple[SortKey, ...] = ()
    facets: tuple[FacetRequest, ...] = ()
    grouping: Grouping | None = None
    boosts: tuple[Boost, ...] = ()
    sort_relevance: float | None = None
    relax: bool = False
    relax_by_meaning: bool = True
    survey: bool = False
    scope: Filter | None = None
    timeout_ms: float = math.inf
