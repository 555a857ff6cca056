"""The words of a column's values, to find the values whose words begin as somebody types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.analysis.text import fold
from indexer.storage import StringTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.derived import Derived
    from searchsvc.results.coded import Coded

MAX_WORDS = 10
"""Typed words that are looked for; those after them are not."""

_TYPO_LETTERS = 4
_MAX_LETTERS = 64  # of a typed word; what is typed is not trusted
_SEPARATORS = re.compile(r"[\W_]+")
_END = 0x0A  # after each text; no part of a word


@dataclass(frozen=True, slots=True)
class ValueWords:
    """All values of a column, folded, one after the other.

    Attributes:
        letters: code points, unsigned ``(n,)``, 0 for whatever is no part of a word; the last
            is 0.
        starts: int32 ``(words,)`` ascending, where each word begins.
        codes: int32 ``(words,)``, the value that each word is of.
        size: number of values.
    """

    letters: NDArray[np.uint32] | NDArray[np.uint8]
    starts: NDArray[np.int32]
    codes: NDArray[np.int32]
    size: int

    @classmethod
    def of(cls, field: str, coded: Coded, derived: Derived) -> ValueWords:
        """Those of the column called `field`, kept in `derived`."""

        def make() -> ValueWords:
            texts = coded.column.texts
            if texts is None:
                values = [coded.value(code) for code in range(coded.size)]
                texts = StringTable.of([_text(value) for value in values])
            return cls.in_texts(texts)

        return derived.get(("value words", field), make, cls._bytes)

    @classmethod
    def in_texts(cls, texts: StringTable) -> ValueWords:
        """The words of `texts`, which are the values 0, 1 and so on."""
        whole = texts.data.tobytes()
        if whole.isascii():
            flat = np.frombuffer(fold(whole.decode()).encode(), np.uint8)
            behind = texts.offsets[1:].astype(np.int64)
            letters = np.insert(flat, behind, _END)
            ends = behind + np.arange(1, len(texts) + 1)
        else:
            folded = [fold(texts[code]) for code in range(len(texts))]
            joined = "\n".join([*folded, ""])
            letters = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
            ends = np.cumsum([len(text) + 1 for text in folded])
        letters = np.append(letters, letters.dtype.type(_END))
        letters = letters * _is_letter(letters)
        inside = letters != 0
        starts = np.flatnonzero(inside & ~np.insert(inside[:-1], 0, values=False))
        codes = np.searchsorted(ends, starts, side="right")
        return cls(letters, starts.astype(np.int32), codes.astype(np.int32), len(texts))

    def _bytes(self) -> int:
        return self.letters.nbytes + self.starts.nbytes + self.codes.nbytes

    def begin_with(self, typed: str, among: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which values have, for each word of `typed`, a word that begins with it.

        A typed word of four or more letters that no value left so far has may be one typing error
        away: a letter too many, too few, another one, or two changed over.

        Args:
            typed: words in any case, with or without accents; none are found everywhere.
            among: values to look in.

        Returns:
            bool ``(len(among),)``.
        """
        left = np.zeros(self.size, np.bool_)
        left[among] = True
        for word in [word for word in _SEPARATORS.split(fold(typed)) if word][:MAX_WORDS]:
            wanted = np.array([ord(letter) for letter in word[:_MAX_LETTERS]], np.uint32)
            found = left & self._values(self._beginning(wanted))
            if not found.any() and len(wanted) >= _TYPO_LETTERS:
                found = left & self._values(self._nearly_beginning(wanted, left))
            left = found
        return left[among]

    def _values(self, words: NDArray[np.int64]) -> NDArray[np.bool_]:
        found = np.zeros(self.size, np.bool_)
        found[self.codes[words]] = True
        return found

    def _beginning(self, wanted: NDArray[np.uint32]) -> NDArray[np.int64]:
        """The words that begin with `wanted`."""
        words = np.flatnonzero(self.letters[self.starts] == wanted[0])
        return self._with(wanted[1:], 1, words)

    def _with(
        self, wanted: NDArray[np.uint32], offset: int, words: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Those of `words` that have `wanted` at `offset`; few are left after some letters."""
        for place, letter in enumerate(wanted, offset):
            found = self.letters.take(self.starts[words] + place, mode="clip") == letter
            words = words[found]
        return words

    def _nearly_beginning(
        self, wanted: NDArray[np.uint32], left: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """The words of the values in `left` with a beginning one typing error from `wanted`.

        Only words are compared that have one of its halves: before a single error everything is
        equal, behind it everything is equal but moved by a letter at most.
        """
        words = np.flatnonzero(left[self.codes])
        half = len(wanted) // 2
        has_half = np.zeros(len(self.codes), np.bool_)
        has_half[self._with(wanted[:half], 0, words)] = True
        for moved in (-1, 0, 1):
            has_half[self._with(wanted[half + 1 :], half + 1 + moved, words)] = True
        words = np.flatnonzero(has_half)
        places = self.starts[words][:, None] + np.arange(len(wanted) + 1)
        beginnings = self.letters.take(places, mode="clip")
        beginnings *= np.logical_and.accumulate(beginnings != 0, axis=1)
        return words[_one_error(beginnings, wanted)]


def _one_error(
    beginnings: NDArray[np.uint32] | NDArray[np.uint8], wanted: NDArray[np.uint32]
) -> NDArray[np.bool_]:
    """Which rows begin with something at optimal string alignment distance 1 from `wanted`.

    Two texts are one edit apart if what is equal before the first difference and what is equal up
    to the end, shifted by the edit, meet. Rows that begin with `wanted` itself may be found, too.

    Args:
        beginnings: ``(n, len(wanted) + 1)`` code points, 0 behind the end of a word.
        wanted: ``(n,)`` code points.
    """
    length = len(wanted)
    same = beginnings[:, :-1] == wanted
    before = _equal_to_the_end(same[:, ::-1])
    after = _equal_to_the_end(same)
    another = before + 1 + after >= length
    too_few = before + _equal_to_the_end(beginnings[:, 1:] == wanted) >= length
    too_many = before + 1 + _equal_to_the_end(beginnings[:, :-2] == wanted[1:]) >= length
    here = np.minimum(before, length - 2)
    rows = np.arange(len(beginnings))
    swapped = (beginnings[rows, here] == wanted[here + 1]) & (
        beginnings[rows, here + 1] == wanted[here]
    )
    swapped &= here + 2 + after >= length
    out: NDArray[np.bool_] = another | too_few | too_many | swapped
    return out


def _equal_to_the_end(same: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of the last columns are True without a gap, for each row."""
    stopped = np.insert(same[:, ::-1], same.shape[1], values=False, axis=1)
    return np.asarray(stopped.argmin(axis=1), np.int64)


def _is_letter(letters: NDArray[np.uint32] | NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which code points are part of a word."""
    table = np.zeros(int(letters.max()) + 1, np.bool_)
    distinct = np.flatnonzero(np.bincount(letters))
    table[distinct] = [chr(point).isalnum() for point in distinct.tolist()]
    return table[letters]


def _text(value: str | float | bool) -> str:  # noqa: FBT001 - a value of a column
    """A value as people write it: 5.0 as 5."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
