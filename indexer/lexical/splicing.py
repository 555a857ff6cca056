"""Spliced postings: for each term those of products that remain and of products that came."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS, Runs, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Sources(NamedTuple):
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


class Column(NamedTuple):
    """The postings of one term, ascending by row; room for all rows.

    Attributes:
        rows: int64.
        impacts: uint16.
        guessed: bool, whether they rest on an unproven form alone.
    """

    rows: NDArray[np.int64]
    impacts: NDArray[np.uint16]
    guessed: NDArray[np.bool_]


class Room(NamedTuple):
    """Room for the postings of one term: the old ones, the new ones, and both.

    Attributes:
        old: of products that remain.
        new: of products that are new or changed.
        both: of all.
        marks: bool ``(rows,)``, all unset between terms.
    """

    old: Column
    new: Column
    both: Column
    marks: NDArray[np.bool_]


class Written(NamedTuple):
    """Postings written term by term; the arrays have room for more.

    Attributes:
        runs: of the terms that were written.
        ends: int64 ``(3,)``: how many terms, runs and postings there are so far.
        chosen: bool ``(terms,)``, which terms of the merged vocabulary were written.
    """

    runs: Runs
    ends: NDArray[np.int64]
    chosen: NDArray[np.bool_]


@compiled
def _read(
    runs: Runs, term: int, new_rows: NDArray[np.int64], marks: NDArray[np.bool_], column: Column
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
    column: Column,
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
def _combine(old: Column, olds: int, new: Column, news: int, both: Column) -> None:
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
def _emit(column: Column, count: int, written: Written, guesses_only: bool) -> None:  # noqa: FBT001 - compiled functions know no keywords
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
    written: Written,
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
def splice(
    sources: Sources, alone: NDArray[np.bool_], room: Room, written: Written, guesses: Written
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
