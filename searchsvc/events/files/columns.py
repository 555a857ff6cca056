"""The columns of an import: what shops and their systems usually call them."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.errors import SettingsError
from searchsvc.errors import EventFileError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

CUSTOMER, PRODUCT, TIME = "customer_id", "product_id", "time"
"""What every row needs; a search needs no product."""
ITEMS = "items"
"""JSON Lines may have the products of an order in one list."""

USUAL_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        CUSTOMER: (
            "customer_id", "customer", "user_token", "token", "user_id", "user", "client_id",
            "visitor_id", "buyer_id",
        ),
        PRODUCT: (
            "product_id", "item_id", "sku", "stock_code", "object_id", "article_id", "variant_id",
            "product",
        ),
        TIME: (
            "time", "timestamp", "event_time", "datetime", "date", "order_date", "invoice_date",
            "purchase_date", "ordered_at", "purchased_at", "created_at",
        ),
        "order_id": (
            "order_id", "order", "order_number", "invoice_no", "invoice", "transaction_id",
        ),
        "quantity": ("quantity", "qty"),
        "price": ("price", "unit_price", "item_price"),
        "currency": ("currency", "currency_code"),
        "type": ("type", "event_type", "event", "action", "action_name"),
        "event_id": ("event_id",),
        "query": ("query", "user_query", "search_term"),
        "query_id": ("query_id",),
        "position": ("position", "rank"),
        ITEMS: ("items", "line_items", "products"),
    }
)  # fmt: skip
"""Ours, and what else means it, the likelier first; case and separators do not count."""

_SEPARATORS = re.compile(r"[\s_.-]+")
_SHOWN_COLUMNS = 20
# Files have one set of names, JSON Lines a few; only hostile ones have this many.
_MAX_REMEMBERED = 1_000

Plan = tuple[tuple[str, str], ...]
"""Pairs of our name and that of the file."""


def key(name: str) -> str:
    """What equal spellings have in common: ``InvoiceNo``, ``invoice_no``, ``Invoice No.``."""
    return _SEPARATORS.sub("", name).lower()


_BY_KEY = MappingProxyType({ours: tuple(map(key, names)) for ours, names in USUAL_NAMES.items()})


class Columns:
    """Finds our columns in a file's.

    Args:
        mapping: our names to the file's, where those are not usual.
        needed: what a file must have.
        option: of the command line, by which to say what they are called.

    Raises:
        SettingsError: a mapping names none of ours.
    """

    def __init__(
        self,
        mapping: Mapping[str, str] = MappingProxyType({}),
        needed: Iterable[str] = (CUSTOMER, TIME),
        option: str = "--map OURS=NAME",
    ) -> None:
        for ours in mapping:
            if ours not in USUAL_NAMES:
                raise SettingsError(
                    f"--map {ours}={mapping[ours]}: {ours!r} is none of the columns; they are: "
                    f"{', '.join(USUAL_NAMES)}"
                )
        self._mapping = dict(mapping)
        self._needed = tuple(needed)
        self._option = option
        self._plans: dict[tuple[str, ...], Plan] = {}

    def plan(self, names: Collection[str]) -> Plan:
        """Which of the file's `names` stand for which of ours; one for each."""
        names = tuple(names)
        plan = self._plans.get(names)
        if plan is None:
            if len(self._plans) >= _MAX_REMEMBERED:
                self._plans.clear()
            plan = self._plans[names] = self._find(names)
        return plan

    def check_header(self, header: Sequence[str]) -> int:
        """The position of the customer's column, once all that are needed are there.

        Raises:
            EventFileError: some are not; the message says what to map.
        """
        found = dict(self.plan(header))
        missing = [name for name in self._needed if name not in found]
        if missing:
            shown = ", ".join(name[:40] for name in header[:_SHOWN_COLUMNS])
            raise EventFileError(
                f"the header has no column for {' and '.join(missing)}, only: {shown}. Say which "
                f"it is with {self._option}."
            )
        return list(header).index(found[CUSTOMER])

    def _find(self, names: tuple[str, ...]) -> Plan:
        by_key = {key(name): name for name in reversed(names)}
        mapped = {by_key.get(key(theirs)) for theirs in self._mapping.values()}
        plan = []
        for ours, usual in _BY_KEY.items():
            if ours in self._mapping:
                theirs = by_key.get(key(self._mapping[ours]))
            else:
                free = (by_key[it] for it in usual if it in by_key and by_key[it] not in mapped)
                theirs = next(free, None)
            if theirs is not None:
                plan.append((ours, theirs))
        return tuple(plan)
