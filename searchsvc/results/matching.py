"""Matching: which places of a text have what a query's clauses ask for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, chain, count
from operator import add, itemgetter
from typing import TYPE_CHECKING, NamedTuple

from indexer.analysis.analyzer import LONGEST_JOINED
from indexer.analysis.function_words import is_function_word
from indexer.analysis.quantities import find_quantities
from indexer.analysis.text import caseless, fold
from indexer.analysis.words import JOINERS, Gap, Words, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from indexer.analysis.analyzer import Analyzer
    from searchsvc.query.understanding import Understanding


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A span of a text that matches.

    Attributes:
        begin: where it begins in the caseless text.
        end: where it ends.
        clauses: a bit for each clause of the query, set for those that it matches.
    """

    begin: int
    end: int
    clauses: int


@dataclass(frozen=True, slots=True)
class Matched:
    """A text with what matches in it.

    Attributes:
        words: of the caseless text.
        occurrences: by where they begin; they may overlap.
    """

    words: Words
    occurrences: Sequence[Occurrence]


@dataclass(frozen=True, slots=True)
class _Several:
    """An alternative of more than one term, and which of them are worth marking."""

    terms: tuple[str, ...]
    telling: tuple[str, ...]
    clauses: int


_Place = tuple[str, int, int, int]
"""A term, its first and last word, and how much of a word's beginning it is; 0 for all of it."""


_Run = tuple[int, int, str]
"""The first and last of some words, and what they are if they are written as one."""

_SHORT = 64  # characters: names, brands, categories, attributes
_MOST_REMEMBERED = 1 << 14  # in about 12 MB, at most 40


class _Read(NamedTuple):
    """What can be said of a text without the query.

    Attributes:
        text: caseless.
        unmatched: the words of the text.
        runs: of them.
        terms: of each word, and then of each run.
    """

    text: str
    unmatched: Matched
    runs: list[_Run]
    terms: list[str]


class Matching:
    """Finds in texts what the lexical leg finds in products.

    Terms are compared, so that whatever makes two words one term (stems, accents, units, joined
    forms) is the index's business. An alternative of several terms matches where a text has all
    of them.

    Attributes:
        every: a bit for each clause.
        asked: a bit for each clause that a text must match to match the whole query.
    """

    def __init__(self, understood: Understanding, analyzer: Analyzer) -> None:
        clauses = understood.clauses
        self.every = (1 << len(clauses)) - 1
        self.asked = sum(1 << n for n, clause in enumerate(clauses) if not clause.optional)
        self.asked = self.asked or self.every
        alternatives = _alternatives(understood, self.asked)
        self._single = {terms[0]: bits for terms, bits in alternatives.items() if len(terms) == 1}
        self._several = [
            _Several(terms, _telling(terms, analyzer), bits)
            for terms, bits in alternatives.items()
            if len(terms) > 1
        ]
        self._analyzer = analyzer
        self._wanted = {term for terms in alternatives for term in terms}
        self._has_quantity = any(term.startswith("#") for term in self._wanted)
        self._prefix = fold(understood.prefix)
        self._completions = self._only_completions(understood)

    def read(self, text: str, *, is_name: bool) -> Matched:
        """`text`, as it is written, with what matches in it.

        Args:
            text: of a product.
            is_name: whether the index joins words of the field, as it does in names of products.
        """
        analyse = _remember if len(text) <= _SHORT else _analyse
        read = analyse(text, self._analyzer, is_name)
        spans: list[tuple[str, int, int]] = []
        # Most texts have nothing that is wanted, which one look at all of a text tells.
        if not self._wanted.isdisjoint(read.terms) or not text.isascii():
            begins, ends = word_borders(read.unmatched.words)
            spans = [
                (term, begins[first], begins[first] + length if length else ends[last])
                for term, first, last, length in self._places(read, is_name=is_name)
            ]
        if self._has_quantity:
            spans += [(one.term, one.begin, one.end) for one in find_quantities(read.text)]
        occurrences = self._occurrences(spans) if spans else []
        return Matched(read.unmatched.words, occurrences) if occurrences else read.unmatched

    def _places(self, read: _Read, *, is_name: bool) -> Iterator[_Place]:
        """Where what is wanted stands."""
        words, terms = read.unmatched.words, read.terms
        for (first, last, _), term in zip(read.runs, terms[len(words) :], strict=True):
            if term in self._wanted and self._is_joined(term, words, first, last, is_name=is_name):
                yield term, first, last, 0
        for place, (word, term) in enumerate(zip(words.texts, terms, strict=False)):
            if term in self._wanted:
                yield term, place, place, self._length(word, term)
            if not word.isascii():
                for plain in self._wanted.intersection(self._analyzer.unaccented((word,))):
                    yield plain, place, place, self._length(word, plain)

    def _length(self, word: str, term: str) -> int:
        """How much of the beginning of `word` was typed; 0 where all of it is meant."""
        if term not in self._completions or not fold(word).startswith(self._prefix):
            return 0
        ends = range(1, len(word) + 1)
        return next(end for end in ends if fold(word[:end]).startswith(self._prefix))

    def _is_joined(self, term: str, words: Words, first: int, last: int, *, is_name: bool) -> bool:
        """Whether the index joins these words to `term`."""
        end = last + 1
        run = Words(words.texts[first:end], ["", *words.between[first + 1 : end], ""])
        joined = self._analyzer.joined(run, is_name=is_name)
        return term in joined or (is_name and term in self._analyzer.neighbours(run))

    def _occurrences(self, found: Sequence[tuple[str, int, int]]) -> list[Occurrence]:
        terms = {term for term, _, _ in found}
        clauses = {term: self._single.get(term, 0) for term in terms}
        for several in self._several:
            if terms.issuperset(several.terms):
                for term in several.telling:
                    clauses[term] |= several.clauses
        return sorted(
            (Occurrence(begin, end, clauses[term]) for term, begin, end in found if clauses[term]),
            key=lambda occurrence: (occurrence.begin, occurrence.end),
        )

    def _only_completions(self, understood: Understanding) -> set[str]:
        """Terms that nothing but the last word asks for, and that only if it goes on."""
        if not understood.prefix:
            return set()
        last = 1 << (len(understood.clauses) - 1)
        typed = (understood.prefix,)
        only_last = {term for term, clauses in self._single.items() if clauses == last}
        return only_last.difference(
            self._analyzer.stems(typed),
            self._analyzer.unaccented(typed),
            *(several.terms for several in self._several),
        )


def _alternatives(understood: Understanding, asked: int) -> dict[tuple[str, ...], int]:
    """The clauses that have each alternative; one that only optional clauses have is no match."""
    alternatives: dict[tuple[str, ...], int] = {}
    for place, clause in enumerate(understood.clauses):
        for alternative in clause.alternatives:
            bits = alternatives.get(alternative.terms, 0)
            alternatives[alternative.terms] = bits | 1 << place
    return {terms: bits for terms, bits in alternatives.items() if bits & asked}


def _telling(terms: tuple[str, ...], analyzer: Analyzer) -> tuple[str, ...]:
    """`terms` without function words: of "bag of beans", not every "of" is a match."""
    language = analyzer.language
    return tuple(term for term in terms if not is_function_word(term, language)) or terms


def word_borders(words: Words) -> tuple[list[int], list[int]]:
    """Where each word begins and ends in its text."""
    pieces = chain.from_iterable(zip(words.between, words.texts, strict=False))
    borders = list(accumulate(map(len, pieces)))
    return borders[0::2], borders[1::2]


def _analyse(text: str, analyzer: Analyzer, is_name: bool) -> _Read:  # noqa: FBT001 - a cache has it in its key
    text = caseless(text)
    words = split_words(text)
    runs = _short_runs(words, is_name=is_name)
    terms = analyzer.stems([*words.texts, *map(itemgetter(2), runs)])
    return _Read(text, Matched(words, ()), runs, terms)


# Catalogues say the same of many products, and shoppers see the same products again and again.
_remember = lru_cache(_MOST_REMEMBERED)(_analyse)


def _short_runs(words: Words, *, is_name: bool) -> list[_Run]:
    """What may be written as one word, and is short enough to be one."""
    texts = words.texts
    runs: Iterable[_Run]
    if not JOINERS.isdisjoint(words.between[1:-1]):
        spans = _runs(words.gaps(), is_name=is_name)
        runs = ((first, last, "".join(texts[first : last + 1])) for first, last in spans)
    elif is_name:
        # All neighbours stand for those that a space parts: hardly more, and found at once.
        runs = zip(count(), count(1), map(add, texts, texts[1:]))
    else:
        return []
    return [run for run in runs if len(run[2]) <= LONGEST_JOINED]


def _runs(gaps: Sequence[Gap], *, is_name: bool) -> Iterator[tuple[int, int]]:
    """First and last word of what may be written as one word: pairs, and longer chains."""
    joined = [place for place, gap in enumerate(gaps) if gap is Gap.JOINED]
    spaces = [place for place, gap in enumerate(gaps) if gap is Gap.SPACE] if is_name else []
    for place in (*joined, *spaces):
        yield place - 1, place
    begin = 0
    for number, place in enumerate(joined, 1):
        if number == len(joined) or joined[number] != place + 1:
            if number - begin > 1:
                yield joined[begin] - 1, place
            begin = number
