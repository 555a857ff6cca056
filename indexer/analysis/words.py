"""The words of a text, and what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from typing import TYPE_CHECKING

from indexer.analysis.text import DASHES

if TYPE_CHECKING:
    from collections.abc import Iterator

# A decimal number, or a run of letters and digits with inner apostrophes.
_WORD = re.compile(r"(\d+\.\d+|[^\W_]+(?:'[^\W_]+)*)")
_ASCII_WORD = re.compile(r"([0-9]+\.[0-9]+|[a-zA-Z0-9]+(?:'[a-zA-Z0-9]+)*)")  # the same, faster
_DIGIT = re.compile(r"\d")
_JOINING_DIGITS = frozenset("/,+#")


class Gap(Enum):
    """How a word is parted from the one before it."""

    JOINED = "joined"  # one written word: t-shirt, 3.5mm, h&m
    SPACE = "space"
    OTHER = "other"


_GAPS = {
    " ": Gap.SPACE,
    **dict.fromkeys((", ", ". ", ": ", " - ", " / ", *_JOINING_DIGITS), Gap.OTHER),
    **dict.fromkeys(("", "_", ".", "&", *DASHES), Gap.JOINED),
}

JOINERS = _JOINING_DIGITS.union(text for text, gap in _GAPS.items() if gap is Gap.JOINED)
"""All that may stand between words that are one written word."""


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        text: caseless, with its accents.
        begin: where it begins in the caseless text.
        end: where it ends.
        gap: to the word before it; that of the first word is `Gap.OTHER`.
    """

    text: str
    begin: int
    end: int
    gap: Gap


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text in their order; put together, both lists are the text.

    Catalogues have too many words for an object each: `Word` is made when it is asked for.

    Attributes:
        texts: each word, caseless, with its accents.
        between: what stands before the first word, between the words and behind the last one:
            one more than there are words.
    """

    texts: list[str]
    between: list[str]

    def has_joined(self) -> bool:
        """Whether any word may be joined to the one before it; if not, `gaps` has none."""
        return not JOINERS.isdisjoint(self.between[1:-1])

    def gaps(self) -> list[Gap]:
        """How each word is parted from the one before it."""
        if not self.texts:
            return []
        known = _GAPS.get
        gaps = [known(text) or _rare_gap(text) for text in self.between]
        if not _JOINING_DIGITS.isdisjoint(self.between):
            for place in range(1, len(self.texts)):
                if self.between[place] in _JOINING_DIGITS and self._is_number_pair(place):
                    gaps[place] = Gap.JOINED
        gaps[0] = Gap.OTHER
        del gaps[-1]
        return gaps

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[Word]:
        lengths = [0] * (2 * len(self.texts) + 1)
        lengths[0::2] = map(len, self.between)
        lengths[1::2] = map(len, self.texts)
        ends = list(accumulate(lengths))
        yield from map(Word, self.texts, ends[0::2], ends[1::2], self.gaps())

    def _is_number_pair(self, place: int) -> bool:
        return has_digit(self.texts[place - 1]) and has_digit(self.texts[place])


def split_words(text: str) -> Words:
    """The words of `text`, which must be caseless already."""
    parts = (_ASCII_WORD if text.isascii() else _WORD).split(text)
    return Words(parts[1::2], parts[0::2])


def has_digit(word: str) -> bool:
    """Whether `word` may be (a part of) a number, model or part number."""
    return _DIGIT.search(word) is not None


def _rare_gap(between: str) -> Gap:
    return Gap.SPACE if between.isspace() else Gap.OTHER
