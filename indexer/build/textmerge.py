"""Merged texts: a table of texts after some of them have gone and others have come."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from indexer.storage import StringTable, offsets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def renumbered(
    stays: NDArray[np.bool_], before: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Where things in an order go when some leave and others come between them.

    Args:
        stays: bool ``(n,)``.
        before: ``(m,)`` ascending, the place of the first old one that each new one is before.

    Returns:
        int32 ``(n,)``, the new place of each old one, -1 for one that leaves; int32 ``(m,)``, the
        places of the new ones.
    """
    staying = np.concatenate(([0], np.cumsum(stays)))
    comes = np.cumsum(np.bincount(before, minlength=len(stays) + 1))[: len(stays)]
    moved = np.where(stays, staying[:-1] + comes, -1)
    return moved.astype(np.int32), (staying[before] + np.arange(len(before))).astype(np.int32)


def merged_texts(
    table: StringTable, moved: NDArray[np.int32], added: Sequence[tuple[int, str]]
) -> StringTable:
    """The table with its texts at new places, and new texts between them.

    What stays is copied in runs of neighbours that stay neighbours.

    Args:
        table: of n texts.
        moved: int32 ``(n,)``, the new place of each, ascending; -1 for one that is gone.
        added: new texts with their places; together with `moved` they fill all places.
    """
    stays = np.flatnonzero(moved >= 0)
    places = moved[stays]
    offsets = table.offsets.astype(np.int64)
    lengths = np.zeros(len(stays) + len(added), np.int64)
    lengths[places] = np.diff(offsets)[stays]
    encoded = [(place, text.encode()) for place, text in added]
    for place, text in encoded:
        lengths[place] = len(text)
    begins = offsets_of(lengths)
    data = np.empty(int(begins[-1]), np.uint8)
    breaks = np.flatnonzero((np.diff(places) != 1) | (np.diff(stays) != 1)) + 1
    bounds = [0, *breaks.tolist(), len(stays)] if len(stays) else [0]
    for first, end in pairwise(bounds):
        source = slice(int(offsets[stays[first]]), int(offsets[stays[end - 1] + 1]))
        begin = int(begins[places[first]])
        data[begin : begin + source.stop - source.start] = table.data[source]
    for place, text in encoded:
        begin = int(begins[place])
        data[begin : begin + len(text)] = np.frombuffer(text, np.uint8)
    return StringTable(data, begins)
