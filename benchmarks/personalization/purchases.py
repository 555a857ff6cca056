"""A shop's purchases: who bought which product in which order, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import numpy as np

from benchmarks.errors import PurchasesError
from searchsvc.events.event import EventKind
from searchsvc.events.files.columns import CUSTOMER, PRODUCT, TIME, Columns
from searchsvc.events.files.records import open_records
from searchsvc.events.files.rejections import Rejection
from searchsvc.events.files.rows import RowParser
from searchsvc.events.files.values import Times
from searchsvc.state.interactions import Interactions
from searchsvc.state.tables import KIND_CODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from searchsvc.events.files.rows import Row

FILES = ("purchases.csv", "purchases.csv.gz")
"""Columns by any of their usual names: order, product, quantity, time, price, customer."""


class Ids(Protocol):
    """Ids by row."""

    def __getitem__(self, row: int, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Purchase:
    """One product of an order.

    Attributes:
        user: whatever tells the shop's users apart.
        order: likewise for the orders of a user.
        product: a row of the catalogue.
        time_ms: milliseconds since the epoch.
    """

    user: str
    order: str
    product: int
    time_ms: int
    quantity: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Every purchase, by user and then by time; all arrays are ``(n,)``.

    So what a user bought before a moment is one range of places.

    Attributes:
        users: int32, from 0; the order of the users' names.
        orders: int32, from 0; distinct for every user's every order.
        products: int64, rows of the catalogue.
        times_ms: int64, milliseconds since the epoch.
        quantities: int32, how many of the product.
    """

    users: NDArray[np.int32]
    orders: NDArray[np.int32]
    products: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    quantities: NDArray[np.int32]

    @classmethod
    def of(cls, purchases: Iterable[Purchase]) -> Purchases:
        """The table of `purchases`, whatever order they come in."""
        rows = sorted(purchases, key=lambda it: (it.user, it.time_ms, it.order, it.product))
        names = {name: code for code, name in enumerate(dict.fromkeys(it.user for it in rows))}
        orders: dict[tuple[str, str], int] = {}
        return cls(
            np.array([names[it.user] for it in rows], np.int32),
            np.array(
                [orders.setdefault((it.user, it.order), len(orders)) for it in rows], np.int32
            ),
            np.array([it.product for it in rows], np.int64),
            np.array([it.time_ms for it in rows], np.int64),
            np.array([it.quantity for it in rows], np.int32),
        )

    def __len__(self) -> int:
        return len(self.users)

    def before(self, user: int, time_ms: int) -> range:
        """The places of what `user` had bought when it was `time_ms`."""
        begin, end = np.searchsorted(self.users, (user, user + 1)).tolist()
        past = int(np.searchsorted(self.times_ms[begin:end], time_ms))
        return range(begin, begin + past)

    def until(self, time_ms: int, ids: Ids) -> Interactions:
        """What a state store would hold at `time_ms`.

        Args:
            time_ms: purchases at this time or later are left out.
            ids: of the catalogue's products by row, ascending by their UTF-8 bytes.
        """
        past = self.times_ms < time_ms
        users, codes = np.unique(self.users[past], return_inverse=True)
        rows, products = np.unique(self.products[past], return_inverse=True)
        return Interactions(
            users=codes.astype(np.int32),
            products=products.astype(np.int32),
            kinds=np.full(len(codes), KIND_CODES[EventKind.PURCHASE], np.int8),
            times_ms=self.times_ms[past],
            quantities=self.quantities[past],
            user_keys=tuple(f"{user:064x}" for user in users.tolist()),
            product_ids=tuple(ids[row] for row in rows.tolist()),
        )


@dataclass(frozen=True, slots=True)
class Read:
    """What a file of purchases says.

    Attributes:
        purchases: of the catalogue's products.
        unknown: rows of products that the catalogue does not have.
        rejected: rows that cannot be understood.
    """

    purchases: Purchases
    unknown: int
    rejected: int


def purchases_file(directory: Path) -> Path:
    """The file of purchases in `directory`.

    Raises:
        PurchasesError: there is none.
    """
    for name in FILES:
        if (directory / name).is_file():
            return directory / name
    raise PurchasesError(
        f"{directory} has no {' or '.join(FILES)}; put the shop's orders there, with the columns "
        "order_id, product_id, quantity, time, price, customer_id"
    )


def read_purchases(path: Path, ids: Sequence[str]) -> Read:
    """Read a file as ``searchsvc events import`` does.

    Args:
        path: CSV with a header, gzipped or not.
        ids: of the catalogue's products by row.

    Raises:
        EventFileError: it cannot be read, or lacks a column.
        PurchasesError: it has no purchase of a product of the catalogue.
    """
    rows_of = {product_id: row for row, product_id in enumerate(ids)}
    taken: list[Purchase] = []
    unknown = rejected = 0
    for row in _rows(path):
        if isinstance(row, Rejection) or row.item is None:
            rejected += 1
        elif row.kind is EventKind.PURCHASE:
            product = rows_of.get(row.item.product_id)
            if product is None:
                unknown += 1
                continue
            # Without an order's id, what is of one moment is of one order.
            order = row.order or f"\0{row.time_ms}"
            taken.append(Purchase(row.customer, order, product, row.time_ms, row.item.quantity))
    if not taken:
        raise PurchasesError(
            f"{path} has no purchase of a product of the feed: {unknown:,} rows of other "
            f"products, {rejected:,} that cannot be understood; check that both use the same ids"
        )
    return Read(Purchases.of(taken), unknown, rejected)


def _rows(path: Path) -> Iterator[Row | Rejection]:
    columns = Columns(needed=(CUSTOMER, PRODUCT, TIME))
    parser = RowParser(columns, Times(UTC, int(datetime.now(UTC).timestamp() * 1e3)))
    with open_records(str(path)) as file:
        for record in file.records(columns.check_header):
            if isinstance(record, Rejection):
                yield record
            else:
                yield from parser.rows(record)
