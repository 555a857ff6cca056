"""Identifiers: which products an id, a GTIN, an MPN or a SKU names.

They are kept as hashes, sorted. The first bits of a hash say where to look, the next 32 are
stored: a query that is no identifier passes for one with odds below 1 to 10^8.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.analysis.text import normalize_identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from indexer.product import Product
    from indexer.storage import ArrayFile

MOST_SHARED = 100
"""An identifier that more products share is a placeholder, not an identifier."""
_ZERO = "0"  # a GTIN of zeros, without its leading ones
_HASH_BITS = 64
_KEY_BITS = 32
_BUCKET_BITS = 4  # about so many entries, as a power of two, are looked through
_NAME = "identifiers"


def identifiers_of(product: Product) -> set[str]:
    """The normalized id, GTIN, MPN and SKU of `product`, as far as it has them."""
    return set(_identifiers(product)) - {""}


def _identifiers(product: Product) -> Iterator[str]:
    yield normalize_identifier(product.id)
    for value in (product.gtin, product.mpn, *_skus(product)):
        identifier = normalize_identifier(value)
        if identifier != _ZERO:
            yield identifier


def _skus(product: Product) -> Iterator[str]:
    for name, value in product.attributes.items():
        if name.casefold() == "sku" and not isinstance(value, bool | tuple):
            yield value if isinstance(value, str) else f"{value:.15g}"


def hash_of(identifier: str) -> int:
    """The 64-bit hash of a normalized identifier."""
    return int.from_bytes(blake2b(identifier.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Identifiers:
    """The identifiers of all products, placeholders included: they may become telling again.

    Attributes:
        begins: uint32 ``(buckets + 1,)``, where the entries of each bucket begin; a power of two.
        keys: uint32 ``(n,)``, of each entry, ascending in a bucket.
        rows: int32 ``(n,)``, whose it is, ascending where keys are equal.
    """

    begins: NDArray[np.uint32]
    keys: NDArray[np.uint32]
    rows: NDArray[np.int32]

    @classmethod
    def of(cls, hashes: NDArray[np.uint64], rows: NDArray[np.int32]) -> Identifiers:
        """Those of `rows` ``(n,)``, each with one of `hashes` ``(n,)``, in any order."""
        bits = max(1, len(hashes).bit_length() - _BUCKET_BITS)
        return cls._of_codes(_codes(hashes, bits), rows, bits)

    @classmethod
    def _of_codes(
        cls, codes: NDArray[np.uint64], rows: NDArray[np.int32], bits: int
    ) -> Identifiers:
        order = np.lexsort((rows, codes))
        codes = codes[order]
        counts = np.bincount((codes >> np.uint64(_KEY_BITS)).astype(np.int64), minlength=1 << bits)
        begins = np.zeros((1 << bits) + 1, np.uint32)
        np.cumsum(counts, out=begins[1:])
        return cls(begins, codes.astype(np.uint32), rows[order])

    @classmethod
    def read(cls, file: ArrayFile) -> Identifiers:
        """Those of `file`, mapped."""
        return cls(*(file.array(f"{_NAME}.{part}") for part in ("begins", "keys", "rows")))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What to hand to `write_arrays`."""
        return {
            f"{_NAME}.begins": self.begins,
            f"{_NAME}.keys": self.keys,
            f"{_NAME}.rows": self.rows,
        }

    def find(self, text: str) -> NDArray[np.int64]:
        """The rows of all products with an identifier equal to `text`, ascending.

        Case, spaces, dashes and a number's leading zeros do not count.
        """
        identifier = normalize_identifier(text)
        if not identifier:
            return np.empty(0, np.int64)
        code = hash_of(identifier) >> (_HASH_BITS - self._bits - _KEY_BITS)
        bucket, key = code >> _KEY_BITS, np.uint32(code & (1 << _KEY_BITS) - 1)
        begin, end = int(self.begins[bucket]), int(self.begins[bucket + 1])
        low, high = (
            begin + self.keys[begin:end].searchsorted(key, it) for it in ("left", "right")
        )
        if high - low > MOST_SHARED:  # an "n/a" in the MPN of half the catalogue
            high = low
        return self.rows[low:high].astype(np.int64)

    def merged(
        self,
        moved: NDArray[np.int32],
        hashes: NDArray[np.uint64],
        rows: NDArray[np.int32],
    ) -> Identifiers:
        """These after products have moved, gone and come.

        Args:
            moved: int32 ``(old products,)``, the new row of each, -1 where it is gone.
            hashes: uint64 ``(n,)``, of what comes,
            rows: int32 ``(n,)``, with the new row of each.
        """
        buckets = np.repeat(np.arange(len(self.begins) - 1, dtype=np.uint64), np.diff(self.begins))
        codes = buckets << np.uint64(_KEY_BITS) | self.keys
        kept = moved[self.rows]
        stays = kept >= 0
        bits = self._bits
        return self._of_codes(
            np.concatenate((codes[stays], _codes(hashes, bits))),
            np.concatenate((kept[stays], rows)),
            bits,
        )

    @property
    def _bits(self) -> int:
        return (len(self.begins) - 1).bit_length() - 1


def _codes(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.uint64]:
    """The bits of hashes that say where to look, and those that are stored."""
    return hashes >> np.uint64(_HASH_BITS - bits - _KEY_BITS)
