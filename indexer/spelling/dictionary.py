"""The words of a catalogue, and what somebody who typed another word may have meant."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from rapidfuzz.distance import OSA

from indexer.errors import SnapshotCorruptError
from indexer.hits import Hits
from indexer.spelling.channel import error_cost
from indexer.spelling.deletions import DeletionIndex, deletion_arrays
from indexer.spelling.words import SHORTEST, has_spelling
from indexer.storage import ArrayFile, StringTable, read_arrays

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

TITLE_WEIGHT = 4
"""A product with the word in its title counts as so many more."""
_SMOOTHING = 0.5  # products that every word is granted, so that none is impossible
_ONE_EDIT_FROM = 4  # letters
_TWO_EDITS_FROM = 5
_TWO_EDITS_AT_ONCE_FROM = 9
# Two errors in a short word lead from anything to something, so a correction has to be likelier
# than a word that the catalogue does not have, of which every letter is so unlikely. Drops some
# 60 % of the words that one shop has for those of another, and 5 % of true corrections.
_NEW_WORD = 2.0
_NEW_LETTER = 1.5
_SPLIT_TITLES = 2  # titles that have each part
_SHORT_PART = 2  # letters; most words so short are codes
_SHORT_PART_SHARE = 0.005  # of all products have it in the title: "tv", "pc"


@dataclass(frozen=True, slots=True)
class Correction:
    """A word that may have been meant.

    Attributes:
        word: a word of the catalogue.
        distance: optimal string alignment distance, 1 or 2.
        frequency: products that have the word.
        score: ln P(word) + ln P(typed | word), always negative.
    """

    word: str
    distance: int
    frequency: int
    score: float


class SpellingDictionary:
    """The spelling dictionary of one snapshot, mapped from disk; safe to share by threads.

    It knows every surface word of 2 to 32 letters without digits. How far a word may be from what
    was typed depends on what was typed, in letters::

        up to 3     nothing
        4           1 edit: no other first letter, but it may be missing or swapped
        5 to 8      1 edit; where the catalogue has no such word, 2 edits
        9 and more  2 edits
        known       1 edit: a word that the shop itself uses is not wrong twice

    Two edits must also be likelier than that the word is right and the shop has no such thing.
    """

    def __init__(self, path: Path) -> None:
        self._read(read_arrays(path), path.name)

    def _read(self, file: ArrayFile, name: str) -> None:
        self._words = StringTable.read(file, "words")
        self._language = StringTable.read(file, "language")
        self._frequencies = file.array("frequencies")
        self._title_frequencies = file.array("title_frequencies")
        self._deletions = DeletionIndex(file)
        lengths = {len(self._frequencies), len(self._title_frequencies), len(self._deletions)}
        if lengths != {len(self._words)}:
            raise SnapshotCorruptError(
                f"{name} has {len(self._words)} words and arrays of {sorted(lengths)}, "
                "expected one length. Rebuild the index with 'searchsvc reindex'."
            )
        weights = int(self._frequencies.sum()) + TITLE_WEIGHT * int(self._title_frequencies.sum())
        self._products = int(file.array("products")[0])
        self._log_total = math.log(weights + _SMOOTHING * (len(self._words) + 1))

    def __len__(self) -> int:
        return len(self._words)

    def frequency(self, word: str) -> int:
        """How many products have `word`; 0 for an unknown one and for one with digits."""
        number = self._words.find(word)
        return 0 if number is None else int(self._frequencies[number])

    def is_word(self, word: str) -> bool:
        """Whether `word` is known to be right, be it of the catalogue or of its language.

        A language is known as far as the embedding model knows it.
        """
        return self._words.find(word) is not None or self._language.find(word) is not None

    def log_probability(self, word: str) -> float:
        """Ln P(word), which an unknown word has, too.

        A correction of a known word is the better guess where its score is above this.
        """
        return self._log_probability(self._words.find(word))

    def corrections(
        self, word: str, limit: int = 5, *, same: Callable[[str], str] | None = None
    ) -> list[Correction]:
        """What may have been meant by `word`, best first, ties by the word's UTF-8 bytes.

        Args:
            word: folded as the catalogue's words are; it may itself be one of them.
            limit: how many at most.
            same: gives one value to words that are one for the caller, such as their stem. Then
                of several such words only the best is returned, and none that is one with `word`.

        Returns:
            Never `word` itself, and nothing for a word with digits.
        """
        found = sorted(self._candidates(word), key=lambda it: (-it.score, it.word.encode()))
        if same is None:
            return found[:limit]
        best: dict[str, Correction] = {}
        own = same(word)
        for correction in found:
            key = same(correction.word)
            if key != own:
                best.setdefault(key, correction)
            if len(best) == limit:
                break
        return list(best.values())[:limit]

    def completions(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """The words that begin with `prefix`, itself included, and how many products have each.

        Args:
            prefix: folded, of at least one letter.
            limit: how many at most; those in most products, a product with the word in its title
                counting as several.

        Returns:
            Most frequent first, ties by the word's UTF-8 bytes.
        """
        found = self._words.starting_with(prefix)
        places = slice(found.start, found.stop)
        frequencies = self._frequencies[places]
        weights = frequencies + np.float32(TITLE_WEIGHT) * self._title_frequencies[places]
        best = Hits.best(np.arange(len(found)), weights.astype(np.float32), limit).rows
        return [(self._words[found.start + place], int(frequencies[place])) for place in best]

    def splits(self, word: str, limit: int = 2) -> list[tuple[str, str]]:
        """The pairs of words that `word` may be without the space between, likeliest first.

        Each part is in at least two titles, one of two letters in a good share of them. Ties by
        the earlier space. Whether any product has both parts, the lexical index knows.
        """
        if not has_spelling(word):
            return []
        found = []
        for place in range(SHORTEST, len(word) - SHORTEST + 1):
            left = self._titled(word[:place])
            right = None if left is None else self._titled(word[place:])
            if left is not None and right is not None:
                score = self._log_probability(left) + self._log_probability(right)
                found.append((-score, place))
        return [(word[:place], word[place:]) for _, place in sorted(found)[:limit]]

    def _candidates(self, word: str) -> list[Correction]:
        if len(word) < _ONE_EDIT_FROM or not has_spelling(word):
            return []
        if self._words.find(word) is not None or len(word) < _TWO_EDITS_FROM:
            return list(self._within(word, 1))
        if len(word) >= _TWO_EDITS_AT_ONCE_FROM:
            return list(self._within(word, 2))
        return list(self._within(word, 1)) or list(self._within(word, 2))

    def _within(self, typed: str, edits: int) -> Iterator[Correction]:
        for number in self._deletions.near(typed, edits):
            word = self._words[number]
            distance = OSA.distance(typed, word, score_cutoff=edits)
            if 0 < distance <= edits and _plausible(typed, word):
                score = self._log_probability(number) - error_cost(typed, word, distance)
                if distance == 1 or score >= self._log_new_word(typed):
                    yield Correction(word, distance, int(self._frequencies[number]), score)

    def _log_new_word(self, typed: str) -> float:
        return self._log_probability(None) - _NEW_WORD - _NEW_LETTER * len(typed)

    def _log_probability(self, number: int | None) -> float:
        weight = _SMOOTHING
        if number is not None:
            weight += int(self._frequencies[number])
            weight += TITLE_WEIGHT * int(self._title_frequencies[number])
        return math.log(weight) - self._log_total

    def _titled(self, word: str) -> int | None:
        """The number of a word that may be a part."""
        number = self._words.find(word)
        needed = _SPLIT_TITLES
        if len(word) <= _SHORT_PART:
            needed = max(needed, math.ceil(_SHORT_PART_SHARE * self._products))
        if number is None or self._title_frequencies[number] < needed:
            return None
        return number


class NoSpelling(SpellingDictionary):
    """Stands where the dictionary of a generation cannot be read: every word is taken as typed."""

    def __init__(self) -> None:
        arrays: dict[str, NDArray[Any]] = {
            **StringTable.of(()).arrays("words"),
            **StringTable.of(()).arrays("language"),
            **deletion_arrays(()),
            "frequencies": np.empty(0, np.uint32),
            "title_frequencies": np.empty(0, np.uint32),
            "products": np.zeros(1, np.int64),
        }
        self._read(ArrayFile(arrays, {}), "no dictionary")

    def is_word(self, word: str) -> bool:  # noqa: ARG002 - see `SpellingDictionary`
        """Always: nobody knows better than who typed it."""
        return True


def _plausible(typed: str, word: str) -> bool:
    """Whether `word` keeps enough of what was typed, if that has four letters only."""
    if len(typed) >= _TWO_EDITS_FROM or typed[0] == word[0]:
        return True
    swapped = len(typed) == len(word) and typed[:2] == word[1::-1]
    return swapped or typed == word[1:]
