"""Beginnings of words: what a word that is being typed may be meant to become.

A typing error in an unfinished word cannot be looked up in a dictionary of words. Here all words
are letters in columns, so that one comparison looks at one letter of thousands of words at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from operator import and_
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.errors import SnapshotCorruptError
from indexer.storage import StringTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

    Mask = NDArray[np.bool_]

SHORTEST = 4
"""Letters of a beginning in which one may be wrong."""
_COLUMNS = 16
_MOST_LETTERS = _COLUMNS - 1  # of a beginning: a missing letter is looked for one further


@dataclass(frozen=True, slots=True)
class _Agreement:
    """Where a beginning agrees with many words.

    Attributes:
        before: at each length from 0, which words begin with so many of its letters.
        behind: at each place, which words have its letters from there to the end,
        missing: the same where the words have one letter more before,
        extra: the same where they have one less.
    """

    before: Sequence[Mask]
    behind: Sequence[Mask]
    missing: Sequence[Mask]
    extra: Sequence[Mask]

    @classmethod
    def of(cls, letters: Sequence[int], columns: NDArray[np.uint16]) -> _Agreement:
        every = np.ones(columns.shape[1], np.bool_)
        same = [columns[place] == letter for place, letter in enumerate(letters)]
        later = [columns[place + 1] == letter for place, letter in enumerate(letters)]
        earlier = [columns[place - 1] == letter for place, letter in enumerate(letters)]
        return cls(
            list(accumulate(same, and_, initial=every)),
            _from_the_end(same, every),
            _from_the_end(later, every),
            _from_the_end(earlier, every),
        )


class Beginnings:
    """The words of phrases with their weights; safe to share by threads."""

    def __init__(self, arrays: ArrayFile) -> None:
        """Take what `beginning_arrays` gave.

        Raises:
            SnapshotCorruptError: the arrays do not fit each other.
        """
        self._words = StringTable.read(arrays, "words")
        self._weights = arrays.array("words.weights")
        self._columns = arrays.array("words.letters")
        shapes = (self._weights.shape, self._columns.shape)
        expected = ((len(self._words),), (_COLUMNS, len(self._words)))
        if shapes != expected:
            raise SnapshotCorruptError(
                f"the words of suggestions are arrays of {shapes}, expected {expected}. "
                "Rebuild the index with 'searchsvc reindex'."
            )

    def __len__(self) -> int:
        return len(self._words)

    def begins_any(self, prefix: str) -> bool:
        """Whether a word begins with `prefix`."""
        return len(self._words.starting_with(prefix)) > 0

    def nearest(self, prefix: str) -> str | None:
        """The beginning of a word that was meant by `prefix`, which is one edit away.

        The first letter is right, unless it is missing or swapped with the second one.

        Args:
            prefix: folded, without digits; only its first 15 letters are looked at.

        Returns:
            That of the heaviest word, ties by its UTF-8 bytes; ``None`` where there is none, or
            where `prefix` has less than `SHORTEST` letters.
        """
        if len(prefix) < SHORTEST:
            return None
        begun = prefix[:_MOST_LETTERS]
        found: dict[int, int] = {}
        self._with_first_letter(begun, found)
        self._with_first_letter_missing(begun, found)
        for number in self._words.starting_with(begun[1] + begun[0] + begun[2:]):
            found.setdefault(number, len(begun))
        if not found:
            return None
        best = min(found, key=lambda number: (-int(self._weights[number]), number))
        return self._words[best][: found[best]]

    def _with_first_letter(self, begun: str, found: dict[int, int]) -> None:
        """Note the words that are one edit away, not at the first letter, and the length meant."""
        words = self._words.starting_with(begun[0])
        columns = self._columns[:, words.start : words.stop]
        letters = _letters(begun)
        agrees = _Agreement.of(letters, columns)
        length = len(letters)
        for place in range(1, length):
            before = agrees.before[place]
            if not before.any():
                return
            wrong = before & agrees.behind[place + 1] & (columns[place] != 0)
            _note(found, words.start, wrong, length)
            _note(found, words.start, before & agrees.missing[place], length + 1)
            if place + 1 < length:
                swapped = before & agrees.behind[place + 2]
                swapped &= columns[place] == letters[place + 1]
                swapped &= columns[place + 1] == letters[place]
                _note(found, words.start, swapped, length)
            _note(found, words.start, before & agrees.extra[place + 1], length - 1)

    def _with_first_letter_missing(self, begun: str, found: dict[int, int]) -> None:
        columns = self._columns
        mask = columns[0] != 0
        for place, letter in enumerate(_letters(begun), 1):
            mask &= columns[place] == letter
        _note(found, 0, mask, len(begun) + 1)


def beginning_arrays(weights: Mapping[str, int]) -> dict[str, NDArray[Any]]:
    """The arrays that `Beginnings` reads, of folded words with their weights."""
    words = sorted(weights, key=str.encode)
    columns = np.zeros((_COLUMNS, len(words)), np.uint16)
    for number, word in enumerate(words):
        columns[: len(word), number] = _letters(word[:_COLUMNS])
    return {
        **StringTable.of(words).arrays("words"),
        "words.weights": np.array([weights[word] for word in words], np.uint32),
        "words.letters": columns,
    }


def _letters(text: str) -> list[int]:
    """Code points; the rare ones above 16 bits share numbers, and are near by mistake."""
    return [ord(letter) & 0xFFFF for letter in text]


def _from_the_end(agreeing: Sequence[Mask], every: Mask) -> list[Mask]:
    return list(accumulate(reversed(agreeing), and_, initial=every))[::-1]


def _note(found: dict[int, int], start: int, mask: Mask, length: int) -> None:
    for number in np.flatnonzero(mask).tolist():
        found.setdefault(start + number, length)


def word_weights(phrases: Iterable[tuple[Sequence[str], int]]) -> dict[str, int]:
    """The weight of each word without digits: that of the heaviest phrase that has it.

    Args:
        phrases: each as its folded words and its weight.
    """
    weights: dict[str, int] = {}
    for words, weight in phrases:
        for word in words:
            if not any(letter.isdigit() for letter in word):
                weights[word] = max(weight, weights.get(word, 0))
    return weights
