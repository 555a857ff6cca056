"""Merged products: those of a generation after some have gone and others have come.

The large file of their JSON is linked; what has come is in a small file beside it. A small file
takes over those before it that are not much larger, so that there are few and a change writes
little more than itself. What has gone stays in the files until the next full build.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.build.textmerge import merged_texts
from indexer.durable import link
from indexer.identifiers import hash_of, identifiers_of
from indexer.products import LOOKUP_FILE, ProductStore
from indexer.records import DATA_FILE, PLACED, changes_file, write_changes
from indexer.storage import read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.product import Product

_TAKEN_OVER = 2
"""A file of up to so many times the products that are to be written is written again with them."""
_MOST_TAKEN_OVER = 65_536  # products: larger files stay, since a change must not take seconds


def patch_products(base: Path, target: Path, changed: Sequence[tuple[int, Product]]) -> None:
    """Write the JSON of changed products; their ids and identifiers are what they were.

    Args:
        base: directory of a generation.
        target: directory of the new one.
        changed: products with their rows, ascending.
    """
    store = ProductStore(base)
    numbers = store.records.numbers(len(store))
    numbers[[row for row, _ in changed]] = -1
    link(base / LOOKUP_FILE, target / LOOKUP_FILE)
    _write_records(base, target, numbers, changed, store.records.placed)


def merge_products(
    base: Path, target: Path, moved: NDArray[np.int32], added: Sequence[tuple[int, Product]]
) -> None:
    """Write the products of a generation whose rows are others than those of its base.

    Args:
        base: directory of a generation.
        target: directory of the new one.
        moved: int32 ``(old products,)``, the new row of each, ascending; -1 where it is gone.
        added: products with their new rows, ascending; together with `moved` they fill all rows.
    """
    store = ProductStore(base)
    stays = moved >= 0
    numbers = np.full(np.count_nonzero(stays) + len(added), -1, np.int32)
    numbers[moved[stays]] = store.records.numbers(len(store))[stays]
    files = _write_records(base, target, numbers, added, 0)
    pairs = [(row, hash_of(it)) for row, product in added for it in identifiers_of(product)]
    identifiers = store.identifiers.merged(
        moved,
        np.array([found for _, found in pairs], np.uint64),
        np.array([row for row, _ in pairs], np.int32),
    )
    ids = merged_texts(store.ids, moved, [(row, product.id) for row, product in added])
    write_arrays(
        target / LOOKUP_FILE,
        {
            **ids.arrays("ids"),
            "offsets": read_arrays(base / LOOKUP_FILE).array("offsets"),
            "places": numbers,
            **identifiers.arrays(),
        },
        {PLACED: str(files)},
    )


def _write_records(
    base: Path,
    target: Path,
    numbers: NDArray[np.int32],
    written: Sequence[tuple[int, Product]],
    kept: int,
) -> int:
    """Link what stays, write what is new with the small files that it takes over.

    Args:
        base: directory of a generation.
        target: directory of the new one.
        numbers: int32 ``(products,)``, the record of each row in the base, -1 for a new one;
            brought up to date.
        written: new products by row.
        kept: so many small files must stay.

    Returns:
        The number of small files.
    """
    records = ProductStore(base).records
    link(base / DATA_FILE, target / DATA_FILE)
    small = len(records.begins) - 2
    jsons = {row: product.to_json() for row, product in written}
    while small > kept:
        begin, end = records.begins[small], records.begins[small + 1]
        if end - begin > min(_TAKEN_OVER * len(jsons), _MOST_TAKEN_OVER):
            break
        for row in np.flatnonzero((numbers >= begin) & (numbers < end)).tolist():
            jsons[row] = records.record(int(numbers[row]))
        small -= 1
    for number in range(1, small + 1):
        link(base / changes_file(number), target / changes_file(number))
    if not jsons:
        return small
    rows = np.array(sorted(jsons), np.int32)
    write_changes(target / changes_file(small + 1), rows, [jsons[row] for row in rows.tolist()])
    begin = records.begins[small + 1]
    numbers[rows] = np.arange(begin, begin + len(rows), dtype=np.int32)
    return small + 1
