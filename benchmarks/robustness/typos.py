"""Single-letter typing errors: all that a query can suffer, and a fair sample of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice, zip_longest
from string import ascii_lowercase
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHORTEST_WORD = 5
"""A typo in a shorter word is too often another word for anybody to know what was meant."""

_CHUNK = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]+")


class Kind(StrEnum):
    """The four single-letter errors of Damerau (CACM 7:3, 1964)."""

    INSERTION = "insertion"
    DELETION = "deletion"
    SWAP = "swap"
    REPLACEMENT = "replacement"


@dataclass(frozen=True, slots=True)
class Typo:
    """A query with one error in one of its words.

    Attributes:
        text: the whole query, misspelt.
        kind: of the error.
        word: the word as it was.
        misspelt: the word as it is now; never equal to `word`, not even caselessly.
    """

    text: str
    kind: Kind
    word: str
    misspelt: str

    @property
    def first_letter(self) -> bool:
        """Whether the word now begins with another letter, which readers and indexes rely on."""
        return self.word[0].lower() != self.misspelt[0].lower()


def single_letter_errors(word: str) -> dict[Kind, list[str]]:
    """Every outcome of one error in `word`, once each; letters typed by mistake are a to z.

    The keyboard plays no part: each letter is as likely to be hit as any other.
    """
    cuts = range(len(word) + 1)
    made = {
        Kind.INSERTION: (word[:at] + new + word[at:] for at in cuts for new in ascii_lowercase),
        Kind.DELETION: (word[:at] + word[at + 1 :] for at in cuts[:-1]),
        Kind.SWAP: (
            word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            for at in cuts[:-2]
            if word[at].lower() != word[at + 1].lower()
        ),
        Kind.REPLACEMENT: (
            word[:at] + new + word[at + 1 :]
            for at in cuts[:-1]
            for new in ascii_lowercase
            if new != word[at].lower()
        ),
    }
    return {kind: list(dict.fromkeys(outcomes)) for kind, outcomes in made.items()}


def all_typos(text: str) -> dict[Kind, list[Typo]]:
    """Every single-letter error in a word of `text` that has `SHORTEST_WORD` letters or more.

    What holds a digit anywhere between two spaces is left alone: it may be an identifier, and a
    misspelt identifier is another identifier.
    """
    typos: dict[Kind, list[Typo]] = {kind: [] for kind in Kind}
    for begin, end in _long_words(text):
        word = text[begin:end]
        for kind, outcomes in single_letter_errors(word).items():
            typos[kind] += [
                Typo(text[:begin] + misspelt + text[end:], kind, word, misspelt)
                for misspelt in outcomes
            ]
    return typos


def draw_typos(text: str, count: int, seed: int) -> list[Typo]:
    """`count` different typos of `text`, or all there are; the same for the same arguments.

    The kinds take turns until they are used up, so that there are as many of each as possible:
    drawn blindly, nearly all would be insertions and replacements, which 26 letters can make.
    """
    rng = np.random.default_rng([seed, crc32(text.encode())])
    typos: Mapping[Kind, list[Typo]] = all_typos(text)
    kinds = [list(Kind)[place] for place in rng.permutation(len(Kind))]
    lanes = [[typos[kind][place] for place in rng.permutation(len(typos[kind]))] for kind in kinds]
    turns = chain.from_iterable(zip_longest(*lanes))
    return list(islice((typo for typo in turns if typo is not None), count))


def _long_words(text: str) -> Iterator[tuple[int, int]]:
    for chunk in _CHUNK.finditer(text):
        if any(char.isdigit() for char in chunk[0]):
            continue
        for word in _LETTERS.finditer(text, *chunk.span()):
            if len(word[0]) >= SHORTEST_WORD and word[0].isalpha():
                yield word.span()
