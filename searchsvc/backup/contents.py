"""The contents of a backup: which file of the data directory is which object.

::

    backup.json         written last: without it there is no backup
    objects/<SHA-256>   a file, by its content

A file that has not changed is the same object in the next backup, and is not copied again. What a
backup is of changes with ``backup.json`` at once; objects that it does not name are removed after
that, so that a process that is killed leaves the backup before.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from searchsvc.errors import BackupError

FORMAT_VERSION: Final = 1
"""1: November 2026."""
CONTENTS_FILE = "backup.json"
OBJECTS = "objects"
STATE_FILE = "state.db"
"""The state database, wherever the settings have it."""
PRIVATE_FILES = frozenset({STATE_FILE, "token.key", "keys.json"})
"""Files of the data directory itself; they are for their owner alone."""
MAX_CONTENTS_BYTES = 64 * 1024 * 1024

_INDEX = "[a-z0-9][a-z0-9_-]{0,62}"
_GENERATION = r"g\d{8}-[0-9a-f]{8}"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
FILE_NAME = re.compile(_NAME)
_PATH = re.compile(
    rf"(?:state\.db|token\.key|keys\.json|{_INDEX}/(?:(?:generations/{_GENERATION}|reports)/)?{_NAME})"
)


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Entry(_Value):
    """One file.

    Attributes:
        path: in the data directory, with slashes; it leads nowhere else.
        sha256: of its content.
        bytes: its size.
    """

    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Contents(_Value):
    """What ``backup.json`` holds.

    Attributes:
        format_version: of the backup.
        program: version of the program that made it.
        created_ms: when it was begun, in ms since 1970: the state is not older.
        indexes: the generation of each index that is in it.
        files: all of them.
    """

    format_version: Literal[1] = FORMAT_VERSION
    program: str
    created_ms: int = Field(ge=0)
    indexes: dict[str, str]
    files: tuple[Entry, ...]

    @model_validator(mode="after")
    def _check_paths(self) -> Self:
        seen: set[str] = set()
        for entry in self.files:
            if not _PATH.fullmatch(entry.path) or entry.path in seen:
                raise ValueError(f"{entry.path[:200]!r} is no path of a backup, or is there twice")
            index, _, rest = entry.path.partition("/")
            if rest and not self._has(index, rest):
                raise ValueError(f"{entry.path!r} is of no index of the backup")
            seen.add(entry.path)
        for index, generation in self.indexes.items():
            if f"{index}/generations/{generation}/manifest.json" not in seen:
                raise ValueError(f"index {index!r} has no manifest")
        return self

    def _has(self, index: str, rest: str) -> bool:
        parts = PurePosixPath(rest).parts
        return index in self.indexes and (
            parts[0] != "generations" or parts[1] == self.indexes[index]
        )

    @property
    def has_state(self) -> bool:
        """Whether the state database is in it."""
        return any(entry.path == STATE_FILE for entry in self.files)

    @property
    def total_bytes(self) -> int:
        """The size of all files."""
        return sum(entry.bytes for entry in self.files)

    def beneath(self, directory: str) -> dict[str, Entry]:
        """The files directly in a directory of the data directory, by name; ``""`` is itself."""
        prefix = f"{directory}/" if directory else ""
        return {
            entry.path.removeprefix(prefix): entry
            for entry in self.files
            if entry.path.startswith(prefix) and "/" not in entry.path.removeprefix(prefix)
        }

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """What `data` says.

        Raises:
            BackupError: it is damaged, or a newer program wrote it.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the file"
            raise BackupError(
                f"{CONTENTS_FILE} cannot be used: {place}: {first['msg']}. This version reads "
                f"backups of format {FORMAT_VERSION}; use another backup, or the version of "
                "searchsvc that made it."
            ) from None
