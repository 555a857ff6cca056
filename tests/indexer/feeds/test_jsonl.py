from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedTruncatedError
from indexer.feeds.jsonl import read_jsonl
from indexer.feeds.raw import MAX_NESTING, MAX_RECORD_BYTES, RawRecord

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Outcome

GOOD = b'{"id":"%d","title":"t"}'


def test_ten_broken_records_cost_themselves_only(read: Callable[..., Outcome]) -> None:
    broken = [
        b'{"id": 1, "title": ',
        b"not json",
        b"[1, 2]",
        b'"text"',
        b'{"id": "a", "title": "\xff"}',
        b'{"title": "no id"}',
        b'{"id": "b"}',
        b'{"id": "c", "title": "t", "price": "cheap"}',
        b'{"id": "d", "title": "t", "availability": "soon"}',
        b'{"id": "e", "title": "t", "link": "javascript:x"}',
        b'{"id": "f", "title": "' + b"x" * MAX_RECORD_BYTES + b'"}',
        b'{"id": "g", "title": "t", "a": NaN}',
        b'{"id": "h", "title": "t", "a": ' + b"[" * 500 + b"]" * 500 + b"}",
        b"\x00",
    ]
    lines = [line for number, bad in enumerate(broken) for line in (bad, GOOD % number)]
    outcome = read(b"\n".join(lines) + b"\n", "feed.jsonl")
    assert outcome.error is None
    assert outcome.ids == [str(number) for number in range(len(broken))]
    assert [rejection.position for rejection in outcome.rejections] == list(
        range(1, 2 * len(broken), 2)
    )
    assert all("expected" in rejection.reason for rejection in outcome.rejections)
    assert [r.product_id for r in outcome.rejections if r.product_id] == ["b", "c", "d", "e"]


def test_blank_lines_are_skipped_and_counted() -> None:
    records = list(read_jsonl(iter([b"\n \r\n\t\n" + GOOD % 1 + b"\r\n\n"])))
    assert records == [RawRecord(4, {"id": "1", "title": "t"})]


def test_a_last_line_without_end_is_a_record_if_it_is_json() -> None:
    assert len(list(read_jsonl(iter([GOOD % 1 + b"\n" + GOOD % 2])))) == 2
    assert len(list(read_jsonl(iter([GOOD % 1 + b"\n  "])))) == 1


@given(st.integers(1, 200))
def test_a_feed_cut_anywhere_gives_its_complete_records_first(cut: int) -> None:
    whole = b"".join(GOOD % number + b"\n" for number in range(10))
    part = whole[: min(cut, len(whole) - 2)]
    complete = part.count(b"}")
    records = read_jsonl(iter([part]))
    assert [next(records).position for _ in range(complete)] == list(range(1, complete + 1))
    if part.endswith((b"\n", b"}")):
        assert next(records, None) is None
    else:
        with pytest.raises(FeedTruncatedError, match="last line"):
            next(records)


@given(st.integers(1, MAX_NESTING + 5))
def test_nesting_is_limited(depth: int) -> None:
    value: object = 1
    for _ in range(depth):
        value = [value, *[[]] * MAX_NESTING] if depth > 1 else [value]
    (record,) = read_jsonl(iter([orjson.dumps({"a": value}) + b"\n"]))
    # One level is the record itself, one may be the empty lists at the bottom.
    is_fine = isinstance(record, RawRecord)
    assert is_fine == (depth + 1 + (depth > 1) <= MAX_NESTING)


def test_a_last_line_without_end_that_is_too_long_is_rejected() -> None:
    (record,) = read_jsonl(iter([b"{" + b"x" * MAX_RECORD_BYTES]))
    assert not isinstance(record, RawRecord)
