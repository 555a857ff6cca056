"""The state store: all that is remembered of shoppers, in one database."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from searchsvc.errors import TokenKeyError
from searchsvc.state import audit, census, facts, journal, location, members, users
from searchsvc.state.access import Access
from searchsvc.state.database import Database
from searchsvc.state.interactions import Interactions, interactions
from searchsvc.state.operators import OperatorStore
from searchsvc.state.profiles import profile
from searchsvc.state.rows import user_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from searchsvc.events.event import Event
    from searchsvc.segments.profile import Profile
    from searchsvc.state.census import Counted
    from searchsvc.state.journal import Appended
    from searchsvc.state.keys import TokenKey
    from searchsvc.state.location import StateSettings
    from searchsvc.state.users import Deleted

_log = logging.getLogger(__name__)

_DAY_MS = 86_400_000


class StateStore(OperatorStore):
    """Events, memberships, keys and the audit log; to be used from any thread of one process.

    Every method but `user_key` raises `StateUnavailableError` when the database cannot be used:
    it is not reached, not writable, damaged, or locked for longer than a few seconds. Calling
    again later is safe for all of them.
    """

    def __init__(self, access: Access, key: TokenKey) -> None:
        """Make a store of a database that was filled with `key`; `open` is the usual way."""
        super().__init__(access)
        self._key = key

    @classmethod
    def open(cls, settings: StateSettings, *, create: bool = True) -> StateStore:
        """The store that `settings` name. To be opened after a fork, never before.

        Args:
            settings: where it is.
            create: whether key, database and tables may be made.

        Raises:
            StateMissingError: nothing was stored yet, and nothing may be made.
            StateUnavailableError: the database cannot be opened.
            StateFormatError: a newer service made it.
            TokenKeyError: the key cannot be read or made, or the database has another.
        """
        key = location.key_of(settings, create=create)
        return cls(Access(partial(_database, settings, key, create=create)), key)

    def user_key(self, token: str) -> str:
        """The key of the user with `token`: 64 hexadecimal digits; see `TokenKey`."""
        return self._key.user_key(token)

    def append(self, events: Sequence[Event]) -> Appended:
        """Store `events`, all or none; on the disk on return.

        An event whose user has one with the same id in the same index already is not stored
        again, whatever else is in it: a second attempt at the same events does no harm.

        Raises:
            ValueError: one of them cannot be stored; names the part, not what it holds.
        """
        return self.append_each([events])[0]

    def append_each(self, batches: Sequence[Sequence[Event]]) -> list[Appended]:
        """As `append`, for several batches in one transaction; what became of each."""
        with self._database.writing() as connection:
            return journal.append(connection, self._database.dialect, batches)

    def profile(self, index: str, user: str) -> Profile:
        """What is known of the user with the key `user` in `index`."""
        with self._database.reading() as connection:
            return profile(connection, index, user_bytes(user))

    def events(
        self, index: str | None = None, *, since_ms: int = 0, until_ms: int | None = None
    ) -> Iterator[Event]:
        """The events of `index`, or of all, by time and then by id; a page of them in memory.

        Events that are stored or deleted meanwhile may be among them or not.

        Args:
            index: of these only.
            since_ms: not older.
            until_ms: older than this.
        """
        return journal.stream(self._database, index, since_ms, until_ms)

    def interactions(self, index: str, since_ms: int = 0) -> Interactions:
        """Who had to do with which products of `index` from `since_ms` on, all at once."""
        with self._database.reading() as connection:
            return interactions(connection, index, since_ms)

    def put_members(
        self, index: str, segment: str, tokens: Iterable[str], *, replace: bool
    ) -> int:
        """Put the users with `tokens` into a listed segment, all or none.

        Args:
            index: of the segment.
            segment: its name.
            tokens: read to the end before anything is stored: a failure changes nothing, and
                nobody waits for whoever reads them. About 150 bytes of memory for each.
            replace: whether those leave it who are not among them.

        Returns:
            How many were put in: who were not in it, or all where it was replaced.
        """
        keys = {user_bytes(self._key.user_key(token)) for token in tokens}
        with self._database.writing() as connection:
            self._database.dialect.serialize(connection, f"members of {segment} in {index}")
            if replace:
                members.remove(connection, index, segment)
            return members.put(connection, self._database.dialect, index, segment, keys)

    def members(self, index: str) -> Mapping[str, int]:
        """How many are in each listed segment of `index` that has any, by its name."""
        with self._database.reading() as connection:
            return members.sizes(connection, index)

    def listed(self, index: str) -> Mapping[str, AbstractSet[str]]:
        """The keys of the users in each listed segment of `index` that has any, by its name."""
        with self._database.reading() as connection:
            return members.users(connection, index)

    def remove_members(self, index: str, segment: str) -> int:
        """Empty a listed segment; how many were in it."""
        with self._database.writing() as connection:
            self._database.dialect.serialize(connection, f"members of {segment} in {index}")
            return members.remove(connection, index, segment)

    def export_user(self, token: str, *, actor: str = "") -> dict[str, Any]:
        """All that is stored of the user with `token`, as JSON has it: events, memberships.

        What is computed from them, such as a profile, is not stored. The audit log gets a line,
        which says that `actor` asked.
        """
        user = user_bytes(self._key.user_key(token))
        with self._database.reading() as connection:
            found = users.known(connection, user)
        counts = {name: len(found[name]) for name in ("events", "memberships")}
        with self._database.writing() as connection:
            receipt = audit.record(connection, "export", counts, actor=actor)
        _log.info("export of a user, receipt %s: %s", receipt, counts)
        audit.tell(actor, "export", "", counts)
        return {**found, "receipt": receipt}

    def delete_user(self, token: str, *, actor: str = "") -> Deleted:
        """Delete all that is stored of the user with `token`, also from the database's files.

        On SQLite the files are written anew: seconds for a million events. The audit log gets a
        line, which says that `actor` asked.
        """
        user = user_bytes(self._key.user_key(token))
        database = self._database
        with database.writing() as connection:
            database.dialect.serialize(connection, "deletions")
            counts = users.forget(connection, user)
            receipt = audit.record(connection, "delete", counts, actor=actor)
            if any(counts.values()):
                now_ms = _now_ms()
                facts.note_deletion(connection, database.dialect, now_ms, now_ms)
        _log.info("deletion of a user, receipt %s: %s", receipt, counts)
        audit.tell(actor, "delete", "", counts)
        return users.Deleted(**counts, receipt=receipt, erased=self.erase())

    def purge(self, before_ms: int) -> int:
        """Delete the events before `before_ms`, and erase what deletions left in the files.

        In many short transactions, between which others may write.

        Returns:
            How many events it were.
        """
        purged = 0
        while deleted := self._purge_some(before_ms):
            purged += deleted
        self.erase()
        return purged

    def erase(self) -> bool:
        """Erase what deletions left in the files if it is due; whether nothing is left to be."""
        database = self._database
        with database.reading() as connection:
            remains = facts.remains(connection)
        if remains is None or remains.due_ms > _now_ms():
            return True
        if not remains.are_in_log_only:
            if not database.rewrite():
                return False
            with database.writing() as connection:
                facts.note_rewriting(connection, database.dialect, remains)
        if not database.empty_log():
            return False
        with database.writing() as connection:
            facts.clear_remains(connection)
        return True

    def count(self) -> Mapping[str, Counted]:
        """How many events and users there are of each index that has any, by its name."""
        with self._database.reading() as connection:
            return census.count(connection)

    def _purge_some(self, before_ms: int) -> int:
        database = self._database
        with database.writing() as connection:
            database.dialect.serialize(connection, "deletions")
            deleted = journal.purge(connection, before_ms)
            if deleted:
                now_ms = _now_ms()
                facts.note_deletion(connection, database.dialect, now_ms, now_ms + _DAY_MS)
        return deleted


def _database(settings: StateSettings, key: TokenKey, *, create: bool) -> Database:
    """The database in its place, if it and the settings have `key`."""
    if location.key_of(settings, create=create) != key:
        raise TokenKeyError(
            "the token key is another one than when the service started; restart the service"
        )
    database = Database.open(location.url_of(settings), create=create)
    try:
        facts.check_key(database, key.fingerprint())
    except BaseException:
        database.close()
        raise
    return database


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
