"""Interactions: who had to do with which products, as arrays to learn from."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import bindparam, select

from searchsvc.state.tables import EVENT, ITEM

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import Connection

_ROWS = (
    select(EVENT.c.user, ITEM.c.product_id, EVENT.c.kind, EVENT.c.time_ms, ITEM.c.quantity)
    .join_from(EVENT, ITEM, ITEM.c.event == EVENT.c.number)
    .where(EVENT.c.index_name == bindparam("index"), EVENT.c.time_ms >= bindparam("since"))
    .order_by(EVENT.c.user, EVENT.c.time_ms, EVENT.c.number, ITEM.c.ordinal)
)
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Interactions:
    """One entry for each product of an event, by user and then by time.

    Attributes:
        users: int32 (n,), places in `user_keys`.
        products: int32 (n,), places in `product_ids`.
        kinds: int8 (n,), see `searchsvc.state.tables.KIND_CODES`.
        times_ms: int64 (n,), milliseconds since the epoch.
        quantities: int32 (n,).
        user_keys: 64 hexadecimal digits each, sorted.
        product_ids: sorted; the catalogue need not have them.
    """

    users: NDArray[np.int32]
    products: NDArray[np.int32]
    kinds: NDArray[np.int8]
    times_ms: NDArray[np.int64]
    quantities: NDArray[np.int32]
    user_keys: tuple[str, ...]
    product_ids: tuple[str, ...]


def interactions(connection: Connection, index: str, since_ms: int) -> Interactions:
    """The interactions of `index` from `since_ms` on."""
    users, products, kinds, times, quantities = (array(code) for code in "iibqi")
    user_codes: dict[bytes, int] = {}
    product_codes: dict[str, int] = {}
    found = connection.execution_options(stream_results=True, yield_per=_AT_ONCE).execute(
        _ROWS, {"index": index, "since": since_ms}
    )
    for user, product_id, kind, time_ms, quantity in found:
        users.append(user_codes.setdefault(user, len(user_codes)))
        products.append(product_codes.setdefault(product_id, len(product_codes)))
        kinds.append(kind)
        times.append(time_ms)
        quantities.append(quantity)
    product_ids = sorted(product_codes)
    # By the order of their ids, not of their first use: the same events give the same codes.
    renumbered = np.empty(len(product_ids), np.int32)
    for place, product_id in enumerate(product_ids):
        renumbered[product_codes[product_id]] = place
    return Interactions(
        np.frombuffer(users, np.int32),
        renumbered[np.frombuffer(products, np.int32)],
        np.frombuffer(kinds, np.int8),
        np.frombuffer(times, np.int64),
        np.frombuffer(quantities, np.int32),
        tuple(user.hex() for user in user_codes),
        tuple(product_ids),
    )
