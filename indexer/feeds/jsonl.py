"""The JSON Lines format: one JSON object per line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from indexer.errors import FeedTruncatedError
from indexer.feeds.lines import Line, read_lines
from indexer.feeds.raw import (
    MAX_NESTING,
    MAX_RECORD_BYTES,
    RawRecord,
    is_nested_deeper,
    whole_record,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from indexer.product import Rejection

_BLANK = b" \t\r"
_OVERSIZED = f"expected a line of at most {MAX_RECORD_BYTES:,} bytes"


def read_jsonl(chunks: Iterator[bytes]) -> Iterator[RawRecord | Rejection]:
    """The records of a JSON Lines feed; blank lines are skipped.

    Raises:
        FeedTruncatedError: from the iterator, when the last line has no line end and is not
            JSON; and whatever `chunks` raises, after the records that were complete.
    """
    for line in read_lines(chunks):
        try:
            value = orjson.loads(line.data)
        except orjson.JSONDecodeError as error:
            if line.data.strip(_BLANK):
                yield _invalid(line, error)
            continue
        problem = _problem(value, line)
        yield (
            whole_record(line.number, line.data, problem)
            if problem
            else RawRecord(line.number, value)
        )


def _problem(value: object, line: Line) -> str:
    if line.is_oversized:
        return _OVERSIZED
    if not isinstance(value, dict):
        return "expected a JSON object"
    # Most records have no more brackets than they may have levels: nothing to walk through.
    if line.data.count(b"{") + line.data.count(b"[") > MAX_NESTING and is_nested_deeper(
        value, MAX_NESTING
    ):
        return f"expected at most {MAX_NESTING} lists and objects in each other"
    return ""


def _invalid(line: Line, error: orjson.JSONDecodeError) -> Rejection:
    if line.is_oversized:
        return whole_record(line.number, line.data, _OVERSIZED)
    if not line.has_end:
        raise FeedTruncatedError(
            f"the last line ({line.number}) ends in the middle of its JSON ({error}); fetch the "
            "feed again, or use --force to take what was read"
        )
    return whole_record(
        line.number, line.data, f"expected a JSON object in UTF-8, found invalid JSON: {error}"
    )
