"""Inverted token streams: from the terms of each row to the rows of each term."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.postings import CHUNK_BITS, CHUNK_ROWS, STEPS, Runs, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Stream(NamedTuple):
    """The terms of some rows, one row after the other, field by field.

    Attributes:
        tokens: uint32, the number of each term.
        counts: uint32 ``(rows, fields)``, how many tokens each field has.
        guesses: uint32, the numbers of the unproven forms.
        guess_counts: uint32 ``(rows, fields)``, how many of those each field has.
        norms: float64 ``(rows, fields)``, what an occurrence counts.
        numbers: int64 ``(rows,)``, the row numbers in the catalogue, ascending.
    """

    tokens: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    guesses: NDArray[np.uint32]
    guess_counts: NDArray[np.uint32]
    norms: NDArray[np.float64]
    numbers: NDArray[np.int64]


class Tally(NamedTuple):
    """How many postings and runs each term gets, int64 ``(terms,)`` each.

    Attributes:
        postings: rows that have the term.
        runs: chunks with such rows.
        guessed: rows that have it as an unproven form only.
        guessed_runs: chunks with such rows.
    """

    postings: NDArray[np.int64]
    runs: NDArray[np.int64]
    guessed: NDArray[np.int64]
    guessed_runs: NDArray[np.int64]


class Sink(NamedTuple):
    """Postings that are being written, term by term or row by row.

    Attributes:
        runs: the arrays, all of their final size.
        free: int64 ``(terms,)``, where the next posting of each term goes.
        next_run: int64 ``(terms,)``, where its next run goes.
        last: int64 ``(terms,)``, the chunk of its last run; -1 before the first.
    """

    runs: Runs
    free: NDArray[np.int64]
    next_run: NDArray[np.int64]
    last: NDArray[np.int64]

    @classmethod
    def of(cls, postings: NDArray[np.int64], runs: NDArray[np.int64]) -> Sink:
        """One for terms with so many postings and runs, int64 ``(terms,)`` each."""
        ends, run_ends = np.cumsum(postings), np.cumsum(runs)
        size = int(ends[-1]) if len(ends) else 0
        number = int(run_ends[-1]) if len(ends) else 0
        begins = np.empty(number + 1, np.uint32)
        begins[-1] = size
        return cls(
            Runs(
                first=np.concatenate(([0], run_ends)).astype(np.uint32),
                chunks=np.empty(number, np.uint16),
                begins=begins,
                rows=np.empty(size, np.uint16),
                impacts=np.empty(size, np.uint16),
                peaks=np.zeros(len(postings), np.uint16),
            ),
            ends - postings,
            run_ends - runs,
            np.full(len(postings), -1, np.int64),
        )


@compiled
def append(sink: Sink, term: int, row: int, impact: int) -> None:
    """Write the next posting of a term; its rows come in ascending order."""
    chunk, place = row >> CHUNK_BITS, sink.free[term]
    runs = sink.runs
    if sink.last[term] != chunk:
        run = sink.next_run[term]
        runs.chunks[run] = chunk
        runs.begins[run] = place
        sink.next_run[term] = run + 1
        sink.last[term] = chunk
    runs.rows[place] = row & (CHUNK_ROWS - 1)
    runs.impacts[place] = impact
    runs.peaks[term] = max(runs.peaks[term], np.uint16(impact))
    sink.free[term] = place + 1


@compiled
def tally(stream: Stream, terms: int) -> Tally:
    """Count what `invert` will write for each of the `terms`."""
    postings, runs = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    guessed, guessed_runs = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
    last_row, last_guess = np.full(terms, -1, np.int64), np.full(terms, -1, np.int64)
    token, guess = 0, 0
    for place in range(len(stream.numbers)):
        row = stream.numbers[place]
        chunk = row >> CHUNK_BITS
        for _ in range(signed(stream.counts[place].sum())):
            term = stream.tokens[token]
            token += 1
            if last_row[term] != row:
                postings[term] += 1
                runs[term] += last_row[term] < 0 or last_row[term] >> CHUNK_BITS != chunk
                last_row[term] = row
        for _ in range(signed(stream.guess_counts[place].sum())):
            term = stream.guesses[guess]
            guess += 1
            if last_row[term] != row:
                postings[term] += 1
                runs[term] += last_row[term] < 0 or last_row[term] >> CHUNK_BITS != chunk
                last_row[term] = row
                guessed[term] += 1
                guessed_runs[term] += (
                    last_guess[term] < 0 or last_guess[term] >> CHUNK_BITS != chunk
                )
                last_guess[term] = row
    return Tally(postings, runs, guessed, guessed_runs)


@compiled
def _collect(
    numbers: NDArray[np.uint32],
    norm: float,
    slots: NDArray[np.int64],
    terms: NDArray[np.int64],
    frequencies: NDArray[np.float64],
    count: int,
) -> int:
    """Add the tokens of a field to the `count` terms of a row; gives the new number of those."""
    for place in range(len(numbers)):
        term = signed(numbers[place])
        slot = slots[term]
        if slot < 0:
            slot = slots[term] = count
            terms[slot] = term
            frequencies[slot] = 0.0
            count += 1
        frequencies[slot] += norm
    return count


@compiled
def invert(
    stream: Stream, places: NDArray[np.int64], k1: float, sink: Sink, guess_sink: Sink
) -> None:
    """Write the postings of all rows.

    Args:
        stream: the rows.
        places: int64 ``(2, terms)``, the number of each term in the sink of all postings, and in
            that of the postings which rest on unproven forms alone; -1 where it has none.
        k1: see `LexicalSettings`.
        sink: for the postings.
        guess_sink: for those that rest on unproven forms alone.
    """
    longest = 1
    for place in range(len(stream.numbers)):
        tokens = stream.counts[place].sum() + stream.guess_counts[place].sum()
        longest = max(longest, signed(tokens))
    slots = np.full(places.shape[1], -1, np.int64)
    terms, frequencies = np.empty(longest, np.int64), np.empty(longest, np.float64)
    token, guess = 0, 0
    for place in range(len(stream.numbers)):
        count = 0
        for field in range(stream.counts.shape[1]):
            end = token + signed(stream.counts[place, field])
            norm = stream.norms[place, field]
            count = _collect(stream.tokens[token:end], norm, slots, terms, frequencies, count)
            token = end
        proven = count
        for field in range(stream.counts.shape[1]):
            end = guess + signed(stream.guess_counts[place, field])
            norm = stream.norms[place, field]
            count = _collect(stream.guesses[guess:end], norm, slots, terms, frequencies, count)
            guess = end
        for slot in range(count):
            term, frequency = terms[slot], frequencies[slot]
            slots[term] = -1
            impact = max(1, int(STEPS * frequency / (frequency + k1) + 0.5))
            if places[0, term] >= 0:
                append(sink, places[0, term], stream.numbers[place], impact)
            if slot >= proven:
                append(guess_sink, places[1, term], stream.numbers[place], impact)
