from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedTruncatedError
from indexer.feeds.lines import read_lines
from indexer.feeds.raw import MAX_RECORD_BYTES


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\xff", b"\n")), st.integers(1, 20))
def test_lines_are_those_of_split_in_any_pieces(data: bytes, size: int) -> None:
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    lines = list(read_lines(iter(chunks)))
    expected = data.removeprefix(codecs.BOM_UTF8).split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line.data for line in lines] == expected
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert [line.has_end for line in lines[:-1]] == [True] * len(lines[:-1])
    assert not lines or lines[-1].has_end == data.endswith(b"\n")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@given(text=st.text("aé\n😀", max_size=30), size=st.integers(1, 9))
def test_a_byte_order_mark_is_honoured(encoding: str, text: str, size: int) -> None:
    data = text.encode(encoding)
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    assert list(read_lines(iter(chunks))) == list(read_lines(iter([text.encode()] * bool(text))))


def test_big_endian_utf16_is_read() -> None:
    data = codecs.BOM_UTF16_BE + "é\n".encode("utf-16-be")
    assert [line.data for line in read_lines(iter([data]))] == ["é".encode()]


def test_a_lone_surrogate_spoils_its_line_only() -> None:
    data = codecs.BOM_UTF16_LE + b"a\x00\n\x00\x00\xd8\n\x00b\x00"
    assert [line.data for line in read_lines(iter([data]))] == [b"a", b"\xed\xa0\x80", b"b"]


def test_utf16_cut_inside_a_character_is_truncated() -> None:
    lines = read_lines(iter(["a\nb".encode("utf-16")[:-1]]))
    assert next(lines).data == b"a"
    with pytest.raises(FeedTruncatedError, match="UTF-16"):
        list(lines)


def test_an_endless_line_is_cut_and_the_next_one_is_whole() -> None:
    chunks = [b"x" * 100_000] * 100 + [b"\nnext\n" + b"y" * (MAX_RECORD_BYTES + 1) + b"\nz"]
    first, second, third, last = read_lines(iter(chunks))
    assert first.is_oversized
    assert len(first.data) <= MAX_RECORD_BYTES + 100_000
    assert second == (2, b"next", True, False)
    assert third.is_oversized
    assert last == (4, b"z", False, False)
