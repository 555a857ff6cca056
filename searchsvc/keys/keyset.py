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
        word: random, made with every change, so that two changes of the same state differ; ``""``
            where that was not noted yet.
    """

    database: str = ""
    number: int = 0
    word: str = ""


NO_REVISION: Final = KeyRevision()
"""Of a database without keys."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """All keys of one database, the oldest first; revoked and expired ones, too."""

    revision: KeyRevision = NO_REVISION
    keys: tuple[ApiKey, ...] = ()

    def follows(self, other: KeySet) -> bool:
        """Whether this is the state `other`, or what became of it.

        Not so for a new database in the place of the one that is known, nor for one that was
        restored from a backup: there, keys are missing, and revoked ones hold again. Changes that
        were made since then hide that from who counts revisions only: keys and revocations are
        never taken away, so one that is missing tells.
        """
        before, now = other.revision, self.revision
        if not before.number or now == before:
            return True
        if now.database != before.database or now.number <= before.number:
            return False
        revoked = {key.id: key.revoked_ms is not None for key in self.keys}
        return all(
            key.id in revoked and (key.revoked_ms is None or revoked[key.id]) for key in other.keys
        )
