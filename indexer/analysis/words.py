"""The words of a text, and what stands between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from indexer.analysis.text import DASHES

if TYPE_CHECKING:
    from collections.abc import Iterator

# A decimal number, or a run of letters and digits with inner apostrophes.
_WORD = re.compile(r"\d+\.\d+|[^\W_]+(?:'[^\W_]+)*")
_JOINING = {"", "_", ".", "&", *DASHES}
_JOINING_DIGITS = {"/", ",", "+", "#"}


class Gap(Enum):
    """How a word is parted from the one before it."""

    JOINED = "joined"  # one written word: t-shirt, 3.5mm, h&m
    SPACE = "space"
    OTHER = "other"


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


def split_words(text: str) -> list[Word]:
    """The words of `text`, which must be caseless already, in their order."""
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    previous: re.Match[str] | None = None
    for match in _WORD.finditer(text):
        gap = Gap.OTHER
        if previous is not None:
            between = text[previous.end() : match.start()]
            gap = _gap(between, previous[0], match[0])
        yield Word(match[0], match.start(), match.end(), gap)
        previous = match


def _gap(between: str, left: str, right: str) -> Gap:
    if between in _JOINING:
        return Gap.JOINED
    if between in _JOINING_DIGITS and has_digit(left) and has_digit(right):
        return Gap.JOINED
    return Gap.SPACE if between.isspace() else Gap.OTHER


def has_digit(word: str) -> bool:
    """Whether `word` may be (a part of) a number, model or part number."""
    return any(char.isdecimal() for char in word)
