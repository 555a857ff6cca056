"""The deletion neighbourhood: finds the words that may be within two edits of another.

Two words within d edits become equal when at most d letters are deleted from each (Bocek, Hunt,
Stiller: *Fast similarity search in large dictionaries*, 2007; Garbe's SymSpell, 2012), and so do
their first letters alone, since letters that an edit moves across the cut are deleted in place of
others. So a word is filed under the hash of everything that is left of its first seven letters
when up to two are deleted, and a lookup reads only the lists of what is left of the typed word.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.errors import SnapshotCorruptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from indexer.storage import ArrayFile

MOST_EDITS = 2
SHORTEST_WORD = 3
_PREFIX = 7
# Odd 64-bit constants: the fractions of the golden ratio and of the square root of two.
_POSITION = 0x6A09E667F3BCC909
_SPREAD = 0x9E3779B97F4A7C15
_WORD_BITS = 64
_BUCKET_ENTRIES = 2  # at least, on average: halves the offsets, and a look at an entry is cheap
_SIGNATURE_BITS = 32


class DeletionIndex:
    """Word numbers by what is left of the word, mapped from disk."""

    def __init__(self, file: ArrayFile) -> None:
        self._offsets = file.array("deletions.offsets")
        self._words = file.array("deletions.words")
        self._signatures = file.array("deletions.signatures")
        buckets = len(self._offsets) - 1
        if buckets < 1 or buckets & (buckets - 1) or self._offsets[-1] != len(self._words):
            raise SnapshotCorruptError(
                f"the spelling dictionary has {buckets} buckets and {len(self._words)} entries, "
                "expected a power of two and an end of the last bucket that agrees. "
                "Rebuild the index with 'searchsvc reindex'."
            )

    def __len__(self) -> int:
        return len(self._signatures)

    def near(self, word: str, edits: int) -> list[int]:
        """The numbers of all words within `edits` edits of `word`, and of some others.

        Args:
            word: of `edits` + `SHORTEST_WORD` letters or more.
            edits: optimal string alignment distance, 1 or 2.

        Returns:
            Distinct numbers, ascending.
        """
        codes = _codes([word])
        hashes = _hashes(codes, edits)[0]
        buckets = _buckets(hashes, len(self._offsets) - 1)
        begins = self._offsets[buckets].tolist()
        ends = self._offsets[buckets + 1].tolist()
        lists = [self._words[begin:end] for begin, end in zip(begins, ends, strict=True)]
        found = np.concatenate(lists)
        # An edit changes the parity of at most two letters.
        differing = np.bitwise_count(self._signatures[found] ^ _signatures(codes)[0])
        return sorted(set(found[differing <= 2 * edits].tolist()))


def deletion_arrays(words: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The arrays that `DeletionIndex` reads.

    Args:
        words: in the order of their numbers; those that are too short are never found.
    """
    signatures = np.zeros(len(words), np.uint32)
    hashes = [np.empty(0, np.uint64)]
    numbers = [np.empty(0, np.int64)]
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    for length in np.unique(lengths[lengths >= SHORTEST_WORD]).tolist():
        members = np.flatnonzero(lengths == length)
        codes = _codes([words[number] for number in members.tolist()])
        signatures[members] = _signatures(codes)
        left = _hashes(codes, MOST_EDITS)
        hashes.append(left.ravel())
        numbers.append(np.repeat(members, left.shape[1]))
    entries = np.concatenate(hashes)
    bucket_count = 1 << max(0, (len(entries) // _BUCKET_ENTRIES).bit_length() - 1)
    # Letters that repeat leave the same behind: such an entry is kept once.
    keys = np.unique(_buckets(entries, bucket_count) * len(words) + np.concatenate(numbers))
    buckets, owners = np.divmod(keys, max(len(words), 1))
    counts = np.bincount(buckets, minlength=bucket_count)
    return {
        "deletions.offsets": np.concatenate(([0], np.cumsum(counts))).astype(np.uint32),
        "deletions.words": owners.astype(np.uint32),
        "deletions.signatures": signatures,
    }


def _codes(words: Sequence[str]) -> NDArray[np.uint32]:
    """The code points of words of one length, uint32 ``(words, letters)``."""
    data = np.frombuffer("".join(words).encode("utf-32-le"), "<u4")
    return data.reshape(len(words), -1)


def _hashes(codes: NDArray[np.uint32], edits: int) -> NDArray[np.uint64]:
    """Of what up to `edits` deletions leave of each word's beginning, uint64 ``(words, ways)``.

    A sum of code points times powers of one odd constant, modulo 2^64: the same everywhere.
    """
    beginnings = codes[:, :_PREFIX].astype(np.uint64)
    return beginnings @ _powers(beginnings.shape[1], edits)


@cache
def _powers(length: int, edits: int) -> NDArray[np.uint64]:
    """What each letter counts in each way of deleting, uint64 ``(length, ways)``.

    At least `SHORTEST_WORD` letters stay: no lookup asks for less.
    """
    ways = []
    for deleted in range(min(edits, length - SHORTEST_WORD) + 1):
        for kept in combinations(range(length), length - deleted):
            column = [0] * length
            for place, letter in enumerate(kept, 1):
                column[letter] = pow(_POSITION, place, 1 << _WORD_BITS)
            ways.append(column)
    return np.array(ways, np.uint64).T.copy()


def _buckets(hashes: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    """The bucket of each hash, int64, from its upper half; `count` is a power of two."""
    spread = (hashes ^ (hashes >> np.uint64(32))) * np.uint64(_SPREAD)
    return (spread >> np.uint64(32)).astype(np.int64) & (count - 1)


def _signatures(codes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Which letters occur an odd number of times, 32 classes of letters, uint32 ``(words,)``."""
    bits = np.uint32(1) << codes % np.uint32(_SIGNATURE_BITS)
    signatures: NDArray[np.uint32] = np.bitwise_xor.reduce(bits, axis=1)
    return signatures
