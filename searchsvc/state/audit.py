"""The audit log: who changed what, and what was done to users' data, without saying whose."""

from __future__ import annotations

import json
import logging
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import insert, select

from searchsvc.errors import SearchServiceError, StateMissingError
from searchsvc.state.tables import AUDIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from sqlalchemy import Connection, Row

    from searchsvc.state.database import Database

    Detail = Mapping[str, int | str]

_log = logging.getLogger("searchsvc.audit")

PAGE_LINES = 1_000
_RECEIPT_BYTES = 16
_MAX_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line of the log.

    Attributes:
        time_ms: when, in milliseconds since 1970.
        actor: who: the id of a key, ``admin`` for the environment's, ``cli:`` and the name of the
            operating system's user; ``""`` in lines of earlier versions.
        action: what was done, such as ``key.create`` or ``export``.
        target: to what: an index and a document, a key's id; never a user.
        detail: counts, and words that say more; never a value that was set.
        receipt: 32 random hexadecimal digits; whoever asked for what was done may have them.
    """

    time_ms: int
    actor: str
    action: str
    target: str
    detail: Detail
    receipt: str


class Auditor(Protocol):
    """Keeps the log; `searchsvc.state.store.StateStore` does."""

    def audit(
        self, actor: str, action: str, target: str = "", detail: Detail | None = None
    ) -> str:
        """Add a line; the receipt of it."""
        ...


def note(
    store: Callable[[], Auditor],
    actor: str,
    action: str,
    target: str = "",
    detail: Detail | None = None,
) -> None:
    """Add a line if that can be done; what it is about goes on either way.

    The logger ``searchsvc.audit`` has every line, and a warning for one that the database lacks.

    Args:
        store: gives the database, or raises why it cannot be had.
        actor: who did it.
        action: what was done.
        target: to what.
        detail: how much, and what else is to be known.
    """
    try:
        store().audit(actor, action, target, detail)
    except StateMissingError:  # no service has run here yet
        tell(actor, action, target, detail)
    except SearchServiceError as error:
        tell(actor, action, target, detail)
        _log.warning("the audit log has no line of %s: %s", action, error)


def tell(actor: str, action: str, target: str, detail: Detail | None) -> None:
    """Have the process's log say it."""
    _log.info("%s by %s: %s %s", action, actor or "-", target or "-", json.dumps(detail or {}))


def record(
    connection: Connection, action: str, counts: Detail, *, actor: str = "", target: str = ""
) -> str:
    """Add a line to the log.

    Args:
        connection: whose transaction does what is recorded.
        action: what was done.
        counts: to how much; words are cut to 500 characters.
        actor: who did it.
        target: to what.

    Returns:
        The receipt: 32 random hexadecimal digits, the only link from a request to its line.
    """
    receipt = secrets.token_hex(_RECEIPT_BYTES)
    connection.execute(
        insert(AUDIT).values(
            time_ms=time.time_ns() // 1_000_000,
            action=action,
            receipt=receipt,
            counts=json.dumps({name: _short(value) for name, value in counts.items()}),
            actor=_cut(actor),
            target=_cut(target),
        )
    )
    return receipt


def stream(database: Database, since_ms: int = 0) -> Iterator[AuditLine]:
    """The lines from `since_ms` on, the oldest first; a page of them in memory."""
    last = 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(
                select(AUDIT)
                .where(AUDIT.c.number > last, AUDIT.c.time_ms >= since_ms)
                .order_by(AUDIT.c.number)
                .limit(PAGE_LINES)
            ).all()
        with database.understanding():
            lines = [_line(row) for row in rows]
        yield from lines
        if len(rows) < PAGE_LINES:
            return
        last = rows[-1].number


def _line(row: Row[Any]) -> AuditLine:
    detail = json.loads(row.counts)
    return AuditLine(row.time_ms, row.actor, row.action, row.target, detail, row.receipt)


def _short(value: int | str) -> int | str:
    return _cut(value) if isinstance(value, str) else value


def _cut(text: str) -> str:
    """What every database takes of it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:_MAX_CHARACTERS]
