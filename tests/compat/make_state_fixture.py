"""Writes the fixture of the current schema version: ``python -m tests.compat.make_state_fixture``.

Run it when SCHEMA_VERSION is raised, and again after each change of the tables until that version
is released; the fixtures of earlier versions stay as they are.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from searchsvc.events.event import EventKind, Item, Source
from searchsvc.keys.key import ApiKey
from searchsvc.keys.role import Role
from searchsvc.settings import Settings
from searchsvc.state.schema import SCHEMA_VERSION
from searchsvc.state.store import StateStore
from tests.happenings import USERS, make_event

FOLDER = Path(__file__).parent / "state"
KEY = "k" * 32
TOKEN = "anon-5f1c0e7a"  # noqa: S105 - a pseudonym
EVENTS = [
    make_event(
        "search-1", kind=EventKind.SEARCH, source=Source.SERVICE, query="sofa", query_id="0" * 32
    ),
    make_event(
        "click-1",
        kind=EventKind.CLICK,
        source=Source.INSIGHTS,
        query_id="0" * 32,
        items=(Item("p1", 3),),
        time_ms=2_000,
        arm="strong",
    ),
    make_event(
        "order-1",
        items=(Item("p1", None, 2, 4.5), Item("p2", None, 1, 0.25)),
        currency="EUR",
        time_ms=3_000,
    ),
    make_event("order-1", "p3", user=USERS[1], source=Source.IMPORT, time_ms=4_000),
    make_event("view-1", "p4", kind=EventKind.VIEW, time_ms=5_000),
    make_event("cart-1", "p4", kind=EventKind.ADD_TO_CART, time_ms=6_000),
]
KEYS = [
    ApiKey(
        "0123456789ab",
        bytes(range(32)),
        frozenset({Role.SEARCH, Role.EVENTS}),
        "storefront",
        1_000,
        indexes=("shop*",),
        referrers=("shop.example",),
        origins=("https://shop.example",),
        expires_ms=9_000,
        rate=20.5,
        rate_per_address=0.0,
    ),
    ApiKey("ba9876543210", bytes(32), frozenset({Role.ADMIN}), "", 2_000, revoked_ms=3_000),
]


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as folder:
        store = StateStore.open(Settings(data_dir=Path(folder), token_key=KEY))  # type: ignore[arg-type] # parsed
        store.append(EVENTS)
        store.put_members("shop", "vip", [TOKEN], replace=True)
        store.export_user(TOKEN, actor="cli:shop")
        for key in KEYS:
            store.put_key(key, actor="cli:shop")
        store.close()
        with closing(sqlite3.connect(Path(folder) / "state.db")) as connection:
            dump = "\n".join(connection.iterdump())
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"version_{SCHEMA_VERSION}.sql").write_text(dump + "\n")


if __name__ == "__main__":
    main()
