"""Text to terms: the same function at index time and at query time."""

from __future__ import annotations

import re
import threading
import unicodedata
from typing import TYPE_CHECKING

import Stemmer

if TYPE_CHECKING:
    from indexer.settings import Language

ANALYSIS_VERSION = 1
"""Raised whenever any text's terms may change; an index of another version is rebuilt.

1: NFKC, case folded, decimal numbers kept whole, Snowball stems, then accents off.
"""

# A decimal number, or a run of letters and digits with inner apostrophes.
_WORD = re.compile(r"\d+\.\d+|[^\W_]+(?:'[^\W_]+)*")
_SEPARATORS = re.compile(r"[\s\-\u00ad\u2010-\u2015\u2212]+")


class Analyzer:
    """Splits text into stemmed, folded terms; safe to use from several threads."""

    def __init__(self, language: Language) -> None:
        self._language = language
        # A Snowball object keeps the word it works on: one for each thread.
        self._local = threading.local()

    def terms(self, text: str) -> list[str]:
        """The terms of `text` in their order, repeated as often as they occur."""
        plain = text.isascii()
        words: list[str] = _WORD.findall(text.lower() if plain else _caseless(text))
        if self._language != "none":
            words = self._stemmer().stemWords(words)
        # Accents go last: most stemmers tell endings apart by them.
        return words if plain else [fold(word) for word in words]

    def _stemmer(self) -> Stemmer.Stemmer:
        stemmer = getattr(self._local, "stemmer", None)
        if stemmer is None:
            stemmer = self._local.stemmer = Stemmer.Stemmer(self._language)
        return stemmer


def fold(text: str) -> str:
    r"""`text` without case, accents and compatibility forms (``CAF\u00c9`` becomes ``cafe``)."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", _caseless(text))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _caseless(text: str) -> str:
    return unicodedata.normalize("NFKC", text.replace("\u2019", "'")).casefold()


def normalize_identifier(text: str) -> str:
    """An id, SKU, GTIN or part number without case, spaces, dashes and a number's leading zeros.

    ``"TN-2110"``, ``"tn 2110"`` and ``"TN2110"`` are one identifier, as are a GTIN-13 and the
    same number padded to 14 digits.
    """
    bare = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    if bare.isdecimal():
        return bare.lstrip("0") or bare[-1:]
    return bare
