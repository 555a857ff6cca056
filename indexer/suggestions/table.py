"""The phrase table: finds the heaviest phrases by the beginning of any of their words.

A phrase's *key* is its words, folded, each with a space behind it: ``"head"``
and ``"gaming he"`` begin at a word of ``"gaming headset "``, and ``"head "`` does not. Phrases are
sorted by key; an entry for each word but the first, sorted by the rest of the key from there,
finds the others. A lookup is two binary searches in each of them and a partition of the weights
between.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.analysis.text import caseless, fold
from indexer.analysis.words import split_words
from indexer.errors import SnapshotCorruptError
from indexer.hits import Hits
from indexer.storage import StringTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

    Numbers = NDArray[np.int64]

_BEHIND = b"\xff"  # which no UTF-8 text has


@dataclass(frozen=True, slots=True)
class Phrase:
    """What may be suggested.

    Attributes:
        text: as it is shown.
        term: the stems of its words, parted by spaces.
        weight: heavier ones come first; a number of products, or of searches.
    """

    text: str
    term: str
    weight: int


def key_words(text: str) -> list[str]:
    """The words of `text`, caseless and without accents."""
    return [fold(word) for word in split_words(caseless(text)).texts]


class PhraseTable:
    """Phrases by number, in the order of their keys; safe to share by threads."""

    def __init__(self, arrays: ArrayFile) -> None:
        """Take what `phrase_arrays` gave.

        Raises:
            SnapshotCorruptError: the arrays do not fit each other.
        """
        self._texts = StringTable.read(arrays, "phrases.texts")
        self._keys = StringTable.read(arrays, "phrases.keys")
        self._terms = StringTable.read(arrays, "phrases.terms")
        self._weights = arrays.array("phrases.weights")
        self._owners = arrays.array("phrases.inner.owners")
        self._begins = arrays.array("phrases.inner.begins")
        lengths = {len(self._keys), len(self._terms), len(self._weights)}
        if lengths != {len(self._texts)} or len(self._owners) != len(self._begins):
            raise SnapshotCorruptError(
                f"the suggestions have {len(self._texts)} texts and arrays of {sorted(lengths)}, "
                "expected one length. Rebuild the index with 'searchsvc reindex'."
            )

    def __len__(self) -> int:
        return len(self._texts)

    def text(self, number: int) -> str:
        """The phrase as it is shown."""
        return self._texts[number]

    def term(self, number: int) -> str:
        """The stems of its words, parted by spaces."""
        return self._terms[number].strip()

    def weight(self, number: int) -> int:
        """What `Phrase` says."""
        return int(self._weights[number])

    def complete(
        self, prefix: str, limit: int, banned: NDArray[np.bool_] | None = None
    ) -> list[int]:
        """The phrases in which a word begins what `prefix` begins.

        Args:
            prefix: the beginning of a key, or of a part of one that begins at a word.
            limit: how many at most.
            banned: bool ``(phrases,)``, those to leave out; ``None`` for none.

        Returns:
            Those that begin with it first, then the others, each heaviest first, ties by key.
        """
        begin = self._keys.starting_with(prefix)
        found = self._heaviest(np.arange(begin.start, begin.stop), limit, banned)
        if len(found) < limit:
            inner = _distinct(self._inner(prefix))
            others = self._heaviest(inner, limit + len(found), banned)
            found += [number for number in others if number not in found]
        return found[:limit]

    def complete_any_order(
        self,
        words: Sequence[str],
        prefix: str,
        limit: int,
        banned: NDArray[np.bool_] | None = None,
    ) -> list[int]:
        """The phrases with all of `words` and one that begins with `prefix`, in any order.

        Args:
            words: folded, at least one.
            prefix: of a word; ``""`` for none.
            limit: how many at most.
            banned: see `complete`.

        Returns:
            Heaviest first, ties by key.
        """
        begins = [f"{word} " for word in words] + ([prefix] if prefix else [])
        wanted = [self._having(begin) for begin in dict.fromkeys(begins)]
        both = reduce(lambda one, other: np.intersect1d(one, other, assume_unique=True), wanted)
        return self._heaviest(both, limit, banned)

    def with_terms(self, texts: Iterable[Sequence[str]]) -> NDArray[np.bool_]:
        """Which phrases have any of `texts` in them, bool ``(phrases,)``.

        Args:
            texts: each as the stems of its words in their order, at least one.
        """
        data = bytes(self._terms.data)
        mask = np.zeros(len(self), np.bool_)
        for terms in texts:
            needle = f" {' '.join(terms)} ".encode()
            place = data.find(needle)
            while place >= 0:
                mask[np.searchsorted(self._terms.offsets, place, "right") - 1] = True
                place = data.find(needle, place + 1)
        return mask

    def _having(self, prefix: str) -> Numbers:
        """The phrases in which a word begins with `prefix`, ascending."""
        first = self._keys.starting_with(prefix)
        found = np.concatenate((np.arange(first.start, first.stop), self._inner(prefix)))
        return _distinct(found)

    def _inner(self, prefix: str) -> Numbers:
        """The phrases in which a word but the first begins with `prefix`, may be repeated."""
        wanted = prefix.encode()
        entries = range(len(self._owners))
        begin = bisect_left(entries, wanted, key=self._rest)
        end = bisect_left(entries, wanted + _BEHIND, begin, key=self._rest)
        return self._owners[begin:end].astype(np.int64)

    def _rest(self, entry: int) -> bytes:
        owner, offsets = self._owners[entry], self._keys.offsets
        begin = int(offsets[owner]) + int(self._begins[entry])
        return bytes(self._keys.data[begin : int(offsets[owner + 1])])

    def _heaviest(
        self, numbers: Numbers, limit: int, banned: NDArray[np.bool_] | None
    ) -> list[int]:
        if banned is not None:
            numbers = numbers[~banned[numbers]]
        found: list[int] = Hits.best(
            numbers, self._weights[numbers].astype(np.int64), limit
        ).rows.tolist()
        return found


def _distinct(numbers: Numbers) -> Numbers:
    """Distinct and ascending; for a handful of numbers far cheaper than NumPy's `unique`."""
    numbers.sort()
    return numbers[np.diff(numbers, prepend=-1) > 0]


def phrase_arrays(phrases: Iterable[Phrase]) -> dict[str, NDArray[Any]]:
    """The arrays that `PhraseTable` reads; of phrases with one key, the heaviest stays.

    The same phrases in any order give the same arrays.
    """
    by_key: dict[bytes, Phrase] = {}
    for phrase in sorted(phrases, key=lambda it: (-it.weight, it.text.encode())):
        key = "".join(f"{word} " for word in key_words(phrase.text)).encode()
        if key:
            by_key.setdefault(key, phrase)
    keys = sorted(by_key)
    kept = [by_key[key] for key in keys]
    inner = sorted(
        (key[begin:], owner, begin)
        for owner, key in enumerate(keys)
        for begin in _word_begins(key)
    )
    return {
        **StringTable.of(phrase.text for phrase in kept).arrays("phrases.texts"),
        **StringTable.of(key.decode() for key in keys).arrays("phrases.keys"),
        **StringTable.of(f" {phrase.term} " for phrase in kept).arrays("phrases.terms"),
        "phrases.weights": np.array([phrase.weight for phrase in kept], np.uint32),
        "phrases.inner.owners": np.array([owner for _, owner, _ in inner], np.uint32),
        "phrases.inner.begins": np.array([begin for _, _, begin in inner], np.uint16),
    }


def _word_begins(key: bytes) -> Iterable[int]:
    """Where each word but the first begins."""
    begin = key.find(b" ") + 1
    while begin < len(key):
        yield begin
        begin = key.find(b" ", begin) + 1
