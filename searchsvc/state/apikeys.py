"""API keys in the database: made, revoked and listed, under a revision that grows each time."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from searchsvc.errors import KeyNotFoundError
from searchsvc.keys.key import ApiKey
from searchsvc.keys.keyset import NO_REVISION, KeyRevision, KeySet
from searchsvc.keys.role import Role
from searchsvc.state.tables import API_KEY, FACT

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import Connection, Row

    from searchsvc.state.dialect import Dialect

_REVISION = "api_keys"  # of the fact: the database's name for its keys, a number, and a word
_NAME_BYTES = 8  # of the word, too
_LISTS = ("indexes", "referrers", "origins")


def revision(connection: Connection) -> KeyRevision:
    """Which state of the keys there is."""
    found = connection.scalar(select(FACT.c.value).where(FACT.c.name == _REVISION))
    if found is None:
        return NO_REVISION
    name, number, word = [*found.split(" "), ""][:3]  # older versions wrote no word
    return KeyRevision(name, int(number), word)


def read(connection: Connection) -> KeySet:
    """All keys, the oldest first."""
    rows = connection.execute(select(API_KEY).order_by(API_KEY.c.created_ms, API_KEY.c.id))
    return KeySet(revision(connection), tuple(map(_key, rows)))


def put(connection: Connection, dialect: Dialect, key: ApiKey) -> None:
    """Add a key that is not there."""
    _advance(connection, dialect, revision(connection))
    connection.execute(dialect.insert(API_KEY).values(_row(key)))


def revoke(connection: Connection, dialect: Dialect, key_id: str, now_ms: int) -> ApiKey:
    """Have a key hold no more; one that was revoked before stays as it is.

    Raises:
        KeyNotFoundError: there is none with this id.
    """
    row = connection.execute(select(API_KEY).where(API_KEY.c.id == key_id)).first()
    if row is None:
        raise KeyNotFoundError(
            f"there is no key {key_id!r}; 'searchsvc keys list' shows the ids of those there are"
        )
    if row.revoked_ms is None:
        _advance(connection, dialect, revision(connection))
        _set_revoked(connection, key_id, now_ms)
        row = connection.execute(select(API_KEY).where(API_KEY.c.id == key_id)).one()
    return _key(row)


def restore(connection: Connection, dialect: Dialect, known: KeySet) -> int:
    """Put the keys of `known` back: those that are missing, and the revocations of the others.

    The database counts as the one that `known` was read from, and as newer.

    Returns:
        How many keys were put in or revoked.
    """
    found = {key.id: key for key in read(connection).keys}
    changed = 0
    for key in known.keys:
        present = found.get(key.id)
        if present is None:
            connection.execute(dialect.insert(API_KEY).values(_row(key)))
        elif key.revoked_ms is not None and present.revoked_ms is None:
            _set_revoked(connection, key.id, key.revoked_ms)
        else:
            continue
        changed += 1
    number = max(known.revision.number, revision(connection).number)
    _advance(connection, dialect, KeyRevision(known.revision.database, number))
    return changed


def _set_revoked(connection: Connection, key_id: str, when_ms: int) -> None:
    connection.execute(update(API_KEY).where(API_KEY.c.id == key_id).values(revoked_ms=when_ms))


def _advance(connection: Connection, dialect: Dialect, before: KeyRevision) -> None:
    name = before.database or secrets.token_hex(_NAME_BYTES)
    value = f"{name} {before.number + 1} {secrets.token_hex(_NAME_BYTES)}"
    given = dialect.insert(FACT).values(name=_REVISION, value=value)
    connection.execute(
        given.on_conflict_do_update(
            index_elements=[FACT.c.name], set_={"value": given.excluded.value}
        )
    )


def _row(key: ApiKey) -> dict[str, Any]:
    fields = {name: getattr(key, name) for name in API_KEY.c.keys()}  # noqa: SIM118 - no dict
    lists = {name: json.dumps(fields[name]) for name in _LISTS}
    return fields | lists | {"roles": json.dumps(sorted(key.roles))}


def _key(row: Row[Any]) -> ApiKey:
    fields = dict(row._mapping)  # noqa: SLF001 - as SQLAlchemy calls it
    lists = {name: tuple(json.loads(fields[name])) for name in _LISTS}
    roles = frozenset(map(Role, json.loads(fields["roles"])))
    return ApiKey(**fields | lists | {"roles": roles, "digest": bytes(fields["digest"])})
