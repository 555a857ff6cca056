"""The postings of a catalogue as they are computed and written."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.lexical.inverting import Sink, Stream, Tally, invert, tally
from indexer.lexical.postings import STEPS, Postings, unproven_file
from indexer.lexical.weighting import common_idf
from indexer.storage import StringTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.settings import LexicalSettings

NO_AVERAGE = 1e-12
"""The mean length of a field that no product has."""


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
        self._words = _Numbers()
        self._tokens, self._guesses = array("I"), array("I")
        self._counts, self._guess_counts = array("I"), array("I")
        self._lengths = array("I")

    @property
    def settings(self) -> LexicalSettings:
        """What shapes the postings."""
        return self._settings

    def add(self, fields: Mapping[str, FieldTerms]) -> None:
        """Add the next row.

        Args:
            fields: what each field has; an absent field is an empty one.
        """
        for name in self._settings.weights:
            found = fields.get(name, _NO_TERMS)
            self._tokens.extend(self._words.of(found.terms))
            self._tokens.extend(self._words.of(found.extra))
            self._counts.append(len(found.terms) + len(found.extra))
            self._lengths.append(len(found.terms))
            self._guesses.extend(self._words.of(found.unproven))
            self._guess_counts.append(len(found.unproven))

    def write(self, path: Path) -> None:
        """Write the postings of all rows added so far, and beside them what is unproven.

        Takes two passes over the tokens, whatever their number, and no memory but the postings'.
        """
        averages = self.averages()
        products = len(self._lengths) // len(self._settings.weights)
        inverted = self.invert(averages, np.arange(products, dtype=np.int64), everything=False)
        write_postings(path, inverted, self._settings, averages, products)

    def averages(self) -> NDArray[np.float64]:
        """The mean length of each field, float64 ``(fields,)``."""
        lengths = self._table(self._lengths)
        means = lengths.mean(axis=0) if len(lengths) else np.zeros(lengths.shape[1])
        return np.maximum(means, NO_AVERAGE)

    def invert(
        self, averages: NDArray[np.float64], numbers: NDArray[np.int64], *, everything: bool
    ) -> Inverted:
        """The postings of all rows added so far.

        Args:
            averages: float64 ``(fields,)``, the mean lengths that rows are compared with.
            numbers: int64 ``(rows,)``, the row numbers, ascending.
            everything: whether forms that no row proves get postings as well.
        """
        words = list(self._words)
        order = np.array(sorted(range(len(words)), key=words.__getitem__), np.int64)
        rank = np.empty(len(words), np.uint32)
        rank[order] = np.arange(len(words), dtype=np.uint32)
        stream = Stream(
            rank[_flat(self._tokens)],
            self._table(self._counts),
            rank[_flat(self._guesses)],
            self._table(self._guess_counts),
            self._norms(averages),
            numbers,
        )
        counted = tally(stream, len(words))
        has_postings = counted.postings > (-1 if everything else counted.guessed)
        chosen = np.stack((has_postings, counted.guessed > 0))
        places = np.where(chosen, np.cumsum(chosen, axis=1) - 1, -1)
        sink, guess_sink = _sinks(counted, chosen)
        invert(stream, places, self._settings.k1, sink, guess_sink)
        terms, guesses = (
            StringTable.of(words[word] for word in order[which].tolist()) for which in chosen
        )
        return Inverted(Postings(terms, sink.runs), Postings(guesses, guess_sink.runs))

    def _norms(self, averages: NDArray[np.float64]) -> NDArray[np.float64]:
        """What an occurrence in each field counts, float64 ``(rows, fields)``."""
        # An empty field has nothing that its length could count for.
        lengths = np.maximum(self._table(self._lengths), 1)
        b = self._settings.b
        weights = np.array(list(self._settings.weights.values()), np.float64)
        return np.ascontiguousarray(weights / (1 - b + b * lengths / averages))

    def _table(self, numbers: array[int]) -> NDArray[np.uint32]:
        return _flat(numbers).reshape(-1, len(self._settings.weights))


@dataclass(frozen=True, slots=True)
class Inverted:
    """Postings, and those of them that rest on unproven forms alone.

    Attributes:
        postings: of all terms.
        guesses: of the terms that some row has as an unproven form only; their impacts are what
            they are, or would be if the term were proven.
    """

    postings: Postings
    guesses: Postings


def write_postings(
    path: Path,
    inverted: Inverted,
    settings: LexicalSettings,
    averages: NDArray[np.float64],
    products: int,
) -> None:
    """Write the file that answers queries to `path`, and the unproven forms beside it."""
    common = common_idf(inverted.postings.counts(), products, settings.idf)
    inverted.postings.write(
        path,
        {
            "products": np.array([products], np.int64),
            "unit": np.array([(settings.k1 + 1) / STEPS], np.float64),
            "common_idf": np.array([common], np.float64),
            "averages": averages,
        },
    )
    inverted.guesses.write(unproven_file(path), {})


def _sinks(counted: Tally, chosen: NDArray[np.bool_]) -> tuple[Sink, Sink]:
    """Room for the chosen terms' postings, and for those that rest on unproven forms."""
    terms, guesses = chosen
    return (
        Sink.of(counted.postings[terms], counted.runs[terms]),
        Sink.of(counted.guessed[guesses], counted.guessed_runs[guesses]),
    )


def _flat(numbers: array[int]) -> NDArray[np.uint32]:
    return np.frombuffer(numbers, np.uint32) if numbers else np.empty(0, np.uint32)


class _Numbers(dict[str, int]):
    """Words numbered in the order in which they first came."""

    def of(self, words: Iterable[str]) -> Iterator[int]:
        return map(self.__getitem__, words)

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number
