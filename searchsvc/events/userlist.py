"""A list of user ids: one on each line, a column of a CSV file, or JSON Lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.feeds.format import FeedFormat
from searchsvc.events.files import values
from searchsvc.events.files.columns import CUSTOMER, USUAL_NAMES, Columns, key
from searchsvc.events.files.records import open_records
from searchsvc.events.files.rejections import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from searchsvc.events.files.records import RecordFile

_NAMES = frozenset(map(key, USUAL_NAMES[CUSTOMER]))
_DELIMITERS = ",;\t|"


def read_tokens(
    path: Path | str,
    reject: Callable[[Rejection], None] | None = None,
    column: str | None = None,
) -> Iterator[str]:
    """The user ids in a file, each as a request would send it as the user's token.

    A file with a header, or of JSON objects, has them under ``customer_id``, ``user_id``,
    ``user``, ``token`` or another usual name; any other file has one on each line. Gzipped or not.

    Args:
        path: of the file; ``-`` for standard input.
        reject: told of every row without an id; what it is told holds no value of the row.
        column: what the file calls them, where that is none of the usual names.

    Raises:
        EventFileError: from the iterator, when the file cannot be read, or has no such column.
    """
    with open_records(str(path)) as file:
        is_list = column is None and _is_list(file.first_line())
        for token in _listed(file) if is_list else _in_column(file, column):
            if not isinstance(token, Rejection):
                yield token
            elif reject is not None:
                reject(token)


def _is_list(first_line: str) -> bool:
    """Whether a file that begins so has one id on each line, and nothing else."""
    is_table = first_line.startswith("{") or any(sign in first_line for sign in _DELIMITERS)
    return not is_table and key(first_line.strip('"')) not in _NAMES


def _listed(file: RecordFile) -> Iterator[str | Rejection]:
    for line in file.lines():
        try:
            text = line.data.decode().strip()
        except UnicodeDecodeError:
            yield Rejection(line.number, "", "expected text in UTF-8")
            continue
        if text:
            yield _token(line.number, text)


def _in_column(file: RecordFile, column: str | None) -> Iterator[str | Rejection]:
    columns = Columns({CUSTOMER: column} if column else {}, (CUSTOMER,), "--column NAME")
    kind = FeedFormat.JSONL if file.first_line().startswith("{") else FeedFormat.CSV
    for record in file.records(columns.check_header, kind):
        if isinstance(record, Rejection):
            yield record
        else:
            names = dict(columns.plan(record.fields))
            yield _token(record.position, record.fields.get(names.get(CUSTOMER, "")))


def _token(line: int, value: object) -> str | Rejection:
    try:
        return values.customer(value)
    except ValueError as error:
        return Rejection(line, CUSTOMER, str(error))
