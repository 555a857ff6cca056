"""The rows of an import: what one says that somebody did with one product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from searchsvc.events.event import EventKind, Item
from searchsvc.events.files import values
from searchsvc.events.files.columns import CUSTOMER, ITEMS, PRODUCT, TIME
from searchsvc.events.files.rejections import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from indexer.feeds.raw import RawRecord
    from searchsvc.events.files.columns import Columns

_T = TypeVar("_T")

MAX_ITEMS = 1_000
"""Products that one line of JSON may list."""


class Row(NamedTuple):
    """One row.

    Attributes:
        line: on which it begins, from 1.
        customer: the customer's own id: never stored, never shown.
        order: ``""`` where the file does not say.
        time_ms: milliseconds since the epoch (UTC).
        item: ``None`` for a search.
        event_id: ``""`` where the file does not say.
    """

    line: int
    kind: EventKind
    customer: str
    order: str
    time_ms: int
    item: Item | None
    currency: str | None
    query_id: str | None
    query: str | None
    event_id: str


class _UnfitError(Exception):
    """A cell cannot be taken."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowParser:
    """Parses the records of one file.

    Attributes:
        columns: where they are.
        times: how times are read.
        kind: of rows that do not say theirs.
        currency: of prices that do not say theirs; ``None`` if that is unknown.
    """

    columns: Columns
    times: values.Times
    kind: EventKind = EventKind.PURCHASE
    currency: str | None = None

    def rows(self, record: RawRecord) -> Iterator[Row | Rejection]:
        """The rows of a record: one, or one for each product that it lists."""
        fields = self._named(record.fields)
        items = fields.pop(ITEMS, None)
        if not isinstance(items, list):
            yield self._parsed(record.position, fields)
        elif not items or len(items) > MAX_ITEMS:
            yield Rejection(record.position, ITEMS, f"expected 1 to {MAX_ITEMS:,} products")
        else:
            for item in items:
                if isinstance(item, dict):
                    yield self._parsed(record.position, fields | self._named(item))
                else:
                    yield Rejection(record.position, ITEMS, "expected a list of objects")

    def _named(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        return {ours: fields[theirs] for ours, theirs in self.columns.plan(fields)}

    def _parsed(self, line: int, fields: dict[str, Any]) -> Row | Rejection:
        try:
            return self._row(line, fields)
        except _UnfitError as error:
            return Rejection(line, error.field, error.reason)

    def _row(self, line: int, fields: dict[str, Any]) -> Row:
        get = fields.get
        given_kind = get("type")
        kind = self.kind if given_kind in (None, "") else _parse("type", values.kind, given_kind)
        customer = _parse(CUSTOMER, values.customer, get(CUSTOMER))
        currency = _parse("currency", values.currency, get("currency")) or self.currency
        item: Item | None = None
        query = None
        if kind is EventKind.SEARCH:
            query = _parse("query", values.query, get("query"))
        else:
            item, currency = _item(fields, currency)
        return Row(
            line,
            kind,
            customer,
            _parse("order_id", values.text, get("order_id")),
            _parse(TIME, self.times.parse, get(TIME)),
            item,
            currency,
            _parse("query_id", values.query_id, get("query_id")),
            query,
            _parse("event_id", values.text, get("event_id")),
        )


def _item(fields: dict[str, Any], currency: str | None) -> tuple[Item, str | None]:
    """The product of a row, and the currency of its price."""
    get = fields.get
    product_id = _parse(PRODUCT, values.product, get(PRODUCT))
    quantity = _parse("quantity", values.quantity, get("quantity"))
    position = _parse("position", values.position, get("position"))
    try:
        price, currency = values.price(get("price"), currency)
    except ValueError as error:
        raise _UnfitError("price", str(error)) from error
    return Item(product_id, position, quantity, price), currency


def _parse(field: str, parse: Callable[[object], _T], value: object) -> _T:
    try:
        return parse(value)
    except ValueError as error:
        raise _UnfitError(field, str(error)) from error
