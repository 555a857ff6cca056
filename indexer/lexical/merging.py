"""Postings of a catalogue after a delta, made from those of the one before it.

What a product counts for a term depends on its own text and on the average lengths of the fields.
These stay those of the last full build, so that the postings of a product whose text stays are
taken over as they are; only its row number moves. In how many products a term occurs, and hence
its idf, is exact, and so is the match set. Scores differ from those of a full build by what the
averages have moved since: where they are up to r times as large or as small, a score is at most
r times as large or as small (and where they are the same, so are the bytes).

An unproven form counts once any product has it as a word. Its postings are kept for that moment in
a file of their own, as are those of proven forms, which may lose their proof again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.lexical.builder import NO_AVERAGE, Inverted, write_postings
from indexer.lexical.postings import Postings, Runs, unproven_file
from indexer.lexical.splicing import Column, Room, Sources, Written, splice
from indexer.lexical.vocabulary import select, union
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.lexical.builder import Bm25Builder
    from indexer.storage import StringTable


def merge_postings(
    base: Path,
    target: Path,
    moved: NDArray[np.int32],
    added: Bm25Builder,
    rows: NDArray[np.int32],
) -> None:
    """Write the postings of a catalogue that was changed.

    Args:
        base: the file of the catalogue before; what is unproven is read from beside it.
        target: the file to write; what is unproven goes beside it.
        moved: int32 ``(old products,)``, the new row of each old one, ascending; -1 where the
            product is gone or its text has changed.
        added: the terms of the products that are new or changed, collected with the settings of
            the catalogue before.
        rows: int32 ``(added products,)``, the new rows of those, ascending; together with
            those of `moved` all rows from 0.

    Raises:
        SnapshotCorruptError: a file of the catalogue before cannot be read.
    """
    file = read_arrays(base)
    averages = file.array("averages")
    # A field that no product had so far has no average to stay at.
    averages = np.where(averages > NO_AVERAGE, averages, added.averages())
    old = Inverted(Postings.read(file), Postings.read(read_arrays(unproven_file(base))))
    new = added.invert(averages, rows.astype(np.int64), everything=True)
    products = int(np.count_nonzero(moved >= 0)) + len(rows)
    merged = _merge(old, new, moved.astype(np.int64), products)
    write_postings(target, merged, added.settings, averages, products)


def _merge(old: Inverted, new: Inverted, moved: NDArray[np.int64], products: int) -> Inverted:
    parts = (old.postings, old.guesses, new.postings, new.guesses)
    terms, places = union([part.terms for part in parts])
    sources = Sources(
        places, moved, np.arange(products, dtype=np.int64), *(part.runs for part in parts)
    )
    rows = max(products, len(moved))
    room = Room(_column(rows), _column(rows), _column(rows), np.zeros(rows, np.bool_))
    sizes = [len(part.runs.rows) for part in parts]
    written = _written(len(terms), sum(sizes[:3]))  # an unproven form may have found its proof
    guesses = _written(len(terms), sizes[1] + sizes[3])
    absent = places < 0
    alone = np.stack((absent[1] & absent[2] & absent[3], absent[0] & absent[2] & absent[3]))
    splice(sources, alone, room, written, guesses)
    return Inverted(_cut(terms, written), _cut(terms, guesses))


def _column(products: int) -> Column:
    return Column(
        np.empty(products, np.int64), np.empty(products, np.uint16), np.zeros(products, np.bool_)
    )


def _written(terms: int, postings: int) -> Written:
    """Room for so many; what is never written to takes no memory."""
    runs = Runs(
        first=np.zeros(terms + 1, np.uint32),
        chunks=np.empty(postings, np.uint16),
        begins=np.zeros(postings + 1, np.uint32),
        rows=np.empty(postings, np.uint16),
        impacts=np.empty(postings, np.uint16),
        peaks=np.empty(terms, np.uint16),
    )
    return Written(runs, np.zeros(3, np.int64), np.zeros(terms, np.bool_))


def _cut(terms: StringTable, written: Written) -> Postings:
    """What was written, without the room that is left."""
    count, runs, postings = written.ends.tolist()
    whole = written.runs
    return Postings(
        select(terms, written.chosen),
        Runs(
            first=whole.first[: count + 1],
            chunks=whole.chunks[:runs],
            begins=whole.begins[: runs + 1],
            rows=whole.rows[:postings],
            impacts=whole.impacts[:postings],
            peaks=whole.peaks[:count],
        ),
    )
