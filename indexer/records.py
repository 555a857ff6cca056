"""Records: the products' JSON, in one large file and in small ones of what has changed since.

A record has a number: those of the large file count from 0, those of the first small file go on
from there, and so on. Without changes a record's number is its product's row.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import SnapshotCorruptError
from indexer.storage import map_file, offsets_of, read_arrays, write_arrays

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

DATA_FILE = "products.bin"
CHANGES_PREFIX = "products.changed."
PLACED = "placed"
"""The text of the lookup file that says how many small files its record numbers know of."""


def changes_file(number: int) -> str:
    """The name of a small file; they are numbered from 1."""
    return f"{CHANGES_PREFIX}{number:04}.safetensors"


def write_changes(path: Path, rows: NDArray[np.int32], jsons: Sequence[bytes]) -> None:
    """Write a small file.

    Args:
        path: where to.
        rows: int32 ``(n,)`` ascending, the products.
        jsons: theirs, in the same order.
    """
    data = np.frombuffer(b"".join(jsons), np.uint8)
    write_arrays(path, {"rows": rows, "offsets": offsets_of([*map(len, jsons)]), "data": data})


class Records:
    """The products' JSON by row.

    Args:
        directory: of the generation.
        lookup: its lookup file, opened.
    """

    def __init__(self, directory: Path, lookup: ArrayFile) -> None:
        changes = sorted(path.name for path in directory.glob(f"{CHANGES_PREFIX}*"))
        # Single elements of memory views cost a fraction of NumPy's.
        self._files = [(map_file(directory / DATA_FILE), lookup.array("offsets").data)]
        self._places = lookup.arrays.get("places")
        small = [read_arrays(directory / name) for name in changes]
        self._files += [(it.array("data").data, it.array("offsets").data) for it in small]
        for name, (data, offsets) in zip((DATA_FILE, *changes), self._files, strict=True):
            _check(name, len(data), int(offsets[-1]))
        self.begins = [0, *accumulate(len(offsets) - 1 for _, offsets in self._files)]
        """Where the numbers of each file begin, and the end of all."""
        self.placed = int(lookup.metadata.get(PLACED, 0))
        """How many small files the lookup knows of."""
        rows, numbers = self._latest([it.array("rows") for it in small])
        self._rows, self._numbers = rows.data, numbers.data

    def json(self, row: int) -> bytes:
        """The JSON of the product in `row`."""
        return self.record(self._number(row))

    def record(self, number: int) -> bytes:
        """The JSON with that number."""
        part = bisect_right(self.begins, number) - 1 if len(self._files) > 1 else 0
        data, offsets = self._files[part]
        place = number - self.begins[part]
        return bytes(data[offsets[place] : offsets[place + 1]])

    def numbers(self, products: int) -> NDArray[np.int32]:
        """The number of the record of each of `products` rows, int32 ``(products,)``."""
        if self._places is None:
            numbers = np.arange(products, dtype=np.int32)
        else:
            numbers = self._places.copy()
        numbers[np.asarray(self._rows)] = np.asarray(self._numbers)
        return numbers

    def _number(self, row: int) -> int:
        place = bisect_left(self._rows, row)
        if place < len(self._rows) and self._rows[place] == row:
            return self._numbers[place]
        return row if self._places is None else int(self._places[row])

    def _latest(
        self, small: Sequence[NDArray[np.int32]]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The rows of the files that the lookup does not know of, and their last records."""
        rows = [np.empty(0, np.int32), *small[self.placed :]]
        begins = self.begins[1 + self.placed :]
        numbers = [
            np.arange(begin, begin + len(it), dtype=np.int32)
            for begin, it in zip([0, *begins], rows, strict=False)
        ]
        all_rows, all_numbers = np.concatenate(rows), np.concatenate(numbers)
        order = np.lexsort((all_numbers, all_rows))
        all_rows, all_numbers = all_rows[order], all_numbers[order]
        last = np.ones(len(all_rows), np.bool_)
        last[:-1] = all_rows[1:] != all_rows[:-1]
        return all_rows[last], all_numbers[last]


def _check(name: str, found: int, expected: int) -> None:
    if found != expected:
        raise SnapshotCorruptError(
            f"{name} has {found} bytes of products, expected {expected}. "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        )
