"""A checkpoint: how far the import of a file came, so that the next one goes on there."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.durable import remove_durably, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD_BYTES = 1 << 16


class Reached(BaseModel):
    """What is stored for good.

    Attributes:
        line: events that begin before it are.
        events: how many they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    line: int = Field(0, ge=0)
    events: int = Field(0, ge=0)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The file that remembers how far an import came."""

    path: Path

    def read(self) -> Reached:
        """How far it came; the beginning where nothing is remembered, or nothing readable."""
        try:
            return Reached.model_validate_json(self.path.read_bytes())
        except (OSError, ValidationError):
            return Reached()  # what is stored already is not stored again

    def write(self, reached: Reached) -> None:
        """Remember `reached`, now that it is stored."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(self.path, reached.model_dump_json().encode())

    def remove(self) -> None:
        """Forget it: the import is complete."""
        if self.path.exists():
            remove_durably(self.path)


def identity(location: str, circumstances: Iterable[str]) -> str | None:
    """What stands for a file that is imported in given circumstances, 16 hex digits.

    It differs when the file does: by its size, its time or its beginning.

    Args:
        location: a path.
        circumstances: whatever decides what the import stores where.

    Returns:
        ``None`` for what is no regular file, such as a pipe.
    """
    path = Path(location)
    if not path.is_file():
        return None
    status = path.stat()
    with path.open("rb") as file:
        digest = sha256(file.read(_HEAD_BYTES))
    for part in (str(status.st_size), str(status.st_mtime_ns), *circumstances):
        digest.update(f"{len(part)}:{part}".encode())
    return digest.hexdigest()[:16]
