"""The audit log: what was done to users' data on request, without saying whose."""

from __future__ import annotations

import json
import secrets
import time
from typing import TYPE_CHECKING

from sqlalchemy import insert

from searchsvc.state.tables import AUDIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

_RECEIPT_BYTES = 16


def record(connection: Connection, action: str, counts: Mapping[str, int]) -> str:
    """Add a line to the log.

    Args:
        connection: whose transaction does what is recorded.
        action: what was done.
        counts: to how much.

    Returns:
        The receipt: 32 random hexadecimal digits, the only link from a request to its line.
    """
    receipt = secrets.token_hex(_RECEIPT_BYTES)
    connection.execute(
        insert(AUDIT).values(
            time_ms=time.time_ns() // 1_000_000,
            action=action,
            receipt=receipt,
            counts=json.dumps(counts),
        )
    )
    return receipt
