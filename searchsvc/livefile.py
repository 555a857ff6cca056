"""A live file: one JSON document of an index, validated, versioned, replaced durably.

Whoever replaces it holds a lock of its own, for milliseconds; a build of the index may run at the
same time. Readers need no lock, since a file is replaced by a rename.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Generic, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from indexer.durable import remove_durably, write_durably
from searchsvc.errors import (
    BadLiveSettingsError,
    LiveSettingsChangedError,
    LiveSettingsUnreadableError,
    LiveSettingsUnwritableError,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping
    from pathlib import Path
    from typing import Any

MAX_BYTES = 256 * 1024
"""Of a document; the API takes no larger request either."""
NO_FILE = "none"
"""The version of a document that nobody has written yet; it is empty."""

_SHOWN_COMPLAINTS = 5
_SHOWN_CHARACTERS = 80
_VERSION_DIGITS = 16
_MANY_DIGITS = 24

Stamp = tuple[int, ...]
"""What changes whenever a file does; see `stamp_of`."""
D = TypeVar("D", bound=BaseModel)


class LiveFile(Generic[D]):
    """One document of one index."""

    def __init__(self, path: Path, lock: Path, model: type[D]) -> None:
        """Make a handle.

        Args:
            path: the file, which need not exist; then the document is the empty one.
            lock: held while the file is replaced.
            model: what the document must be; all of its fields have defaults.
        """
        self._path = path
        self._lock = lock
        self._model = model

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self._path.name

    def stamp(self) -> Stamp:
        """See `stamp_of`."""
        return stamp_of(self._path)

    def read(self) -> tuple[D, str]:
        """The document and its version.

        Raises:
            LiveSettingsUnreadableError: the file cannot be read, or its content is not valid.
        """
        data = self._bytes()
        try:
            document = self._model() if data is None else parse(self._model, data)
        except BadLiveSettingsError as error:
            raise LiveSettingsUnreadableError(f"{self.name}: {error}") from error
        return document, _version(data)

    def replace(self, document: D, expected: Collection[str] | None = None) -> str:
        """Make `document` the content.

        Args:
            document: to be written as it was given, without defaults; indented for people
                where that leaves it within the limit.
            expected: versions one of which the file must have now; ``None`` for any.

        Returns:
            The new version.

        Raises:
            BadLiveSettingsError: the document is too large.
            LiveSettingsChangedError: the file is of another version.
            LiveSettingsUnwritableError: the disk is full or read-only.
        """
        content = document.model_dump(mode="json", exclude_unset=True)
        data = orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"
        if len(data) > MAX_BYTES:
            data = orjson.dumps(content)
        _check_size(data)
        with self._changing(expected):
            write_durably(self._path, data)
        return _version(data)

    def remove(self, expected: Collection[str] | None = None) -> str:
        """Make the empty document the content; see `replace`."""
        with self._changing(expected):
            remove_durably(self._path)
        return NO_FILE

    @contextmanager
    def _changing(self, expected: Collection[str] | None) -> Generator[None]:
        with changing(self._path, self._lock):
            if expected is not None:
                self._check_version(expected)
            yield

    def _check_version(self, expected: Collection[str]) -> None:
        found = _version(self._bytes())
        if found not in expected:
            named = " or ".join(sorted(expected))
            raise LiveSettingsChangedError(
                f"{self.name} is of version {found!r} by now, not {named!r}. "
                "Read it again, and repeat the change on what it says."
            )

    def _bytes(self) -> bytes | None:
        """The content; ``None`` where there is no file. Never much more than the limit."""
        try:
            with self._path.open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise LiveSettingsUnreadableError(
                f"{self.name} cannot be read ({error.strerror or error}); "
                "the service's user needs read access to it"
            ) from error


def stamp_of(path: Path) -> Stamp:
    """Changes with the file: identity, size, times in ns; the error's number instead."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return ()
    except OSError as error:
        return (error.errno or 0,)
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@contextmanager
def changing(path: Path, lock: Path) -> Generator[None]:
    """Hold `lock` while the file at `path` is replaced.

    Raises:
        LiveSettingsUnwritableError: the disk is full or read-only.
    """
    try:
        with lock.open("a") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise LiveSettingsUnwritableError(
            f"{path.name} cannot be written ({error.strerror or error}). "
            "It needs space, and write access to the index's directory."
        ) from error


def parse(model: type[D], data: bytes) -> D:
    """The document in `data`.

    Raises:
        BadLiveSettingsError: it is none; names the place, what was found and what was expected.
    """
    _check_size(data)
    try:
        document = model.model_validate_json(data, strict=True)  # "1" is no number, 1 not true
    except ValidationError as error:
        complaints = error.errors(include_url=False)
        parts = [_complaint(model, entry) for entry in complaints[:_SHOWN_COMPLAINTS]]
        if len(complaints) > _SHOWN_COMPLAINTS:
            parts.append(f"and {len(complaints) - _SHOWN_COMPLAINTS} more")
        raise BadLiveSettingsError("; ".join(parts)) from None
    # Only now: what passed is JSON, and no deeper than the model.
    decoded = json.loads(
        data, object_pairs_hook=_without_duplicates, parse_int=_whole_number, parse_float=str
    )
    _check_numbers(decoded, "")
    return document


def _whole_number(digits: str) -> int:
    """It, or of a longer one as many digits as are too many: Python takes no more than 4,300."""
    return int(digits[:_MANY_DIGITS])


def _check_numbers(value: object, place: str) -> None:
    """Refuse whole numbers that a file of ours cannot have."""
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise BadLiveSettingsError(
            f"{place}: a whole number of more than 64 bits, expected a smaller one"
        )
    listed = dict(enumerate(value)) if isinstance(value, list) else value
    for name, entry in listed.items() if isinstance(listed, dict) else ():
        _check_numbers(entry, f"{place}.{name}".removeprefix(".")[:_SHOWN_CHARACTERS])


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object of which pydantic would take the last value and drop the others."""
    counts = Counter(key for key, _ in pairs)
    for key, count in counts.items():
        if count > 1:
            raise BadLiveSettingsError(
                f"{key[:_SHOWN_CHARACTERS]!r} stands {count} times in one object, expected once; "
                "keep one of them"
            )
    return dict(pairs)


def _check_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise BadLiveSettingsError(
            f"the document has more than {MAX_BYTES:,} bytes; shorten it to that"
        )


def _complaint(model: type[BaseModel], entry: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in entry["loc"]) or "the document"
    found = repr(entry["input"])[:_SHOWN_CHARACTERS]
    if entry["type"] == "json_invalid":
        return f"expected JSON; {entry['ctx']['error']}"
    if entry["type"] == "extra_forbidden" and len(entry["loc"]) == 1:
        known = ", ".join(model.model_fields)
        return f"{place[:_SHOWN_CHARACTERS]}: unknown, expected one of {known}"
    message = entry["msg"].removeprefix("Value error, ")  # pydantic's words before our own
    return f"{place[:_SHOWN_CHARACTERS]}: {message} (found {found})"


def _version(data: bytes | None) -> str:
    """Of a content: equal for equal bytes, and good for an ETag."""
    return NO_FILE if data is None else sha256(data).hexdigest()[:_VERSION_DIGITS]
