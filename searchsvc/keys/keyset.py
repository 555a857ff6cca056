"""The key set: all keys that a database has ever had, as they were at one revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from searchsvc.keys.key import ApiKey


class KeyRevision(NamedTuple):
    """Which state of which database's keys is meant; cheap to ask for.

    Attributes:
        database: random, made with the first key; ``""`` where there was none yet.
        number: grows with every change; 0 before the first key.
    """

    database: str = ""
    number: int = 0

    def follows(self, other: KeyRevision) -> bool:
        """Whether this is the state `other`, or what became of it.

        Not so for a new database in the place of the one that is known, nor for one that was
        restored from a backup: there, keys are missing, and revoked ones hold again.
        """
        if not other.number:
            return True
        return self.database == other.database and self.number >= other.number


NO_REVISION: Final = KeyRevision()
"""Of a database without keys."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of one database, the oldest first; revoked and expired ones, too."""

    revision: KeyRevision = NO_REVISION
    keys: tuple[ApiKey, ...] = ()
