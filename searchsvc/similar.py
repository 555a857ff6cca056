"""Products that resemble a product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.hits import Hits
from searchsvc.answer import Hit
from searchsvc.errors import NotReadyError, ProductNotFoundError
from searchsvc.query.mask import row_mask
from searchsvc.results.grouping import group_keys
from searchsvc.retrieval import unrelated_cosine
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.snapshot import Snapshot
    from searchsvc.policy import RankingPolicy
    from searchsvc.query.filters import Filter

_GROUP = "item_group_id"
_SPARE = 8
"""So many times as many products are looked at: variants lie side by side."""


def similar(  # noqa: PLR0913 - the scope stands beside what is asked
    product_id: str,
    snapshot: Snapshot,
    policy: RankingPolicy,
    *,
    limit: int,
    condition: Filter | None = None,
    same_group: bool = False,
    scope: Filter | None = None,
) -> tuple[Hit, ...]:
    """The products nearest to one in meaning, best first; their scores are cosines.

    Nothing is similar that is not nearer than what unrelated queries find, so there may be fewer.

    Args:
        product_id: of the product, which is not among the answers.
        snapshot: the catalogue.
        policy: how near is near enough.
        limit: most products.
        condition: what they must fulfil.
        same_group: whether variants count: of the product itself, and of each other. Otherwise
            the nearest of each group is shown.
        scope: what products must fulfil to exist for whoever asks; ``None`` for all.

    Raises:
        ProductNotFoundError: there is no such product.
        NotReadyError: the index's vectors cannot be read.
        BadFilterError: the condition does not fit the snapshot's columns.
        ForbiddenError: nor does the scope.
    """
    visible = Visible.of(snapshot, scope)
    snapshot = visible.snapshot
    if "vectors" in snapshot.missing:
        raise NotReadyError(
            f"what is similar in index {snapshot.index!r} cannot be told: its vectors cannot be "
            "read. Rebuild it with 'searchsvc reindex'."
        )
    row = visible.row(product_id)
    if row is None:
        raise ProductNotFoundError(
            f"index {snapshot.index!r} has no product with id {product_id!r}"
        )
    mask = np.ones(len(snapshot.products), np.bool_)
    if visible.mask is not None:
        mask &= visible.mask
    if condition is not None:
        mask &= row_mask(condition, snapshot.columns, len(mask), snapshot.derived)
    mask[row] = False
    vector = snapshot.vectors.gather(np.array([row]))[0]
    if same_group:
        near = snapshot.vectors.search(vector, limit, mask)
    else:
        keys = group_keys(snapshot.columns, _GROUP, snapshot.derived)
        mask &= keys != keys[row]
        near = _one_of_each(snapshot.vectors.search(vector, _SPARE * limit, mask), keys, limit)
    enough = near.at_least(unrelated_cosine(snapshot, policy.strictness))
    return tuple(
        Hit(snapshot.products.id(row), score, snapshot.products.json(row), None)
        for row, score in zip(enough.rows.tolist(), enough.scores.tolist(), strict=True)
    )


def _one_of_each(near: Hits, keys: NDArray[np.int32], limit: int) -> Hits:
    """The first of each group, at most `limit`."""
    _, first = np.unique(keys[near.rows], return_index=True)
    first = np.sort(first)[:limit]
    return Hits(near.rows[first], near.scores[first])
