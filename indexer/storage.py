"""Array files: many named arrays in one file, written once, read by mmap.

The layout is that of safetensors (an 8-byte little-endian header length, a JSON header, then the
arrays without gaps), so that any tool can look inside. The library writes it; reading is done
here because the library copies every array, and a snapshot must be shared by all worker
processes through the page cache.
"""

from __future__ import annotations

import mmap
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import orjson
from safetensors import SafetensorError
from safetensors.numpy import save_file

from indexer.compiled import compiled
from indexer.errors import SnapshotCorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Offsets: TypeAlias = "NDArray[np.uint32] | NDArray[np.int64]"
"""Where things begin that lie one after the other, and where the last ends: ``(n + 1,)``."""

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype("?"),
    "U8": np.dtype("u1"),
    "I8": np.dtype("i1"),
    "U16": np.dtype("<u2"),
    "I16": np.dtype("<i2"),
    "U32": np.dtype("<u4"),
    "I32": np.dtype("<i4"),
    "U64": np.dtype("<u8"),
    "I64": np.dtype("<i8"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
}
_LENGTH_BYTES = 8
_GREATEST_UINT32 = 2**32 - 1
_METADATA = "texts"
_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_MODE = 0o644  # the library makes files private; the service may run as somebody else


@dataclass(frozen=True, slots=True)
class ArrayFile:
    """An opened array file.

    Attributes:
        arrays: read-only views into the map, by name.
        metadata: the header's own texts.
    """

    arrays: Mapping[str, NDArray[Any]]
    metadata: Mapping[str, str]

    def array(self, name: str) -> NDArray[Any]:
        """The array called `name`.

        Raises:
            SnapshotCorruptError: the file has no such array.
        """
        try:
            return self.arrays[name]
        except KeyError:
            raise SnapshotCorruptError(
                f"array {name!r} is missing; the file has {sorted(self.arrays)[:8]}. "
                "Rebuild the index with 'searchsvc reindex'."
            ) from None


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None
) -> None:
    """Write `arrays` to `path`; equal input gives equal bytes.

    Raises:
        OSError: the disk is full or read-only, or anything else that it does.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # One text: the library writes several in a different order in every process.
    texts = orjson.dumps(dict(metadata or {}), option=orjson.OPT_SORT_KEYS).decode()
    try:
        save_file(contiguous, str(path), metadata={_METADATA: texts})
    except SafetensorError as error:  # its own kind for what the system says as well
        found = _SYSTEM_ERROR.search(str(error))
        if found is None:
            raise
        number = int(found[1])
        raise OSError(number, os.strerror(number), str(path)) from error
    path.chmod(_MODE)


def read_arrays(path: Path) -> ArrayFile:
    """Map the array file at `path`.

    Raises:
        SnapshotCorruptError: the file is absent, cut short, or its header is not one.
    """
    buffer = map_file(path)
    try:
        header_length = int.from_bytes(buffer[:_LENGTH_BYTES], "little")
        start = _LENGTH_BYTES + header_length
        header = orjson.loads(buffer[_LENGTH_BYTES:start])
        metadata = orjson.loads(header.pop("__metadata__")[_METADATA])
        arrays = {name: _view(buffer, start, entry) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise SnapshotCorruptError(
            f"{path.name} is not a readable array file ({type(error).__name__}: {error}). "
            "Run 'searchsvc inspect --verify', then rebuild with 'searchsvc reindex'."
        ) from error
    return ArrayFile(arrays, metadata)


def map_file(path: Path) -> memoryview:
    """The read-only bytes of `path`, mapped; an empty file gives an empty view.

    Raises:
        SnapshotCorruptError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            if not file.seek(0, 2):
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except OSError as error:
        raise SnapshotCorruptError(
            f"{path.name} cannot be opened ({error.strerror}). "
            "Go back with 'searchsvc rollback' or rebuild with 'searchsvc reindex'."
        ) from error


def _view(buffer: memoryview, start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    dtype = _DTYPES[entry["dtype"]]
    begin, end = entry["data_offsets"]
    shape: Sequence[int] = entry["shape"]
    if not 0 <= begin <= end <= len(buffer) - start:
        raise ValueError("an array ends behind the end of the file")
    data = np.frombuffer(buffer[start + begin : start + end], dtype)
    return data.reshape(shape)


def offsets_of(
    lengths: Sequence[int] | NDArray[np.integer[Any]],
) -> Offsets:
    """Where each of things of these lengths begins, and the end: ``(n + 1,)``.

    Returns:
        uint32 below 4 GiB in all, else int64.
    """
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets if offsets[-1] > _GREATEST_UINT32 else offsets.astype(np.uint32)


@dataclass(frozen=True, slots=True)
class StringTable:
    """Texts as one byte array and offsets; binary search when they are sorted by UTF-8 bytes.

    Attributes:
        data: uint8 ``(bytes,)``, all texts in UTF-8 one after the other.
        offsets: ``(n + 1,)``, where each begins; the last is the end. uint32 below 4 GiB of text,
            else int64.
    """

    data: NDArray[np.uint8]
    offsets: Offsets
    # A binary search touches single elements, which costs far less without NumPy's scalars.
    _data_view: memoryview = field(init=False, repr=False, compare=False)
    _offsets_view: memoryview = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_data_view", self.data.data)
        object.__setattr__(self, "_offsets_view", self.offsets.data)

    @classmethod
    def of(cls, texts: Iterable[str]) -> StringTable:
        """A table of `texts` in their order."""
        encoded = [text.encode() for text in texts]
        data = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(data, offsets_of([len(text) for text in encoded]))

    @classmethod
    def read(cls, file: ArrayFile, name: str) -> StringTable:
        """The table that `arrays` named `name`."""
        return cls(file.array(f"{name}.data"), file.array(f"{name}.offsets"))

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """What to hand to `write_arrays`."""
        return {f"{name}.data": self.data, f"{name}.offsets": self.offsets}

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return self._bytes(index).decode()

    def find(self, text: str) -> int | None:
        """The position of `text` in a table sorted by UTF-8 bytes, or ``None``."""
        key = text.encode()
        position = self._first_from(key)
        if position < len(self) and self._bytes(position) == key:
            return position
        return None

    def starting_with(self, prefix: str) -> range:
        """The positions of the texts that begin with `prefix`, if sorted by UTF-8 bytes."""
        key = prefix.encode()
        # No UTF-8 text has the byte 255, so that this is behind all that begin with the key.
        return range(self._first_from(key), self._first_from(key + b"\xff"))

    def places_in(self, other: StringTable) -> NDArray[np.int32]:
        """Where `other` has each of these texts, int32 ``(n,)``; -1 where it has not.

        Both are sorted by UTF-8 bytes.
        """
        places = np.full(len(self), -1, np.int32)
        _find_all(self.data, self.offsets, other.data, other.offsets, places)
        return places

    def _first_from(self, key: bytes) -> int:
        """The position of the first text that is not before `key`."""
        return _lower_bound(self.data, self.offsets, np.frombuffer(key, np.uint8))

    def _bytes(self, index: int) -> bytes:
        offsets = self._offsets_view
        return bytes(self._data_view[offsets[index] : offsets[index + 1]])


@compiled
def _lower_bound(
    data: NDArray[np.uint8], offsets: NDArray[np.integer[Any]], key: NDArray[np.uint8]
) -> int:
    """How many of the texts sort before `key`; a query looks for dozens in a million words."""
    low, high = 0, len(offsets) - 1
    while low < high:
        middle = (low + high) // 2
        if _is_before(data[offsets[middle] : offsets[middle + 1]], key):
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _is_before(text: NDArray[np.uint8], key: NDArray[np.uint8]) -> bool:
    shared = min(len(text), len(key))
    for place in range(shared):
        if text[place] != key[place]:
            return bool(text[place] < key[place])
    return len(text) < len(key)


@compiled
def _find_all(
    data: NDArray[np.uint8],
    offsets: NDArray[np.integer[Any]],
    other_data: NDArray[np.uint8],
    other_offsets: NDArray[np.integer[Any]],
    places: NDArray[np.int32],
) -> None:
    """Walk through two sorted tables side by side."""
    other, end = 0, len(other_offsets) - 1
    for place in range(len(offsets) - 1):
        text = data[offsets[place] : offsets[place + 1]]
        while other < end and _is_before(
            other_data[other_offsets[other] : other_offsets[other + 1]], text
        ):
            other += 1
        if other < end and not _is_before(
            text, other_data[other_offsets[other] : other_offsets[other + 1]]
        ):
            places[place] = other
