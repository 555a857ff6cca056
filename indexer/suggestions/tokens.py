"""Tokens: what stands between the spaces of titles, and what each may be in a phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.function_words import is_function_word
from indexer.analysis.quantities import find_quantities
from indexer.analysis.text import caseless
from indexer.analysis.words import Gap, has_digit, split_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from indexer.analysis.analyzer import Analyzer

_CORE = re.compile(r"[^\W_](?:.*[^\W_])?", re.DOTALL)
_CONJUNCTION = "&"
_LONGEST = 32  # characters; a longer run is an address or lost spaces
_LONGEST_CODE = 4  # characters of a name with a digit that people say: 4k, mp3, usb3


@dataclass(frozen=True, slots=True)
class Token:
    """A token as a part of phrases.

    Attributes:
        surface: without the punctuation around it.
        term: the stems of its words, parted by spaces; tokens with one term are one.
        opens: whether nothing before it is in one phrase with it.
        closes: whether nothing behind it is.
        inside: whether a phrase may have it at all.
        edge: whether a phrase may begin or end with it.
    """

    surface: str
    term: str
    opens: bool
    closes: bool
    inside: bool
    edge: bool

    @classmethod
    def of(cls, raw: str, analyzer: Analyzer) -> Token:
        """The token that `raw` is."""
        if raw == _CONJUNCTION:
            return cls(raw, "", opens=False, closes=False, inside=True, edge=False)
        core = _CORE.search(raw)
        if core is None:
            return cls("", "", opens=True, closes=True, inside=False, edge=False)
        surface = core[0]
        text = caseless(surface)
        words = split_words(text)
        in_one = all(gap is Gap.JOINED for gap in words.gaps()[1:])
        inside = in_one and len(text) <= _LONGEST and not _is_code(text)
        return cls(
            surface,
            " ".join(analyzer.stems(words.texts)),
            opens=core.start() > 0,
            closes=core.end() < len(raw),
            inside=inside,
            edge=inside and _may_stand_at_edge(text, words.texts, analyzer.language),
        )


@dataclass(frozen=True, slots=True)
class TokenTable:
    """All tokens by number; 0 is the end of a title.

    Attributes:
        surfaces: the distinct surfaces.
        terms: the distinct terms.
        surface: int64 ``(tokens,)``, number of the token's surface.
        term: int64 ``(tokens,)``, number of its term.
        opens, closes, inside, edge: bool ``(tokens,)``, see `Token`.
    """

    surfaces: list[str]
    terms: list[str]
    surface: NDArray[np.int64]
    term: NDArray[np.int64]
    opens: NDArray[np.bool_]
    closes: NDArray[np.bool_]
    inside: NDArray[np.bool_]
    edge: NDArray[np.bool_]

    @classmethod
    def of(cls, raws: Iterable[str], analyzer: Analyzer) -> TokenTable:
        """The table of `raws`, the first of which has number 1."""
        end = Token("", "", opens=True, closes=True, inside=False, edge=False)
        tokens = [end, *(Token.of(raw, analyzer) for raw in raws)]
        surfaces = {text: number for number, text in enumerate(dict.fromkeys(_surfaces(tokens)))}
        terms = {text: number for number, text in enumerate(dict.fromkeys(_terms(tokens)))}
        return cls(
            list(surfaces),
            list(terms),
            np.array([surfaces[token.surface] for token in tokens]),
            np.array([terms[token.term] for token in tokens]),
            np.array([token.opens for token in tokens]),
            np.array([token.closes for token in tokens]),
            np.array([token.inside for token in tokens]),
            np.array([token.edge for token in tokens]),
        )


def _surfaces(tokens: Iterable[Token]) -> Iterable[str]:
    return (token.surface for token in tokens)


def _terms(tokens: Iterable[Token]) -> Iterable[str]:
    return (token.term for token in tokens)


def _is_code(text: str) -> bool:
    """Whether it looks like a part number, which is nothing to suggest."""
    if not has_digit(text):
        return False
    if text.replace(".", "").isdecimal():
        return len(text) > _LONGEST_CODE
    return len(text) > _LONGEST_CODE and not find_quantities(text)


def _may_stand_at_edge(text: str, words: list[str], language: str) -> bool:
    """No number, no measure, no unit, no single letter, no word that means nothing."""
    if len(text) == 1 or text[0].isdigit() or find_quantities(f"1 {text}"):
        return False
    return not all(is_function_word(word, language) for word in words)
