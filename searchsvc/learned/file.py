"""The learned file: a model on the disk, beside the other live files of its index.

``learned.safetensors`` is an array file (see `indexer.storage`) with the arrays of `Learned` and
one text, its header, as JSON. It is replaced by a rename and never written to, so that its arrays
stay mapped: the worker processes share their memory, and what one has opened outlives the file.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from indexer.durable import flush, remove_durably
from indexer.errors import SnapshotCorruptError
from indexer.storage import StringTable, read_arrays, write_arrays
from searchsvc.errors import LiveSettingsUnreadableError
from searchsvc.learned.model import Learned, LearnedFrom, TraitField
from searchsvc.livefile import changing, stamp_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from indexer.layout import IndexLayout
    from indexer.storage import ArrayFile
    from searchsvc.livefile import Stamp

FORMAT: Final = 1
"""1: November 2026. Popularity, traits by product, shares, one weight for each field."""
_TEXT = "learned"
_RELEARN = "Learn it again with 'searchsvc segments learn'"
_ARRAYS = {
    "popularity": "f4",
    "field_of": "i2",
    "shares": "f4",
    "starts": "i8",
    "traits": "i4",
    "parts": "f4",
    "band_edges": "f8",
}
_CONTINUED = 0b1000_0000  # of UTF-8: a byte that no character begins with
_CONTINUED_MASK = 0b1100_0000


class _Header(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    origin: LearnedFrom
    fields: tuple[TraitField, ...]


class LearnedFile:
    """The learned file of one index."""

    def __init__(self, layout: IndexLayout) -> None:
        self._path = layout.learned_file
        self._lock = layout.live_lock_file

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self._path.name

    def stamp(self) -> Stamp:
        """See `stamp_of`."""
        return stamp_of(self._path)

    def read(self) -> Learned | None:
        """The model, its arrays mapped; ``None`` where there is no file.

        Raises:
            LiveSettingsUnreadableError: the file cannot be read, is damaged or of another format.
        """
        if not self._exists():
            return None
        try:
            file = read_arrays(self._path)
            header = _Header.model_validate_json(file.metadata.get(_TEXT, ""))
            model = _model(header, file)
            _check(model)
        except SnapshotCorruptError as error:
            raise self._refusal("is damaged, or no array file with a learned model") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "its text"
            raise self._refusal(f"is of no known format at {place!r}: {first['msg']}") from error
        except ValueError as error:
            raise self._refusal(str(error)) from error
        return model

    def replace(self, learned: Learned) -> None:
        """Make `learned` the model.

        It is written in a directory aside, which the next writer empties when this one dies: the
        library has files of its own beside the one that it writes. The lock is held meanwhile,
        about a second for a million products.

        Raises:
            LiveSettingsUnwritableError: the disk is full or read-only.
        """
        header = _Header(origin=learned.origin, fields=learned.fields)
        arrays = {name: getattr(learned, name) for name in _ARRAYS}
        arrays |= _wide(learned.ids, "ids") | _wide(learned.values, "values")
        aside = self._path.with_name(f".{self._path.stem}.new")
        with changing(self._path, self._lock):
            if aside.exists():
                shutil.rmtree(aside)
            aside.mkdir()
            _write(aside / self.name, arrays, header.model_dump_json())
            (aside / self.name).replace(self._path)
            flush(self._path.parent)
            aside.rmdir()

    def remove(self) -> None:
        """Have no model.

        Raises:
            LiveSettingsUnwritableError: the directory is read-only.
        """
        with changing(self._path, self._lock):
            remove_durably(self._path)

    def _exists(self) -> bool:
        try:
            self._path.stat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._refusal(f"cannot be read ({error.strerror or error})") from error
        return True

    def _refusal(self, reason: str) -> LiveSettingsUnreadableError:
        return LiveSettingsUnreadableError(f"{self.name}: {reason}. {_RELEARN}")


def _write(path: Path, arrays: dict[str, NDArray[Any]], text: str) -> None:
    """Write the file at `path`, and have it on the disk.

    Raises:
        OSError: the disk is full or read-only.
    """
    write_arrays(path, arrays, {_TEXT: text})
    flush(path)


def _wide(texts: StringTable, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of `texts`; where each begins in eight bytes, whatever it is in memory."""
    arrays = texts.arrays(name)
    offsets = f"{name}.offsets"
    return arrays | {offsets: arrays[offsets].astype(np.int64)}


def _model(header: _Header, file: ArrayFile) -> Learned:
    """The model in `file`; its arrays are of the right types, their content is not checked."""
    return Learned(
        origin=header.origin,
        fields=header.fields,
        ids=_texts(file, "ids"),
        values=_texts(file, "values"),
        **{name: _array(file, name, dtype) for name, dtype in _ARRAYS.items()},
    )


def _array(file: ArrayFile, name: str, dtype: str) -> NDArray[Any]:
    array = file.array(name)
    if array.dtype != np.dtype(dtype) or array.ndim != 1:
        raise ValueError(
            f"array {name!r} is {array.dtype}, {array.ndim}-d; expected {np.dtype(dtype)}, 1-d"
        )
    return array


def _texts(file: ArrayFile, name: str) -> StringTable:
    """The texts called `name`; each is whole, and in UTF-8."""
    data, offsets = _array(file, f"{name}.data", "u1"), _array(file, f"{name}.offsets", "i8")
    _check_offsets(f"{name}.offsets", offsets, len(data))
    bytes(data).decode()  # a UnicodeDecodeError is a ValueError
    begins = offsets[offsets < len(data)]
    if np.any(data[begins] & _CONTINUED_MASK == _CONTINUED):
        raise ValueError(f"array {name + '.offsets'!r} parts a character")
    return StringTable(data, offsets)


def _check(model: Learned) -> None:
    """Refuse arrays that do not belong together: what uses them relies on it."""
    products, traits = len(model.ids), len(model.values)
    _check_length("popularity", model.popularity, products)
    _check_length("field_of", model.field_of, traits)
    _check_length("shares", model.shares, traits)
    _check_length("starts", model.starts, products + 1)
    _check_length("parts", model.parts, len(model.traits))
    _check_offsets("starts", model.starts, len(model.traits))
    _check_range("traits", model.traits, 0, traits - 1)
    _check_range("field_of", model.field_of, 0, len(model.fields) - 1)
    _check_range("popularity", model.popularity, 0, float(np.finfo(np.float32).max))
    for name in ("shares", "parts"):
        _check_range(name, getattr(model, name), float(np.finfo(np.float32).tiny), 1)
    _check_ascending("field_of", model.field_of)
    _check_ascending("band_edges", model.band_edges)


def _check_length(name: str, array: NDArray[Any], expected: int) -> None:
    if len(array) != expected:
        raise ValueError(f"array {name!r} has {len(array):,} entries, expected {expected:,}")


def _check_offsets(name: str, array: NDArray[np.int64], end: int) -> None:
    if not len(array) or array[0] != 0 or array[-1] != end:
        raise ValueError(f"array {name!r} does not go from 0 to {end:,}")
    _check_ascending(name, array)


def _check_ascending(name: str, array: NDArray[Any]) -> None:
    if not np.all(array[1:] >= array[:-1]):
        raise ValueError(f"array {name!r} does not ascend")


def _check_range(name: str, array: NDArray[Any], low: float, high: float) -> None:
    # Negated, so that what is no number is refused, too.
    if len(array) and not (array.min() >= low and array.max() <= high):
        raise ValueError(
            f"array {name!r} has values from {array.min()} to {array.max()}, "
            f"expected {low:g} to {high:g}"
        )
