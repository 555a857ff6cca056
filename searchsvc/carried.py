"""What is carried over from one generation to the next: derived from columns that are the same.

A delta of prices leaves brands and categories as they were. What facets, groups and filters need
of these was computed for the generation before, and need not be computed again while shoppers
wait for new prices.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.query.filters import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

    from indexer.snapshot import Snapshot
    from searchsvc.query.filters import Filter


def same_rows(before: Snapshot, after: Snapshot) -> bool:
    """Whether both have the same products, so that a row is the same product in both."""
    return before.products.ids is after.products.ids


def unchanged(before: Snapshot, after: Snapshot, conditions: Iterable[Filter]) -> bool:
    """Whether the same products fulfil `conditions` in both, which have the same products."""
    changed = after.columns.changed_since(before.columns)
    return not any(fields_of(condition) & changed for condition in conditions)


def carry_over(before: Snapshot, after: Snapshot) -> None:
    """Give `after` what is derived from `before` and holds for it, too."""
    if not same_rows(before, after):
        return
    changed = after.columns.changed_since(before.columns)

    def stays(key: Hashable) -> bool:
        if key == ("presence",):
            return _same_presence(before, after, changed)
        fields = made_of(key)
        return fields is not None and not fields & changed

    after.derived.take_over(before.derived, stays)


def made_of(key: Hashable) -> frozenset[str] | None:
    """The columns that the value of a key is made of; ``None`` where it is not of columns only."""
    match key:
        case (str(kind), *parts) if kind in _FIELDS:
            return _FIELDS[kind](*parts)
        case _:
            return None


def _of_everything(field: str, group_by: str | None, *_: object) -> frozenset[str]:
    return frozenset((field,) if group_by is None else (field, group_by))


def _field(field: str) -> frozenset[str]:
    return frozenset((field,))


def _condition(condition: Filter) -> frozenset[str]:
    return fields_of(condition)


_FIELDS: dict[str, Callable[..., frozenset[str]]] = {
    "coded": _field,
    "group keys": _field,
    "levels": _field,
    "mask": _condition,
    "popularity": lambda: frozenset(("popularity",)),
    "ranges of everything": _of_everything,
    "tally of everything": _of_everything,
    "value words": _field,
}


def _same_presence(before: Snapshot, after: Snapshot, changed: frozenset[str]) -> bool:
    """Whether every product has values in the same columns as before."""
    if before.columns.names() != after.columns.names():
        return False
    for name in changed:
        one, other = before.columns.get(name), after.columns.get(name)
        if one is None or other is None or not np.array_equal(one.present(), other.present()):
            return False
    return True
