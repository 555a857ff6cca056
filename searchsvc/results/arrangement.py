"""The page of an answer: the match set in its order and groups, cut to what is shown.

Whoever sorts by price wants the cheapest of what was asked for, not the cheapest of what has a
word of it. So the products that are relevant enough come first in the order of a column, and those
that are much less relevant than the best follow in the same order. The match set stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.results.field import column_of
from searchsvc.results.grouping import Groups, group_keys
from searchsvc.results.sorting import sort_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.popularity import Popularity
    from searchsvc.query.query import Query
    from searchsvc.ranking.order import Order


_TIERS = 3  # see `Order.tiers`


@dataclass(frozen=True, slots=True)
class Arrangement:
    """What is on the page.

    Attributes:
        rows: int64 ``(n,)``, in the order asked for; of each group the best.
        scores: float32 ``(n,)``, their relevance.
        sizes: members of each group in the match set; ``None`` where nothing is grouped.
        others: int64 arrays, the next members of each group; ``None`` where nothing is grouped.
        relevant: how many come first because they are relevant enough, on all pages: groups,
            where those are counted; ``None`` in the order by relevance.
    """

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    sizes: NDArray[np.int64] | None = None
    others: list[NDArray[np.int64]] | None = None
    relevant: int | None = None


def arrange(
    order: Order,
    query: Query,
    snapshot: Snapshot,
    least_share: float,
    popularity: Popularity | None = None,
) -> Arrangement:
    """The page that `query` asks for of a match set in its order by relevance.

    Only the order by relevance without groups is sorted no further than the page.

    Args:
        order: of the match set.
        query: with its order, groups and page.
        snapshot: that was searched.
        least_share: of the best product's relevance that a product needs to come first in the
            order of a column.
        popularity: what sells, for an order by that.

    Raises:
        BadQueryError: there is no such column to sort or group by.
    """
    begin, end = query.offset, query.offset + query.limit
    if not query.sort and query.grouping is None:
        rows, scores = order.first(end)
        return Arrangement(rows[begin:end], scores[begin:end])
    rows, scores = order.whole
    relevant = None
    if query.sort:
        tiers = order.tiers(least_share)
        parts = [
            part[
                sort_places(rows[part], query.sort, snapshot.columns, snapshot.derived, popularity)
            ]
            for part in (np.flatnonzero(tiers == tier) for tier in range(_TIERS))
        ]
        # What the query identifies was asked for, and nothing beside it.
        relevant = len(parts[0]) or len(parts[1])
        places = np.concatenate(parts)
        rows, scores = rows[places], scores[places]
    if query.grouping is None:
        return Arrangement(rows[begin:end], scores[begin:end], relevant=relevant)
    keys = group_keys(snapshot.columns, query.grouping.field, snapshot.derived)
    groups = Groups.of(rows, keys)
    if relevant is not None and not query.grouping.count_items:
        relevant = int(np.count_nonzero(groups.places < relevant))
    return Arrangement(
        rows=groups.rows[begin:end],
        scores=scores[groups.places[begin:end]],
        sizes=groups.sizes[begin:end],
        others=groups.others(begin, end, query.grouping.others),
        relevant=relevant,
    )


def require_columns(
    query: Query, snapshot: Snapshot, popularity: Popularity | None = None
) -> None:
    """See that there is what `query` sorts and groups by, even where it shows nothing of it.

    Raises:
        BadQueryError: there is no such column; the message names the place.
    """
    nothing = np.empty(0, np.int64)
    sort_places(nothing, query.sort, snapshot.columns, snapshot.derived, popularity)
    if query.grouping is not None:
        column_of(snapshot.columns, query.grouping.field, "group")
