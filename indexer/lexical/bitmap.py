"""Bitmaps of the rows of one chunk, in 64-bit words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from indexer.compiled import compiled
from indexer.lexical.postings import CHUNK_ROWS, signed

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORD_BITS = 6
WORDS = CHUNK_ROWS >> _WORD_BITS
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
"""A number whose 64 windows of six bits differ: its product with a power of two tells which."""
_LOWEST = np.zeros(64, np.int64)
for _bit in range(64):
    _LOWEST[((int(_DE_BRUIJN) << _bit) & (1 << 64) - 1) >> 58] = _bit


@compiled
def has_bit(rows: NDArray[np.uint64], row: int | np.int32) -> bool:
    """Whether the bit of a row is set."""
    return bool((rows[row >> _WORD_BITS] >> np.uint64(row & 63)) & np.uint64(1))


@compiled
def set_bit(rows: NDArray[np.uint64], row: int | np.int32) -> None:
    """Set the bit of a row."""
    rows[row >> _WORD_BITS] |= np.uint64(1) << np.uint64(row & 63)


@compiled
def count_bits(rows: NDArray[np.uint64]) -> int:
    """How many bits are set; they are cleared."""
    count = np.uint64(0)
    for word in range(len(rows)):
        bits = rows[word]
        if bits == 0:
            continue
        bits -= (bits >> np.uint64(1)) & np.uint64(0x5555555555555555)
        bits = (bits & np.uint64(0x3333333333333333)) + (
            (bits >> np.uint64(2)) & np.uint64(0x3333333333333333)
        )
        bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        count += (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)
        rows[word] = 0
    return signed(count)


@compiled
def list_bits(rows: NDArray[np.uint64], into: NDArray[np.int32]) -> int:
    """Write the rows whose bit is set into `into`, ascending, and count them."""
    count = 0
    for word in range(len(rows)):
        bits = rows[word]
        base = word << _WORD_BITS
        while bits:
            lowest = bits & (~bits + np.uint64(1))
            into[count] = base + _LOWEST[(lowest * _DE_BRUIJN) >> np.uint64(58)]
            count += 1
            bits ^= lowest
    return count
