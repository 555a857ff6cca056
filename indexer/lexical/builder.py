"""The postings of a catalogue as they are computed and written."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING

import numpy as np

from indexer.lexical.weighting import inverse_document_frequency
from indexer.storage import StringTable, write_arrays

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.settings import LexicalSettings

_BLOCK_ROWS = 1 << 15  # rows that are turned into postings at a time


@dataclass(frozen=True, slots=True)
class FieldTerms:
    """What a field of one product can be found by.

    Attributes:
        terms: the analysed words; their number is the field's length.
        extra: other forms of them, which do not make the field longer.
        unproven: forms that count only if they are a term of some product.
    """

    terms: Sequence[str]
    extra: Sequence[str] = ()
    unproven: Sequence[str] = ()


_NO_TERMS = FieldTerms(())


class Bm25Builder:
    """Collects the terms of products in row order, then computes the postings."""

    def __init__(self, settings: LexicalSettings) -> None:
        self._settings = settings
        self._vocabulary = _Numbers()
        self._unproven = _Numbers()
        self._columns = {field: _Collected() for field in settings.weights}

    def add(self, fields: Mapping[str, FieldTerms]) -> None:
        """Add the next row.

        Args:
            fields: what each field has; an absent field is an empty one.
        """
        for name, column in self._columns.items():
            found = fields.get(name, _NO_TERMS)
            column.tokens.extend(self._vocabulary.of(found.terms))
            column.tokens.extend(self._vocabulary.of(found.extra))
            column.counts.append(len(found.terms) + len(found.extra))
            column.lengths.append(len(found.terms))
            column.guesses.extend(self._unproven.of(found.unproven))
            column.guess_counts.append(len(found.unproven))

    def write(self, path: Path) -> None:
        """Write the postings of all rows added so far.

        Rows are taken in blocks, so that beside the postings themselves only the work on one
        block needs memory.
        """
        vocabulary = sorted(self._vocabulary, key=str.encode)
        renumber = np.empty(len(vocabulary), np.int64)
        renumber[[self._vocabulary[term] for term in vocabulary]] = np.arange(len(vocabulary))
        proven = self._proven(renumber)
        fields = [
            field
            for name, weight in self._settings.weights.items()
            for field in self._columns[name].fields(renumber, proven, weight, self._settings.b)
        ]
        products = len(fields[0].norms)
        starts = range(0, products, _BLOCK_ROWS)
        counts = np.zeros(len(vocabulary), np.int64)
        for begin in starts:
            terms, _, _ = _block(fields, begin)
            counts += np.bincount(terms, minlength=len(vocabulary))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        rows = np.empty(offsets[-1], np.int32)
        impacts = np.empty(offsets[-1], np.float32)
        idf = inverse_document_frequency(counts, products, self._settings.idf)
        k1 = self._settings.k1
        free = offsets[:-1].copy()
        for begin in starts:
            terms, block_rows, frequencies = _block(fields, begin)
            here = np.bincount(terms, minlength=len(vocabulary))
            # Terms are ascending: a posting's place is its term's next free one plus its rank.
            rank = np.arange(len(terms)) - np.repeat(np.cumsum(here) - here, here)
            places = free[terms] + rank
            rows[places] = block_rows
            impacts[places] = idf[terms] * frequencies * (k1 + 1) / (frequencies + k1)
            free += here
        write_arrays(
            path,
            {
                **StringTable.of(vocabulary).arrays("terms"),
                "offsets": offsets,
                "rows": rows,
                "impacts": impacts,
                "maxima": _maxima(impacts, offsets),
                "products": np.array([products], np.int64),
            },
        )

    def _proven(self, renumber: NDArray[np.int64]) -> NDArray[np.int64]:
        """The term of each unproven form, int64 ``(forms,)``; -1 for those that are none."""
        known = (self._vocabulary.get(form) for form in self._unproven)
        return np.array([-1 if place is None else renumber[place] for place in known], np.int64)


class _Numbers(dict[str, int]):
    """Words numbered in the order in which they first came."""

    def of(self, words: Iterable[str]) -> Iterator[int]:
        return map(self.__getitem__, words)

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


@dataclass(frozen=True, slots=True)
class _Collected:
    """One field's tokens, row after row, and how many each row has."""

    tokens: array[int] = dataclass_field(default_factory=lambda: array("I"))
    counts: array[int] = dataclass_field(default_factory=lambda: array("I"))
    lengths: array[int] = dataclass_field(default_factory=lambda: array("I"))
    guesses: array[int] = dataclass_field(default_factory=lambda: array("I"))
    guess_counts: array[int] = dataclass_field(default_factory=lambda: array("I"))

    def fields(
        self,
        renumber: NDArray[np.int64],
        proven: NDArray[np.int64],
        weight: float,
        b: float,
    ) -> Iterator[_Field]:
        """This field, and its proven guesses as a field of the same lengths."""
        lengths = np.frombuffer(self.lengths, np.uint32).astype(np.int64)
        average = max(float(lengths.mean()) if len(lengths) else 0.0, 1e-12)
        # An empty field has nothing that its length could count for.
        norms = (weight / (1 - b + b * np.maximum(lengths, 1) / average)).astype(np.float64)
        counts = np.frombuffer(self.counts, np.uint32).astype(np.int64)
        terms = renumber[np.frombuffer(self.tokens, np.uint32)].astype(np.uint32)
        yield _Field(terms, np.concatenate(([0], np.cumsum(counts))), norms)
        if not len(self.guesses):
            return
        guess_counts = np.frombuffer(self.guess_counts, np.uint32).astype(np.int64)
        guessed = proven[np.frombuffer(self.guesses, np.uint32)]
        rows = np.repeat(np.arange(len(lengths)), guess_counts)[guessed >= 0]
        kept = np.bincount(rows, minlength=len(lengths))
        ends = np.concatenate(([0], np.cumsum(kept)))
        yield _Field(guessed[guessed >= 0].astype(np.uint32), ends, norms)


def _maxima(impacts: NDArray[np.float32], offsets: NDArray[np.int64]) -> NDArray[np.float32]:
    """The greatest impact of each term, float32 ``(terms,)``; every term has a posting."""
    if not len(impacts):
        return np.empty(0, np.float32)
    return np.maximum.reduceat(impacts, offsets[:-1])


@dataclass(frozen=True, slots=True)
class _Field:
    """The terms of one field of all products.

    Attributes:
        terms: uint32 ``(tokens,)``, the term of each token, row after row.
        ends: int64 ``(products + 1,)``, where each row begins and the last ends.
        norms: float64 ``(products,)``, what an occurrence in each row counts.
    """

    terms: NDArray[np.uint32]
    ends: NDArray[np.int64]
    norms: NDArray[np.float64]


def _block(
    fields: Sequence[_Field], begin: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Terms, rows and tf(t, d) of the postings of one block of rows, by term, then by row."""
    keys, counted = [], []
    for field in fields:
        end = min(begin + _BLOCK_ROWS, len(field.norms))
        lengths = np.diff(field.ends[begin : end + 1])
        rows = np.repeat(np.arange(end - begin, dtype=np.int64), lengths)
        terms = field.terms[field.ends[begin] : field.ends[end]].astype(np.int64)
        key, count = np.unique(terms * _BLOCK_ROWS + rows, return_counts=True)
        keys.append(key)
        counted.append(count * field.norms[begin + key % _BLOCK_ROWS])
    merged, place = np.unique(np.concatenate(keys), return_inverse=True)
    frequencies = np.bincount(place, np.concatenate(counted), len(merged)).astype(np.float64)
    terms, rows = np.divmod(merged, _BLOCK_ROWS)
    return terms, rows + begin, frequencies
