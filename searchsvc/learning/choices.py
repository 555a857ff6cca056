"""Choices: the text columns of a catalogue that shoppers choose by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.columns import Column, Columns

FEWEST_VALUES = 2
MOST_VALUES = 200
"""A column of more values names things rather than kinds of things."""
LEAST_COVERAGE = 0.05
"""Of the products must have a value: of the others nothing could be told."""
MOST_COLUMNS = 20

CATEGORIES = ("product_type", "google_product_category")
"""The shop's own categories, or Google's where the shop has none."""
_OTHERWISE = {"brand", "item_group_id", *CATEGORIES}
_NO_TASTE = {
    "availability",
    "availability_date",
    "condition",
    "currency",
    "size_system",
    "size_type",
}


def chosen_columns(columns: Columns) -> list[str]:
    """Names of the columns whose values may be a matter of taste, such as colour and material.

    Those that brands, groups and categories are not: these are always asked. Where there are more
    than `MOST_COLUMNS`, the ones that most products have.
    """
    found = sorted(_candidates(columns), reverse=True)
    names = [name for _, name in sorted(found, key=lambda it: (-it[0], it[1]))]
    return sorted(names[:MOST_COLUMNS])


def category_column(columns: Columns) -> str | None:
    """The column of the categories; ``None`` where the shop has none."""
    for name in CATEGORIES:
        column = columns.get(name)
        if column is not None and coverage(column) >= LEAST_COVERAGE:
            return name
    return None


def coverage(column: Column) -> float:
    """The share of the products that have a value."""
    return float(np.count_nonzero(column.present())) / column.products


def _candidates(columns: Columns) -> Iterator[tuple[float, str]]:
    for name, kind in columns.kinds().items():
        if kind != "text" or name == "id" or name in _OTHERWISE | _NO_TASTE:
            continue
        column = columns.get(name)
        if column is None or column.texts is None:
            continue
        share = coverage(column)
        if FEWEST_VALUES <= len(column.texts) <= MOST_VALUES and share >= LEAST_COVERAGE:
            yield share, name
