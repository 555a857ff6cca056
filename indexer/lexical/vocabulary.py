"""Vocabularies: sorted texts as bytes, united and selected from without making strings of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.storage import StringTable, offsets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def union(tables: Sequence[StringTable]) -> tuple[StringTable, NDArray[np.int64]]:
    """All texts of some tables, each once.

    Args:
        tables: at least one; each sorted by UTF-8 bytes, without repetitions.

    Returns:
        The table of them, sorted as well, and int64 ``(tables, texts)``: the position of each
        text in each table, -1 where it has none.
    """
    data, offsets = _arrays(tables[0])
    placed = [np.arange(len(tables[0]))]
    for table in tables[1:]:
        data, offsets, before, added = _united(data, offsets, *_arrays(table))
        placed = [*(before[places] for places in placed), added]
    positions = np.full((len(tables), len(offsets) - 1), -1, np.int64)
    for row, places in zip(positions, placed, strict=True):
        row[places] = np.arange(len(places))
    return StringTable(data, offsets_of(np.diff(offsets))), positions


def select(table: StringTable, chosen: NDArray[np.bool_]) -> StringTable:
    """The texts of `table` that are `chosen`, bool ``(texts,)``, in their order."""
    data, offsets = _selected(*_arrays(table), np.flatnonzero(chosen))
    return StringTable(data, offsets_of(np.diff(offsets)))


def _arrays(table: StringTable) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Of one kind each, mapped or not, so that what takes them is compiled once."""
    return np.array(table.data), table.offsets.astype(np.int64)


@compiled
def _selected(
    data: NDArray[np.uint8], offsets: NDArray[np.int64], places: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    ends = np.zeros(len(places) + 1, np.int64)
    for text in range(len(places)):
        ends[text + 1] = ends[text] + offsets[places[text] + 1] - offsets[places[text]]
    chosen = np.empty(ends[-1], np.uint8)
    for text in range(len(places)):
        _copy(data, offsets, places[text], chosen, ends[text])
    return chosen, ends


@compiled
def _united(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    other_data: NDArray[np.uint8],
    other_offsets: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The texts of two tables, and the new position of each text of the one and of the other."""
    texts, others = len(offsets) - 1, len(other_offsets) - 1
    united = np.empty(len(data) + len(other_data), np.uint8)
    ends = np.zeros(texts + others + 1, np.int64)
    places, other_places = np.empty(texts, np.int64), np.empty(others, np.int64)
    text, other, count = 0, 0, 0
    while text < texts or other < others:
        order = 1 if text == texts else -1
        if text < texts and other < others:
            order = _compare(data, offsets, text, other_data, other_offsets, other)
        if order <= 0:
            ends[count + 1] = _copy(data, offsets, text, united, ends[count])
            places[text] = count
            text += 1
        if order >= 0:
            ends[count + 1] = _copy(other_data, other_offsets, other, united, ends[count])
            other_places[other] = count
            other += 1
        count += 1
    return united[: ends[count]].copy(), ends[: count + 1].copy(), places, other_places


@compiled
def _copy(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    text: int,
    target: NDArray[np.uint8],
    begin: int,
) -> int:
    """Write a text to `target` from `begin`; gives where it ends."""
    length = offsets[text + 1] - offsets[text]
    target[begin : begin + length] = data[offsets[text] : offsets[text + 1]]
    return begin + length  # type: ignore[no-any-return] # machine code knows but one kind


@compiled
def _compare(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    text: int,
    other_data: NDArray[np.uint8],
    other_offsets: NDArray[np.int64],
    other: int,
) -> int:
    """Negative where the first of two texts comes first, 0 where they are equal."""
    place, other_place = offsets[text], other_offsets[other]
    end, other_end = offsets[text + 1], other_offsets[other + 1]
    while place < end and other_place < other_end:
        if data[place] != other_data[other_place]:
            return -1 if data[place] < other_data[other_place] else 1
        place += 1
        other_place += 1
    return int(place < end) - int(other_place < other_end)
