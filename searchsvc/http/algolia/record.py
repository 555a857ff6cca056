"""A record: a product in the form of pages that were written for Algolia."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import orjson

from indexer.columns import PATH_SEPARATOR
from indexer.product import Price, Product
from searchsvc.http.algolia.attributes import CATEGORIES, OBJECT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Record = dict[str, Any]

_ALL = "*"
_NOT = "-"
_PLACES = "_geoloc"
_OURS = frozenset({OBJECT_ID, "currency", "effective_price", CATEGORIES})
_RESERVED = _OURS | {entry.name for entry in fields(Product)}
_THEIRS = "_"  # begins what Algolia and its clients add to a record
_TAGS = "_tags"


def read_record(product: bytes) -> Record:
    """The record of a product's JSON, as stored.

    Prices are numbers; the shop's own attributes stand at the top, too, unless a standard field
    has the name; the paths of the product types are also there by their levels.
    """
    stored: dict[str, Any] = orjson.loads(product)
    record: Record = {OBJECT_ID: stored["id"]}
    for name, value in stored.items():
        if name in ("price", "sale_price"):
            record[name] = Price(**value).major_units
            record["currency"] = value["currency"]
            record["effective_price"] = record[name]  # the sale price stands behind the price
        else:
            record[name] = value
    if "product_types" in stored:
        record[CATEGORIES] = _levels(stored["product_types"])
    if "locations" in stored:
        record[_PLACES] = [
            {"lat": place["latitude"], "lng": place["longitude"]} for place in stored["locations"]
        ]
    for name, value in stored.get("attributes", {}).items():
        if name not in _RESERVED and (name == _TAGS or not name.startswith(_THEIRS)):
            record[name] = value
    return record


def select(record: Record, wanted: Sequence[str]) -> Record:
    """The part of a record that ``attributesToRetrieve`` asks for; always with its id.

    Args:
        record: a whole one.
        wanted: names, with a dot those inside another; ``*`` for all, ``-name`` for all but one.
    """
    included = [name for name in wanted if not name.startswith(_NOT)]
    excluded = [name.removeprefix(_NOT) for name in wanted if name.startswith(_NOT)]
    if _ALL in included or (excluded and not included):
        found = dict(record)
    else:
        found = {}
        for name in included:
            _copy(record, found, name)
    for name in excluded:
        _drop(found, name)
    return {OBJECT_ID: record[OBJECT_ID], **found}


def _levels(paths: Sequence[str]) -> dict[str, str | list[str]]:
    """``{"lvl0": "A", "lvl1": "A > B"}`` of ``A > B``; lists where there are several."""
    levels: dict[str, dict[str, None]] = {}
    for path in paths:
        steps = path.split(PATH_SEPARATOR)
        for level in range(len(steps)):
            ancestor = PATH_SEPARATOR.join(steps[: level + 1])
            levels.setdefault(f"lvl{level}", {})[ancestor] = None
    return {
        level: next(iter(found)) if len(found) == 1 else list(found)
        for level, found in levels.items()
    }


def _copy(source: Mapping[str, Any], target: dict[str, Any], name: str) -> None:
    """Copy a field, or one inside another."""
    if name in source:
        target[name] = source[name]
        return
    outer, dot, inner = name.partition(".")
    within = source.get(outer)
    if dot and isinstance(within, dict):
        # A copy, since what is there may be a part of the source.
        nested = dict(target.get(outer, {}))
        _copy(within, nested, inner)
        if nested:
            target[outer] = nested


def _drop(target: dict[str, Any], name: str) -> None:
    """Remove a field, or one inside another, and leave what it was copied from."""
    if name in target:
        del target[name]
        return
    outer, dot, inner = name.partition(".")
    within = target.get(outer)
    if dot and isinstance(within, dict):
        target[outer] = dict(within)
        _drop(target[outer], inner)
