"""What a product is worth before anything was asked: its popularity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.popularity import Popularity

COLUMN = "popularity"


def prior_share(snapshot: Snapshot, learned: Popularity | None) -> NDArray[np.float32]:
    """What each product is worth before anything was asked.

    That is what events taught of what sells, as far as it can be believed; the rest, and all of it
    for products that were not in the catalogue then, is what the feed says.

    Returns:
        float32 ``(products,)``, 0 to 1; not to be written to.
    """
    told = popularity_share(snapshot)
    if learned is None:
        return told
    rest = np.where(learned.known, np.float32(1 - learned.believed), np.float32(1))
    return (learned.share + rest * told).astype(np.float32)


def popularity_share(snapshot: Snapshot) -> NDArray[np.float32]:
    """The popularity of each product as a share of the greatest, on a logarithmic scale.

    A product that sells ten times as often is not worth ten times as much attention. Numbers
    below 0 and products without one count 0.

    Returns:
        float32 ``(products,)``, 0 to 1; not to be written to.
    """
    return snapshot.derived.get(("popularity",), lambda: _computed(snapshot), lambda it: it.nbytes)


def _computed(snapshot: Snapshot) -> NDArray[np.float32]:
    share = np.zeros(len(snapshot.products), np.float32)
    column = snapshot.columns.get(COLUMN)
    if column is not None and column.kind == "number" and len(column.values):
        rows = slice(None) if column.rows is None else column.rows
        known = np.log1p(np.maximum(np.nan_to_num(column.values), 0.0))
        share[rows] = known / max(float(known.max()), 1.0)
    share.flags.writeable = False
    return share
