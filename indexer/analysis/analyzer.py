"""Text to terms."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import Stemmer

from indexer.analysis.quantities import Quantity, find_quantities
from indexer.analysis.text import caseless, fold
from indexer.analysis.words import Gap, Words, has_digit, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from indexer.settings import Language

ANALYSIS_VERSION = 2
"""Raised whenever any text's terms may change; an index of another version is rebuilt.

1: NFKC, case folded, decimal numbers kept whole, Snowball stems, then accents off.
2: joined forms of compounds, part numbers and single letters; quantities in one unit.
"""

LONGEST_JOINED = 32
"""Characters of a joined form; what is longer is no word."""

_ARTICLE = "a"  # in too many languages
_MOST_STEMS = 1 << 16  # kept: the words that make up nearly all of a catalogue's text


@dataclass(frozen=True, slots=True)
class Analysis:
    """What there is in a text to be found by.

    Attributes:
        words: each word, with its place.
        terms: the stem of each word.
        quantities: numbers with their unit.
    """

    words: Words
    terms: list[str]
    quantities: list[Quantity]


class Analyzer:
    """Splits text into stemmed, folded terms; safe to use from several threads."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._terms = _Terms(language)

    @property
    def language(self) -> Language:
        """Of the texts."""
        return self._language

    def analyse(self, text: str) -> Analysis:
        """The words, terms and quantities of `text`."""
        text = caseless(text)
        words = split_words(text)
        return Analysis(words, self.stems(words.texts), find_quantities(text))

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in their order, repeated as often as they occur."""
        return self.stems(split_words(caseless(text)).texts)

    def stems(self, words: Iterable[str]) -> list[str]:
        """The term of each of `words`, which must be caseless already."""
        terms = self._terms
        return [terms[word] for word in words]

    def unaccented(self, words: Sequence[str]) -> list[str]:
        """Terms of `words`, caseless, as if typed without accents, where that makes other ones.

        Endings tell themselves by their accents: French ``brulee`` is no form of ``br\u00fbler``.
        """
        if "".join(words).isascii():  # nearly all texts of many languages
            return []
        terms = self._terms
        pairs = ((terms[fold(word)], terms[word]) for word in words if not word.isascii())
        return [plain for plain, term in pairs if plain != term]

    def joined(self, words: Words, *, is_name: bool) -> list[str]:
        """Terms of what is written as one word: ``tshirt`` for ``t-shirt``, ``tn2110``.

        Args:
            words: of a text.
            is_name: whether the text names things: then a number or a single letter also joins
                what a space parts it from (``RTX 2060``, ``T Shirt``).
        """
        if not (is_name or words.has_joined()):
            return []
        gaps = words.gaps()
        joined = [*_pairs(words.texts, gaps, is_name=is_name), *_chains(words.texts, gaps)]
        return self.stems(text for text in joined if len(text) <= LONGEST_JOINED)

    def neighbours(self, words: Words) -> list[str]:
        """Terms that two words parted by a space would be if they were one (``head set``)."""
        texts = words.texts
        return self.stems(
            texts[place - 1] + texts[place]
            for place, gap in enumerate(words.gaps())
            if gap is Gap.SPACE
            and len(texts[place - 1]) + len(texts[place]) <= LONGEST_JOINED
            and not (has_digit(texts[place - 1]) or has_digit(texts[place]))
        )


class _Terms(dict[str, str]):
    """The term of each word; those that were asked for lately are remembered."""

    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language
        # A Snowball object keeps the word it works on: one for each thread.
        self._local = threading.local()

    def __missing__(self, word: str) -> str:
        # Accents go last: most stemmers tell endings apart by them.
        term = word if self._language == "none" else self._stemmer().stemWord(word)
        if not term.isascii():
            term = fold(term)
        if len(self) >= _MOST_STEMS:
            self.clear()
        self[word] = term
        return term

    def _stemmer(self) -> Stemmer.Stemmer:
        stemmer = getattr(self._local, "stemmer", None)
        if stemmer is None:
            stemmer = self._local.stemmer = Stemmer.Stemmer(self._language, 0)
        return stemmer


def _pairs(texts: Sequence[str], gaps: Sequence[Gap], *, is_name: bool) -> Iterator[str]:
    """Each two words that belong together."""
    for place, gap in enumerate(gaps):
        if gap is Gap.JOINED or (
            is_name and gap is Gap.SPACE and (_binds(texts[place - 1]) or _binds(texts[place]))
        ):
            yield texts[place - 1] + texts[place]


def _chains(texts: Sequence[str], gaps: Sequence[Gap]) -> Iterator[str]:
    """Each chain of more than two words (``SM-P615-N``)."""
    if Gap.JOINED not in gaps:
        return
    begin = 0
    for place, gap in enumerate((*gaps[1:], Gap.OTHER), 1):
        if gap is not Gap.JOINED:
            if place - begin > 2:  # noqa: PLR2004 - a chain of two was given as a pair
                yield "".join(texts[begin:place])
            begin = place


def _binds(word: str) -> bool:
    """Whether `word` seldom means something without its neighbour."""
    return has_digit(word) or (len(word) == 1 and word != _ARTICLE)
