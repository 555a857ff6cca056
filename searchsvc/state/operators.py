"""What operators keep in the state store: API keys, and the audit log of who changed what."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from searchsvc.state import apikeys, audit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from searchsvc.keys.key import ApiKey
    from searchsvc.keys.keyset import KeyRevision, KeySet
    from searchsvc.state.access import Access
    from searchsvc.state.audit import AuditLine
    from searchsvc.state.database import Database


class OperatorStore:
    """API keys and the audit log. Each change of keys is one transaction, with its line."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def close(self) -> None:
        """Close all connections."""
        self._access.close()

    @property
    def _database(self) -> Database:
        return self._access.database

    def key_revision(self) -> KeyRevision:
        """Which state of the keys there is; a lookup of one row."""
        with self._database.reading() as connection:
            return apikeys.revision(connection)

    def keys(self) -> KeySet:
        """All keys there ever were, the oldest first."""
        with self._database.reading() as connection:
            return apikeys.read(connection)

    def put_key(self, key: ApiKey, *, actor: str) -> None:
        """Add a key, on the disk on return.

        Raises:
            ValueError: there is one with its id or secret.
        """
        roles = ",".join(sorted(key.roles))
        with self._database.writing() as connection:
            self._database.dialect.serialize(connection, "keys")
            apikeys.put(connection, self._database.dialect, key)
            detail = {"roles": roles}
            audit.record(connection, "key.create", detail, actor=actor, target=key.id)
        audit.tell(actor, "key.create", key.id, detail)

    def revoke_key(self, key_id: str, *, actor: str) -> ApiKey:
        """Have a key hold no more; what is known of it.

        Raises:
            KeyNotFoundError: there is none with this id.
        """
        with self._database.writing() as connection:
            self._database.dialect.serialize(connection, "keys")
            key = apikeys.revoke(connection, self._database.dialect, key_id, _now_ms())
            audit.record(connection, "key.revoke", {}, actor=actor, target=key.id)
        audit.tell(actor, "key.revoke", key.id, None)
        return key

    def restore_keys(self, known: KeySet, *, actor: str) -> int:
        """Put the keys of `known` back; how many were missing or not revoked. See `apikeys`."""
        with self._database.writing() as connection:
            self._database.dialect.serialize(connection, "keys")
            changed = apikeys.restore(connection, self._database.dialect, known)
            audit.record(connection, "key.restore", {"keys": changed}, actor=actor)
        audit.tell(actor, "key.restore", "", {"keys": changed})
        return changed

    def audit(
        self,
        actor: str,
        action: str,
        target: str = "",
        detail: Mapping[str, int | str] | None = None,
    ) -> str:
        """Add a line to the audit log; `audit.note` does so where it must not fail.

        Args:
            actor: who did it: the id of a key, ``admin``, or ``cli:`` and a user's name.
            action: what was done, such as ``ranking.set``.
            target: to what, such as the name of an index; never a user.
            detail: counts and words; never what was set, nor a secret.

        Returns:
            The line's receipt.
        """
        with self._database.writing() as connection:
            given = detail or {}
            receipt = audit.record(connection, action, given, actor=actor, target=target)
        audit.tell(actor, action, target, detail)
        return receipt

    def audit_lines(self, since_ms: int = 0) -> Iterator[AuditLine]:
        """The audit log from `since_ms` on, the oldest line first; a page of it in memory."""
        return audit.stream(self._database, since_ms)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
