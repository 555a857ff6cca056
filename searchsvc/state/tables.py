"""The tables of the state database.

One event is one row of `EVENT`, each product of it one row of `ITEM`: an order of twenty products
repeats its user, id and index once, not twenty times, and what is stored twice is the whole event
or nothing of it. Users are 32 raw bytes instead of 64 digits; kinds and sources are small numbers.

All tables carry a prefix, since a shop may give the service a database that others use, too.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from searchsvc.events.event import EventKind, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND_CODES: Mapping[EventKind, int] = MappingProxyType(
    {
        EventKind.SEARCH: 1,
        EventKind.VIEW: 2,
        EventKind.CLICK: 3,
        EventKind.ADD_TO_CART: 4,
        EventKind.PURCHASE: 5,
    }
)
"""How kinds are stored; a number is never given to another kind."""
SOURCE_CODES: Mapping[Source, int] = MappingProxyType(
    {Source.API: 1, Source.INSIGHTS: 2, Source.IMPORT: 3, Source.SERVICE: 4}
)
"""How sources are stored; a number is never given to another source."""

# Bytes order text, whatever the database's language: both databases then sort alike.
_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
# SQLite numbers rows itself only where the type is called INTEGER.
_NUMBER = BigInteger().with_variant(Integer(), "sqlite")

METADATA = MetaData()

SCHEMA = Table(
    "searchsvc_schema",
    METADATA,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied_ms", BigInteger, nullable=False),
)
"""Versions that this database went through."""

FACT = Table(
    "searchsvc_fact",
    METADATA,
    Column("name", _TEXT, primary_key=True),
    Column("value", _TEXT, nullable=False),
)
"""Single values about the database itself."""

EVENT = Table(
    "searchsvc_event",
    METADATA,
    Column("number", _NUMBER, Identity(always=True), primary_key=True),
    Column("user", LargeBinary, nullable=False),
    Column("id", _TEXT, nullable=False),
    Column("index_name", _TEXT, nullable=False),
    Column("time_ms", BigInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("source", SmallInteger, nullable=False),
    Column("query_id", _TEXT),
    Column("currency", _TEXT),
    Column("arm", _TEXT),
    Column("query", _TEXT),
    UniqueConstraint("user", "index_name", "id", name="searchsvc_event_identity"),
)
"""What shoppers did."""
# All that counting a user's events takes is in the index. The user stands before the index, or
# SQLite would read an index's events by it, and sort them all, where a few by time are asked for.
Index("searchsvc_event_of_user", EVENT.c.user, EVENT.c.index_name, EVENT.c.time_ms, EVENT.c.kind)
Index("searchsvc_event_by_time", EVENT.c.time_ms)

ITEM = Table(
    "searchsvc_item",
    METADATA,
    Column(
        "event",
        _NUMBER,
        ForeignKey("searchsvc_event.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("product_id", _TEXT, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("position", Integer),
    Column("price", Double),
    sqlite_with_rowid=False,
)
"""Products of events, in the order they were given in."""

MEMBER = Table(
    "searchsvc_member",
    METADATA,
    Column("index_name", _TEXT, primary_key=True),
    Column("segment", _TEXT, primary_key=True),
    Column("user", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)
"""Who is in which listed segment."""
Index("searchsvc_member_of_user", MEMBER.c.user)

AUDIT = Table(
    "searchsvc_audit",
    METADATA,
    Column("number", _NUMBER, Identity(always=True), primary_key=True),
    Column("time_ms", BigInteger, nullable=False),
    Column("action", _TEXT, nullable=False),
    Column("receipt", _TEXT, nullable=False),
    Column("counts", _TEXT, nullable=False),
    Column("actor", _TEXT, nullable=False, server_default=""),
    Column("target", _TEXT, nullable=False, server_default=""),
)
"""Who changed what; and what was done to users' data on request. Nothing in it says whose."""

API_KEY = Table(
    "searchsvc_api_key",
    METADATA,
    Column("id", _TEXT, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("roles", _TEXT, nullable=False),
    Column("title", _TEXT, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("indexes", _TEXT, nullable=False),
    Column("referrers", _TEXT, nullable=False),
    Column("origins", _TEXT, nullable=False),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    Column("rate", Double),
    Column("rate_per_address", Double),
)
"""Every key there ever was; lists are JSON. Nobody gets a secret from its digest."""
