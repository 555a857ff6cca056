"""Replicas: names that ask an index for another order, as pages offer to sort by.

Algolia copies an index to order it otherwise; here the name says the order, and no copy exists::

    shop:price:asc          behind the first colon stands an order, as `parse_sort` reads it
    shop/sort/price:asc     the same, as some pages write it
    shop_price_asc          any numeric column, with _asc or _desc
    shop_newest             newest, popularity, rating, bestselling, price, relevance
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.query.query import BESTSELLING

if TYPE_CHECKING:
    from collections.abc import Container

_SORT = "/sort/"
_DIRECTIONS = ("asc", "desc")
_NAMED = frozenset({"relevance", "price", "newest", "popularity", "rating", BESTSELLING})


@dataclass(frozen=True, slots=True)
class Replica:
    """An index and an order.

    Attributes:
        index: as it is served.
        order: as `parse_sort` reads it; empty for relevance.
        is_guess: whether the name is one only if the order's columns exist.
    """

    index: str
    order: str = ""
    is_guess: bool = False


def read_replica(name: str, indexes: Container[str]) -> Replica | None:
    """What `name` stands for; ``None`` when none of `indexes` can be meant.

    An index of exactly that name is meant before any other.
    """
    if name in indexes:
        return Replica(name)
    for separator in (_SORT, ":"):
        index, found, order = name.partition(separator)
        if found and order and index in indexes:
            return Replica(index, order)
    # The longest index first: one called shop_old must not lose its replicas to shop.
    places = [place for place, character in enumerate(name) if character == "_"]
    for place in reversed(places):
        order = _order(name[place + 1 :])
        if name[:place] in indexes and order:
            return Replica(name[:place], order, is_guess=True)
    return None


def _order(suffix: str) -> str:
    """``price:asc`` of ``price_asc``; empty when it is no order."""
    if suffix in _NAMED:
        return suffix
    field, found, direction = suffix.rpartition("_")
    return f"{field}:{direction}" if found and field and direction in _DIRECTIONS else ""
