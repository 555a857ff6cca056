"""Files of events, of users and of judgments, and configuration files: any bytes."""

from __future__ import annotations

import os
from datetime import UTC

from indexer.feeds.raw import RawRecord
from searchsvc.configuration.file import CONFIG_VARIABLE
from searchsvc.errors import ConfigurationError, EventFileError, JudgmentsError
from searchsvc.events.files.columns import Columns
from searchsvc.events.files.records import open_records
from searchsvc.events.files.rows import RowParser
from searchsvc.events.files.values import Times
from searchsvc.events.userlist import read_tokens
from searchsvc.relevance.judgments import QRELS_FILE, QUERIES_FILE, load_judgments
from searchsvc.settings import Settings
from tests.fuzz.shop import scratch

SEEDS = (
    b"\x00customer_id,product_id,quantity,price,time\nc1,p1,2,9.50 EUR,2026-01-02T03:04:05Z\n",
    b'\x00{"user": "u", "type": "click", "product_id": "p1", "time": 1700000000}\n',
    b"\x01user_id\nu1\nu2\n",
    b"\x01u1\nu2\n",
    b'\x02{"id": "q1", "text": "red shoe"}\n{"_id": "q2", "text": "desk", "class": "x"}\n',
    b"\x03query_id\tproduct_id\tlabel\nq1\tp1\t2\nq1\tp2\t0\n",
    b'\x04data_dir = "x"\npoll_seconds = 2\n[serve]\nport = 80\n',
)
_QUERIES = b'{"id": "q1", "text": "red shoe"}\n'


def target(data: bytes) -> None:
    """Read `data` as the kind of file that its first byte has."""
    kind, content = (data[0] % 5, data[1:]) if data else (0, b"")
    path = scratch(f".{kind}")
    path.write_bytes(content)
    try:
        (_events, _users, _queries, _qrels, _configuration)[kind](content)
    except (EventFileError, JudgmentsError, ConfigurationError):
        return  # as it is documented


def _events(_: bytes) -> None:
    parser = RowParser(Columns(), Times(UTC, 4_000_000_000_000))
    with open_records(str(scratch(".0"))) as file:
        for record in file.records(lambda _: 0):
            if isinstance(record, RawRecord):
                for _row in parser.rows(record):
                    pass


def _users(_: bytes) -> None:
    for _token in read_tokens(scratch(".1")):
        pass


def _queries(content: bytes) -> None:
    _judgments(content, b"")


def _qrels(content: bytes) -> None:
    _judgments(_QUERIES, content)


def _judgments(queries: bytes, qrels: bytes) -> None:
    folder = scratch("").parent
    (folder / QUERIES_FILE).write_bytes(queries)
    (folder / QRELS_FILE).write_bytes(qrels)
    load_judgments(folder)


def _configuration(_: bytes) -> None:
    os.environ[CONFIG_VARIABLE] = str(scratch(".4"))
    try:
        Settings()
    except ValueError:
        return  # pydantic's: a value that a setting cannot have
    finally:
        del os.environ[CONFIG_VARIABLE]
