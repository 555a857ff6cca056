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

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.builder import NO_AVERAGE, Inverted, write_postings
from indexer.lexical.postings import (
    CHUNK_BITS,
    CHUNK_ROWS,
    Postings,
    Runs,
    signed,
    unproven_file,
)
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


class _Sources(NamedTuple):
    """Where the postings of the merged vocabulary come from.

    Attributes:
        places: int64 ``(4, terms)``, the number of each term in the old postings, the old
            unproven, the new postings and the new unproven ones; -1 where it has none.
        old: int64 ``(old products,)``, the new row of each; -1 for none.
        new: int64 ``(products,)``, every row as it is.
        postings: of the catalogue before.
        guesses: those of them, and of terms that are not in them, that rest on unproven forms.
        added: of the products that are new or changed, whether proven or not.
        added_guesses: those of them that rest on unproven forms.
    """

    places: NDArray[np.int64]
    old: NDArray[np.int64]
    new: NDArray[np.int64]
    postings: Runs
    guesses: Runs
    added: Runs
    added_guesses: Runs


class _Column(NamedTuple):
    """The postings of one term, ascending by row; room for all rows.

    Attributes:
        rows: int64.
        impacts: uint16.
        guessed: bool, whether they rest on an unproven form alone.
    """

    rows: NDArray[np.int64]
    impacts: NDArray[np.uint16]
    guessed: NDArray[np.bool_]


class _Room(NamedTuple):
    """Room for the postings of one term: the old ones, the new ones, and both.

    Attributes:
        old: of products that remain.
        new: of products that are new or changed.
        both: of all.
        marks: bool ``(rows,)``, all unset between terms.
    """

    old: _Column
    new: _Column
    both: _Column
    marks: NDArray[np.bool_]


class _Written(NamedTuple):
    """Postings written term by term; the arrays have room for more.

    Attributes:
        runs: of the terms that were written.
        ends: int64 ``(3,)``: how many terms, runs and postings there are so far.
        chosen: bool ``(terms,)``, which terms of the merged vocabulary were written.
    """

    runs: Runs
    ends: NDArray[np.int64]
    chosen: NDArray[np.bool_]


def _merge(old: Inverted, new: Inverted, moved: NDArray[np.int64], products: int) -> Inverted:
    parts = (old.postings, old.guesses, new.postings, new.guesses)
    terms, places = union([part.terms for part in parts])
    sources = _Sources(
        places, moved, np.arange(products, dtype=np.int64), *(part.runs for part in parts)
    )
    rows = max(products, len(moved))
    room = _Room(_column(rows), _column(rows), _column(rows), np.zeros(rows, np.bool_))
    sizes = [len(part.runs.rows) for part in parts]
    written = _written(len(terms), sum(sizes[:3]))  # an unproven form may have found its proof
    guesses = _written(len(terms), sizes[1] + sizes[3])
    absent = places < 0
    alone = np.stack((absent[1] & absent[2] & absent[3], absent[0] & absent[2] & absent[3]))
    _write(sources, alone, room, written, guesses)
    return Inverted(_cut(terms, written), _cut(terms, guesses))


def _column(products: int) -> _Column:
    return _Column(
        np.empty(products, np.int64), np.empty(products, np.uint16), np.zeros(products, np.bool_)
    )


def _written(terms: int, postings: int) -> _Written:
    """Room for so many; what is never written to takes no memory."""
    runs = Runs(
        first=np.zeros(terms + 1, np.uint32),
        chunks=np.empty(postings, np.uint16),
        begins=np.zeros(postings + 1, np.uint32),
        rows=np.empty(postings, np.uint16),
        impacts=np.empty(postings, np.uint16),
        peaks=np.empty(terms, np.uint16),
    )
    return _Written(runs, np.zeros(3, np.int64), np.zeros(terms, np.bool_))


def _cut(terms: StringTable, written: _Written) -> Postings:
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


@compiled
def _read(
    runs: Runs, term: int, new_rows: NDArray[np.int64], marks: NDArray[np.bool_], column: _Column
) -> int:
    """Read the postings of a term whose products remain, those of marked rows as guesses."""
    rows, impacts, guessed = column.rows, column.impacts, column.guessed
    run_rows, run_impacts = runs.rows, runs.impacts
    count = 0
    for run in range(signed(runs.first[term]), signed(runs.first[term + 1])):
        base = signed(runs.chunks[run]) << CHUNK_BITS
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            before = base + signed(run_rows[place])
            row = new_rows[before]
            rows[count] = row
            impacts[count] = run_impacts[place]
            guessed[count] = marks[before]
            count += row >= 0
    return count


@compiled
def _mark(runs: Runs, term: int, value: bool, marks: NDArray[np.bool_]) -> None:  # noqa: FBT001 - compiled functions know no keywords
    """Set the marks of the rows that have a term."""
    for run in range(signed(runs.first[term]), signed(runs.first[term + 1])):
        base = signed(runs.chunks[run]) << CHUNK_BITS
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            marks[base + signed(runs.rows[place])] = value


@compiled
def _read_all(
    runs: Runs,
    guesses: Runs,
    places: NDArray[np.int64],
    new_rows: NDArray[np.int64],
    marks: NDArray[np.bool_],
    column: _Column,
) -> int:
    """Read the postings of a term from those of all terms, or where it has none the guesses."""
    term, guess = places
    if guess >= 0:
        _mark(guesses, guess, True, marks)  # noqa: FBT003 - see there
    count = 0
    if term >= 0:
        count = _read(runs, term, new_rows, marks, column)
    elif guess >= 0:
        count = _read(guesses, guess, new_rows, marks, column)
    if guess >= 0:
        _mark(guesses, guess, False, marks)  # noqa: FBT003 - see there
    return count


@compiled
def _combine(old: _Column, olds: int, new: _Column, news: int, both: _Column) -> None:
    """Put the first so many postings of two columns into one."""
    first, second = 0, 0
    for place in range(olds + news):
        if second == news or (first < olds and old.rows[first] < new.rows[second]):
            both.rows[place] = old.rows[first]
            both.impacts[place] = old.impacts[first]
            both.guessed[place] = old.guessed[first]
            first += 1
        else:
            both.rows[place] = new.rows[second]
            both.impacts[place] = new.impacts[second]
            both.guessed[place] = new.guessed[second]
            second += 1


@compiled
def _emit(column: _Column, count: int, written: _Written, guesses_only: bool) -> None:  # noqa: FBT001 - compiled functions know no keywords
    """Write the next term: the first `count` postings of a column, or the guesses of them."""
    runs = written.runs
    rows, impacts, guessed = column.rows, column.impacts, column.guessed
    new_rows, new_impacts = runs.rows, runs.impacts
    term, run, end = written.ends
    last, peak = -1, np.uint16(0)
    for place in range(count):
        if guesses_only and not guessed[place]:
            continue
        chunk = rows[place] >> CHUNK_BITS
        if chunk != last:
            runs.chunks[run] = chunk
            runs.begins[run] = end
            run += 1
            last = chunk
        new_rows[end] = rows[place] & (CHUNK_ROWS - 1)
        new_impacts[end] = impacts[place]
        peak = max(peak, impacts[place])
        end += 1
    runs.begins[run] = end
    runs.peaks[term] = peak
    runs.first[term + 1] = run
    written.ends[0] = term + 1
    written.ends[1] = run
    written.ends[2] = end


@compiled
def _take_over(
    runs: Runs,
    places: NDArray[np.int64],
    alone: NDArray[np.bool_],
    new_rows: NDArray[np.int64],
    written: _Written,
    term: int,
) -> int:
    """Write the terms from `term` on that are in these old postings alone.

    They are nearly all there are, and mostly of one product: a call for each would cost more than
    all their postings.

    Args:
        runs: of the catalogue before.
        places: int64 ``(terms,)``, the number of each term in them.
        alone: bool ``(terms,)``, which terms are in no others.
        new_rows: int64 ``(old products,)``; -1 for none.
        written: gets them.
        term: the first.

    Returns:
        The first term that is not one of them.
    """
    first, chunks, begins = runs.first, runs.chunks, runs.begins
    rows, impacts = runs.rows, runs.impacts
    target, chosen = written.runs, written.chosen
    target_chunks, target_begins = target.chunks, target.begins
    target_rows, target_impacts = target.rows, target.impacts
    count, run, end = written.ends
    while term < len(alone) and alone[term]:
        place = places[term]
        start, last, peak = end, -1, np.uint16(0)
        for old_run in range(signed(first[place]), signed(first[place + 1])):
            base = signed(chunks[old_run]) << CHUNK_BITS
            for posting in range(signed(begins[old_run]), signed(begins[old_run + 1])):
                row = new_rows[base + signed(rows[posting])]
                if row < 0:
                    continue
                chunk = row >> CHUNK_BITS
                if chunk != last:
                    target_chunks[run] = chunk
                    target_begins[run] = end
                    run += 1
                    last = chunk
                target_rows[end] = row & (CHUNK_ROWS - 1)
                target_impacts[end] = impacts[posting]
                peak = max(peak, impacts[posting])
                end += 1
        if end > start:
            chosen[term] = True
            target.peaks[count] = peak
            count += 1
            target.first[count] = run
        term += 1
    target_begins[run] = end
    written.ends[:] = np.array([count, run, end])
    return term


@compiled
def _write(
    sources: _Sources, alone: NDArray[np.bool_], room: _Room, written: _Written, guesses: _Written
) -> None:
    """Write the postings of all proven terms, and those that rest on unproven forms.

    Args:
        sources: of the postings.
        alone: bool ``(2, terms)``, which terms are in the old postings alone, and which in the old
            unproven ones alone.
        room: for one term.
        written: gets the postings of proven terms.
        guesses: gets those that rest on unproven forms.
    """
    old, new = sources.postings, sources.added
    term = 0
    while term < alone.shape[1]:
        if alone[0, term]:
            term = _take_over(old, sources.places[0], alone[0], sources.old, written, term)
            continue
        if alone[1, term]:
            term = _take_over(
                sources.guesses, sources.places[1], alone[1], sources.old, guesses, term
            )
            continue
        places = sources.places[:, term]
        count = _read_all(old, sources.guesses, places[:2], sources.old, room.marks, room.old)
        news = _read_all(new, sources.added_guesses, places[2:], sources.new, room.marks, room.new)
        column = room.old
        if news:
            _combine(room.old, count, room.new, news, room.both)
            column = room.both
        count += news
        guessed = signed(column.guessed[:count].sum())
        if count > guessed:
            _emit(column, count, written, False)  # noqa: FBT003 - see there
            written.chosen[term] = True
        if guessed:
            _emit(column, count, guesses, True)  # noqa: FBT003 - see there
            guesses.chosen[term] = True
        term += 1
