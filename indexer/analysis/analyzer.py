"""Text to terms."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import Stemmer

from indexer.analysis.quantities import Quantity, find_quantities
from indexer.analysis.text import caseless, fold
from indexer.analysis.words import Gap, Word, has_digit, split_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from indexer.settings import Language

ANALYSIS_VERSION = 2
"""Raised whenever any text's terms may change; an index of another version is rebuilt.

1: NFKC, case folded, decimal numbers kept whole, Snowball stems, then accents off.
2: joined forms of compounds and part numbers, quantities in one unit.
"""

LONGEST_JOINED = 32
"""Characters of a joined form; what is longer is no word."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What there is in a text to be found by.

    Attributes:
        words: each word, with its place.
        terms: the stem of each word.
        quantities: numbers with their unit.
    """

    words: list[Word]
    terms: list[str]
    quantities: list[Quantity]


class Analyzer:
    """Splits text into stemmed, folded terms; safe to use from several threads."""

    def __init__(self, language: Language) -> None:
        self._language = language
        # A Snowball object keeps the word it works on: one for each thread.
        self._local = threading.local()

    @property
    def language(self) -> Language:
        """Of the texts."""
        return self._language

    def analyse(self, text: str) -> Analysis:
        """The words, terms and quantities of `text`."""
        text = caseless(text)
        words = split_words(text)
        return Analysis(words, self.stems([word.text for word in words]), find_quantities(text))

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in their order, repeated as often as they occur."""
        return self.stems([word.text for word in split_words(caseless(text))])

    def stems(self, words: list[str]) -> list[str]:
        """The term of each of `words`, which must be caseless already."""
        if self._language != "none":
            words = self._stemmer().stemWords(words)
        # Accents go last: most stemmers tell endings apart by them.
        return [word if word.isascii() else fold(word) for word in words]

    def joined(self, words: Sequence[Word], *, numbers: bool) -> list[str]:
        """Terms of what is written as one word: ``tshirt`` for ``t-shirt``, ``tn2110``.

        Args:
            words: of a text.
            numbers: whether a number also joins what a space parts it from (``RTX 2060``).
        """
        joined = _joined(words, numbers=numbers)
        return self.stems([text for text in joined if len(text) <= LONGEST_JOINED])

    def neighbours(self, words: Sequence[Word]) -> list[str]:
        """Terms that two words parted by a space would be if they were one (``head set``)."""
        return self.stems(
            [
                left.text + right.text
                for left, right in pairwise(words)
                if right.gap is Gap.SPACE
                and not (has_digit(left.text) or has_digit(right.text))
                and len(left.text) + len(right.text) <= LONGEST_JOINED
            ]
        )

    def _stemmer(self) -> Stemmer.Stemmer:
        stemmer = getattr(self._local, "stemmer", None)
        if stemmer is None:
            stemmer = self._local.stemmer = Stemmer.Stemmer(self._language)
        return stemmer


def _joined(words: Sequence[Word], *, numbers: bool) -> Iterator[str]:
    """Each pair that belongs together, and each longer chain (``SM-P615-N``)."""
    chain = words[0].text if words else ""
    length = 1
    for left, right in pairwise(words):
        number = numbers and (has_digit(left.text) or has_digit(right.text))
        if right.gap is Gap.JOINED or (right.gap is Gap.SPACE and number):
            yield left.text + right.text
        if right.gap is Gap.JOINED:
            chain += right.text
            length += 1
            continue
        if length > 2:  # noqa: PLR2004 - a chain of two was given as a pair
            yield chain
        chain, length = right.text, 1
    if length > 2:  # noqa: PLR2004 - as above
        yield chain
