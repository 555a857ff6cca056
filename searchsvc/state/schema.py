"""The schema's version, and how a database gets to the one that this code knows.

::

    version  since   what
    1        0.2.0   events and their products, members of listed segments, the audit log
    2        0.3.0   API keys; who did what is audited, and to what

`SCHEMA_VERSION` is what a new database gets at once. A version added later has an entry in
`UPGRADES`, which takes a database from the version before to it, whatever `tables` says by then.
"""

from __future__ import annotations

import time
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, inspect, select

from searchsvc.errors import StateFormatError, StateMissingError
from searchsvc.state.tables import METADATA, SCHEMA

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

SCHEMA_VERSION = 2
UPGRADES: Mapping[int, Sequence[str]] = MappingProxyType(
    {
        2: (
            "ALTER TABLE searchsvc_audit ADD COLUMN actor {text} DEFAULT '' NOT NULL",
            "ALTER TABLE searchsvc_audit ADD COLUMN target {text} DEFAULT '' NOT NULL",
            (
                "CREATE TABLE searchsvc_api_key (id {text} NOT NULL, digest {bytes} NOT NULL, "
                "roles {text} NOT NULL, title {text} NOT NULL, created_ms BIGINT NOT NULL, "
                "indexes {text} NOT NULL, referrers {text} NOT NULL, origins {text} NOT NULL, "
                "expires_ms BIGINT, revoked_ms BIGINT, rate {double}, rate_per_address {double}, "
                "PRIMARY KEY (id), UNIQUE (digest))"
            ),
        )
    }
)
"""SQL statements that make a version of the one before; each dialect has names for the types."""

_TYPES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "sqlite": {"text": "TEXT", "bytes": "BLOB", "double": "DOUBLE"},
        "postgresql": {
            "text": 'TEXT COLLATE "C"',
            "bytes": "BYTEA",
            "double": "DOUBLE PRECISION",
        },
    }
)


def version_of(connection: Connection) -> int:
    """The version of a database; 0 for one without our tables."""
    if not inspect(connection).has_table(SCHEMA.name):
        return 0
    return connection.scalar(select(func.max(SCHEMA.c.version))) or 0


def check(version: int) -> None:
    """Refuse a version that cannot be used as it is.

    Raises:
        StateMissingError: there are no tables yet.
        StateFormatError: it is another than this code knows.
    """
    if version == 0:
        raise StateMissingError("nothing was stored yet: the state database has no tables")
    if version < SCHEMA_VERSION:
        raise StateFormatError(
            f"the state database is of version {version}, this service needs {SCHEMA_VERSION}; "
            "starting 'searchsvc serve' upgrades it"
        )
    if version > SCHEMA_VERSION:
        raise StateFormatError(
            f"the state database is of version {version}, which a newer service made; this one "
            f"knows {SCHEMA_VERSION}. Update the service."
        )


def migrate(connection: Connection) -> None:
    """Bring a database to `SCHEMA_VERSION`; in a transaction that no other one runs beside.

    Raises:
        StateFormatError: a newer service made it.
    """
    version = version_of(connection)
    if version == 0:
        METADATA.create_all(connection)
        _stamp(connection, SCHEMA_VERSION)
        return
    for following in range(version + 1, SCHEMA_VERSION + 1):
        for statement in UPGRADES[following]:
            connection.exec_driver_sql(statement.format(**_TYPES[connection.dialect.name]))
        _stamp(connection, following)
    check(version_of(connection))


def _stamp(connection: Connection, version: int) -> None:
    applied_ms = time.time_ns() // 1_000_000
    connection.execute(insert(SCHEMA).values(version=version, applied_ms=applied_ms))
