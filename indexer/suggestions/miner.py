"""The miner: finds the frequent and cohesive phrases of titles.

A phrase is one to three tokens in a row with nothing but spaces between. Phrases whose stems are
equal are one ("gaming headset", "Gaming Headsets"), shown as it is most often written. It counts
where enough titles have it and its parts occur together far more often than by chance; a part
that nearly always stands in one longer phrase is no phrase of its own.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from indexer.suggestions.table import Phrase
from indexer.suggestions.tokens import TokenTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexer.analysis.analyzer import Analyzer

    Numbers = NDArray[np.int64]

_LONGEST = 3  # tokens
_LIFT = 4.0  # times as many titles as if the parts were strewn at random
_SWALLOWED = 0.9  # share of a part's titles in which it stands in the longer phrase
_SMALL = 1_000  # titles; in fewer of them, one is enough
_LARGE = 5_000
_NONE = -1


@dataclass(frozen=True, slots=True)
class _Grams:
    """The runs of `length` tokens.

    Attributes:
        at: int64 ``(stream,)``, which gram begins at each place, `_NONE` for none.
        titles: int64 ``(grams,)``, how many have each.
        first: int64 ``(grams,)``, a place where each begins.
        kept: bool ``(grams,)``, whether it is a phrase.
    """

    length: int
    at: Numbers
    titles: Numbers
    first: Numbers
    kept: NDArray[np.bool_]


class _Numbers(dict[str, int]):
    """The number of each token, from 1, in the order in which they are seen."""

    def __missing__(self, raw: str) -> int:
        self[raw] = number = len(self) + 1
        return number


class PhraseMiner:
    """Takes titles, then gives their phrases."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._stream = array("i")
        self._titles = 0

    def add(self, title: str) -> None:
        """Take the next title."""
        self._stream.extend(map(self._numbers.__getitem__, title.split()))
        self._stream.append(0)
        self._titles += 1

    def phrases(self, analyzer: Analyzer) -> Iterator[Phrase]:
        """The phrases of all titles so far, shorter ones first."""
        stream = _Stream.of(self._stream, TokenTable.of(self._numbers, analyzer))
        grams = [_single(stream, self._least(1))]
        for length in range(2, _LONGEST + 2):  # what is longer than a phrase only swallows
            least = self._least(length)
            grams.append(_longer(stream, grams[0], grams[-1], least, self._titles))
        for shorter, longer in pairwise(grams):
            _drop_swallowed(shorter, longer)
        for entry in grams[:_LONGEST]:
            yield from _spell(entry, stream)

    def _least(self, length: int) -> int:
        """Titles that have what is no accident."""
        if self._titles < _SMALL:
            return 1 if length == 1 else 2
        return 2 if length == 1 or self._titles < _LARGE else 3


@dataclass(frozen=True, slots=True)
class _Stream:
    """All titles, one after the other.

    Attributes:
        tokens: what the numbers are.
        token: int64 ``(stream,)``, number of each token, 0 at the end of a title.
        title: int64 ``(stream,)``, number of its title.
        joined: bool ``(stream,)``, whether a phrase may have it and the token before it.
    """

    tokens: TokenTable
    token: Numbers
    title: Numbers
    joined: NDArray[np.bool_]

    @classmethod
    def of(cls, stream: array[int], tokens: TokenTable) -> _Stream:
        token = np.frombuffer(stream, np.intc).astype(np.int64)
        inside = tokens.inside[token]
        joined = np.zeros(len(token), np.bool_)
        joined[1:] = inside[:-1] & inside[1:]
        joined[1:] &= ~tokens.closes[token[:-1]] & ~tokens.opens[token[1:]]
        return cls(tokens, token, np.cumsum(token == 0), joined)

    def is_edge(self, places: Numbers) -> NDArray[np.bool_]:
        return self.tokens.edge[self.token[places]]


def _single(stream: _Stream, least: int) -> _Grams:
    inside = stream.tokens.inside[stream.token]
    grams = _count(np.where(inside, stream.tokens.term[stream.token], _NONE), stream, 1)
    grams.kept[:] = (grams.titles >= least) & stream.is_edge(grams.first)
    return grams


def _longer(stream: _Stream, single: _Grams, shorter: _Grams, least: int, titles: int) -> _Grams:
    """The runs of one token more, of which both parts are frequent; kept if they are cohesive."""
    length = shorter.length + 1
    codes = np.full(len(stream.token), _NONE, np.int64)
    places = np.flatnonzero(shorter.at[: 1 - length] != _NONE)
    places = places[stream.joined[places + length - 1]]
    begin, last = shorter.at[places], single.at[places + length - 1]
    frequent = (shorter.titles[begin] >= least) & (single.titles[last] >= least)
    codes[places[frequent]] = (begin * len(stream.tokens.terms) + last)[frequent]
    grams = _count(codes, stream, length)
    first, end = grams.first, grams.first + length - 1
    by_chance = np.maximum(
        shorter.titles[shorter.at[first]] * single.titles[single.at[end]],
        single.titles[single.at[first]] * shorter.titles[shorter.at[first + 1]],
    )
    # A handful of titles tells nothing about chance.
    lift = _LIFT if titles >= _SMALL else 1.0
    grams.kept[:] = (grams.titles >= least) & (grams.titles * titles >= lift * by_chance)
    grams.kept[:] &= stream.is_edge(first) & stream.is_edge(end)
    return grams


def _count(codes: Numbers, stream: _Stream, length: int) -> _Grams:
    """Number the distinct `codes` ascending, and count the titles of each."""
    places = np.flatnonzero(codes != _NONE)
    distinct, first, numbers = np.unique(codes[places], return_index=True, return_inverse=True)
    at = np.full(len(codes), _NONE, np.int64)
    at[places] = numbers
    # Once for each title.
    base = len(codes) + 1
    owners = np.unique(numbers * base + stream.title[places]) // base
    titles = np.bincount(owners, minlength=len(distinct))
    return _Grams(length, at, titles, places[first], np.zeros(len(distinct), np.bool_))


def _drop_swallowed(shorter: _Grams, longer: _Grams) -> None:
    """Unkeep what hardly occurs outside of one longer phrase."""
    place = longer.first[longer.kept]
    titles = longer.titles[longer.kept]
    for part in (shorter.at[place], shorter.at[place + 1]):
        swallowed = titles >= _SWALLOWED * shorter.titles[part]
        shorter.kept[part[swallowed]] = False


def _spell(grams: _Grams, stream: _Stream) -> Iterator[Phrase]:
    """Each kept gram as it is most often written; ties by what was seen first."""
    tokens = stream.tokens
    places = np.flatnonzero(grams.at != _NONE)
    places = places[grams.kept[grams.at[places]]]
    owner = grams.at[places]
    spelling = owner
    for offset in range(grams.length):
        surface = tokens.surface[stream.token[places + offset]]
        spelling = np.unique(spelling * len(tokens.surfaces) + surface, return_inverse=True)[1]
    _, first, counts = np.unique(spelling, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts, owner[first]))
    chosen = first[order]
    _, best = np.unique(owner[chosen], return_index=True)
    for place, number in zip(
        places[chosen[best]].tolist(), owner[chosen[best]].tolist(), strict=True
    ):
        numbers = stream.token[place : place + grams.length]
        text = " ".join(tokens.surfaces[it] for it in tokens.surface[numbers].tolist())
        terms = (tokens.terms[it] for it in tokens.term[numbers].tolist())
        term = " ".join(filter(None, terms))  # a conjunction has none
        yield Phrase(text, term, int(grams.titles[number]))
