"""Eight-bit codes: each vector as small integers and one scale."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from indexer.compiled import compiled, prefetch
from indexer.cores import available_cores
from indexer.errors import SnapshotCorruptError
from indexer.storage import read_arrays, write_arrays
from indexer.vectors.half import widen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_LARGEST_CODE = 127
_LARGEST_SCALE = 65_535
_UNIT = 1.0 / (_LARGEST_CODE * _LARGEST_SCALE)  # no component of a unit vector is beyond 1
_LARGEST_SUM = 2**31 - 1
_BLOCK_ROWS = 16_384
_LINE_BYTES = 64  # of a processor's cache
_AHEAD = 16  # rows; 8 to 32 are as fast


class Codes(NamedTuple):
    """Vectors of at most norm 1 in a quarter of their bytes.

    A component is ``code * scale / (127 * 65535)``. Integers make every inner product the same to
    the bit, whatever the processor adds up first and whatever else is asked for.

    Attributes:
        codes: int8 ``(n, dimension)``.
        scales: uint16 ``(n,)``.
    """

    codes: NDArray[np.int8]
    scales: NDArray[np.uint16]

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> Codes:
        """The codes of `vectors`, float32 ``(n, dimension)``, no component beyond 1."""
        largest = np.abs(vectors).max(axis=1, initial=0.0)
        scales = np.clip(np.ceil(largest * _LARGEST_SCALE), 1, _LARGEST_SCALE)
        steps = (scales * _UNIT).astype(np.float32)
        codes = np.rint(vectors / steps[:, None])
        return cls(
            np.clip(codes, -_LARGEST_CODE, _LARGEST_CODE).astype(np.int8),
            scales.astype(np.uint16),
        )

    @classmethod
    def of_all(cls, vectors: NDArray[np.float16]) -> Codes:
        """The codes of `vectors`, float16 ``(n, dimension)``, block by block on all cores."""
        blocks = (
            vectors[at : at + _BLOCK_ROWS] for at in range(0, max(len(vectors), 1), _BLOCK_ROWS)
        )
        with ThreadPoolExecutor(available_cores()) as threads:
            return cls.joined(list(threads.map(lambda block: cls.of(widen(block)), blocks)))

    @classmethod
    def joined(cls, parts: Sequence[Codes]) -> Codes:
        """One after the other."""
        return cls(*map(np.concatenate, zip(*parts, strict=True)))

    def write(self, path: Path) -> None:
        """Write them to `path`."""
        write_arrays(path, self._asdict())

    @classmethod
    def read(cls, path: Path, count: int, dimension: int) -> Codes:
        """The codes at `path`, mapped.

        Raises:
            SnapshotCorruptError: they are not codes of so many vectors of this dimension.
        """
        file = read_arrays(path)
        codes = cls(file.array("codes"), file.array("scales"))
        kinds = [(array.dtype.name, array.shape) for array in codes]
        if kinds != [("int8", (count, dimension)), ("uint16", (count,))]:
            raise SnapshotCorruptError(
                f"{path.name} holds {kinds}, expected codes of {count} vectors of {dimension} "
                "dimensions. Rebuild with 'searchsvc reindex'."
            )
        return codes

    def widen(self) -> NDArray[np.float32]:
        """What the codes stand for, float32 ``(n, dimension)``."""
        steps = (self.scales * _UNIT).astype(np.float32)
        vectors: NDArray[np.float32] = self.codes * steps[:, None]
        return vectors


class CodedQuery(NamedTuple):
    """A query as integers; its error is far below that of the codes.

    Attributes:
        components: int16 ``(dimension,)``.
        unit: what an inner product with a code of scale 1 is to be multiplied by.
    """

    components: NDArray[np.int16]
    unit: float

    @classmethod
    def of(cls, query: NDArray[np.float32]) -> CodedQuery:
        """That of `query`, float32 ``(dimension,)``; no sum of products can overflow 32 bits."""
        most = min(np.iinfo(np.int16).max, _LARGEST_SUM // (_LARGEST_CODE * len(query)))
        step = float(np.abs(query).max()) / most or 1.0
        return cls(np.rint(query / step).astype(np.int16), step * _UNIT)


def similarities(codes: Codes, query: CodedQuery, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The inner products of `query` with the given rows of `codes`.

    Returns:
        float32 ``(len(rows),)``.
    """
    found = np.empty(len(rows), np.float32)
    measure(*codes, *query, rows, found)
    return found


@compiled
def measure(
    codes: NDArray[np.int8],
    scales: NDArray[np.uint16],
    components: NDArray[np.int16],
    unit: float,
    rows: NDArray[np.int64],
    found: NDArray[np.float32],
) -> None:
    """Write the inner products of a query with `rows` of codes to the beginning of `found`."""
    last = len(rows) - 1
    for place in range(len(rows)):
        # Unsigned: the compiler would have to make room for counting from the end.
        row, coming = np.uint64(rows[place]), np.uint64(rows[min(place + _AHEAD, last)])
        for component in range(0, len(components), _LINE_BYTES):
            prefetch(codes, coming, component)
        total = np.int32(0)
        for component in range(len(components)):
            product = np.int32(codes[row, component]) * np.int32(components[component])
            # 32 bits at each step, or it adds up 64 of them at half the speed.
            total = np.int32(total + np.int32(product))
        found[place] = unit * (np.float64(total) * np.float64(scales[row]))
