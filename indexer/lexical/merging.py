"""Postings of a catalogue after a delta, made from those of the one before it.

What a product counts for a term depends on its own text and on the average lengths of the fields.
These stay those of the last full build, so that the postings of a product whose text stays are
taken over as they are; only its row number moves. In how many products a term occurs, and hence
its idf, is exact. Scores therefore differ from those of a full build by what the averages moved:
with averages that differ by a share of e, tf by no more than e, and an impact by less than that.

An unproven form counts once any product has it as a word. Its postings are kept for that moment in
a file of their own, as are those of proven forms, which may lose their proof again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.builder import Inverted, write_postings
from indexer.lexical.inverting import Sink, Tally, append
from indexer.lexical.postings import CHUNK_BITS, Postings, Runs, signed, unproven_file
from indexer.lexical.vocabulary import select, union
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.lexical.builder import Bm25Builder


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


class _Columns(NamedTuple):
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


def _merge(old: Inverted, new: Inverted, moved: NDArray[np.int64], products: int) -> Inverted:
    parts = (old.postings, old.guesses, new.postings, new.guesses)
    terms, places = union([part.terms for part in parts])
    sources = _Sources(
        places, moved, np.arange(products, dtype=np.int64), *(part.runs for part in parts)
    )
    room = max(products, len(moved))
    columns = _Columns(_column(room), _column(room), _column(room), np.zeros(room, np.bool_))
    counted = _tally(sources, columns)
    proven, guessed = counted.postings > counted.guessed, counted.guessed > 0
    sink = Sink.of(counted.postings[proven], counted.runs[proven])
    guess_sink = Sink.of(counted.guessed[guessed], counted.guessed_runs[guessed])
    _write(sources, columns, proven, sink, guess_sink)
    return Inverted(
        Postings(select(terms, proven), sink.runs),
        Postings(select(terms, guessed), guess_sink.runs),
    )


def _column(products: int) -> _Column:
    return _Column(
        np.empty(products, np.int64), np.empty(products, np.uint16), np.zeros(products, np.bool_)
    )


@compiled
def _read(
    runs: Runs, term: int, new_rows: NDArray[np.int64], marks: NDArray[np.bool_], column: _Column
) -> int:
    """Read the postings of a term whose products remain, those of marked rows as guesses."""
    count = 0
    for run in range(signed(runs.first[term]), signed(runs.first[term + 1])):
        base = signed(runs.chunks[run]) << CHUNK_BITS
        for place in range(signed(runs.begins[run]), signed(runs.begins[run + 1])):
            before = base + signed(runs.rows[place])
            row = new_rows[before]
            if row >= 0:
                column.rows[count] = row
                column.impacts[count] = runs.impacts[place]
                column.guessed[count] = marks[before]
                count += 1
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
def _gather(sources: _Sources, term: int, columns: _Columns) -> int:
    """Read the postings of a term from everywhere into the column of both; counts them."""
    places = sources.places[:, term]
    old, new, both = columns.old, columns.new, columns.both
    olds = _read_all(
        sources.postings, sources.guesses, places[:2], sources.old, columns.marks, old
    )
    news = _read_all(
        sources.added, sources.added_guesses, places[2:], sources.new, columns.marks, new
    )
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
    return olds + news


@compiled
def _tally(sources: _Sources, columns: _Columns) -> Tally:
    """Count the postings and runs of each term after the merge."""
    terms = sources.places.shape[1]
    postings, runs = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    guessed, guessed_runs = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    for term in range(terms):
        count = _gather(sources, term, columns)
        postings[term] = count
        last, last_guess = -1, -1
        for place in range(count):
            chunk = columns.both.rows[place] >> CHUNK_BITS
            runs[term] += chunk != last
            last = chunk
            if columns.both.guessed[place]:
                guessed[term] += 1
                guessed_runs[term] += chunk != last_guess
                last_guess = chunk
    return Tally(postings, runs, guessed, guessed_runs)


@compiled
def _write(
    sources: _Sources,
    columns: _Columns,
    proven: NDArray[np.bool_],
    sink: Sink,
    guess_sink: Sink,
) -> None:
    """Write the proven terms' postings to one sink, those that rest on guesses to the other."""
    target, guess_target = 0, 0
    for term in range(sources.places.shape[1]):
        count = _gather(sources, term, columns)
        guessed = False
        for place in range(count):
            row, impact = columns.both.rows[place], columns.both.impacts[place]
            if proven[term]:
                append(sink, target, row, impact)
            if columns.both.guessed[place]:
                append(guess_sink, guess_target, row, impact)
                guessed = True
        target += proven[term]
        guess_target += guessed
