from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import FeedError, FeedTruncatedError, FeedUnreadableError
from indexer.feeds.chunks import CHUNK_BYTES, at_most, peek
from indexer.feeds.compression import decompressed

SIZES = st.integers(1, 50)


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=200).map(b"x".__add__), max_size=3), SIZES, st.integers(0, 5))
def test_gzip_members_in_any_pieces_give_their_content(
    members: list[bytes], size: int, padding: int
) -> None:
    stream = b"".join(map(gzip.compress, members))
    chunks = pieces(stream + (b"\0" * padding if members else b""), size)
    assert b"".join(decompressed(iter(chunks))) == b"".join(members)


@given(st.binary(max_size=100), SIZES)
def test_a_stream_without_the_magic_bytes_is_unchanged(data: bytes, size: int) -> None:
    chunks = pieces(b"x" + data, size)
    assert b"".join(decompressed(iter(chunks))) == b"x" + data


def test_a_file_compressed_again_for_the_transfer_is_read() -> None:
    assert b"".join(decompressed(iter([gzip.compress(gzip.compress(b"feed"))]))) == b"feed"


@given(st.binary(min_size=1, max_size=5000), st.data(), SIZES)
def test_a_truncated_gzip_raises_after_yielding_what_was_readable(
    data: bytes, draw: st.DataObject, size: int
) -> None:
    whole = gzip.compress(data)
    cut = draw.draw(st.integers(2, len(whole) - 1))
    got = bytearray()
    readable = decompressed(iter(pieces(whole[:cut], size)))
    with pytest.raises(FeedTruncatedError):
        got.extend(byte for chunk in readable for byte in chunk)
    assert data.startswith(bytes(got))


def test_damaged_gzip_data_is_unreadable() -> None:
    whole = bytearray(gzip.compress(bytes(range(256)) * 20))
    whole[-5] ^= 0xFF  # in the checksum
    with pytest.raises(FeedUnreadableError, match="damaged"):
        list(decompressed(iter([bytes(whole)])))
    with pytest.raises(FeedUnreadableError, match="damaged"):
        list(decompressed(iter([gzip.compress(b"x") + b"garbage"])))


def test_a_gzip_bomb_comes_in_small_pieces_and_stops_at_the_limit() -> None:
    bomb = gzip.compress(bytes(50 << 20))
    sizes: list[int] = []
    with pytest.raises(FeedUnreadableError, match="larger than 1,000,000 bytes"):
        sizes.extend(len(chunk) for chunk in at_most(decompressed(iter([bomb])), 1_000_000))
    assert sum(sizes) <= 1_000_000
    assert all(size <= CHUNK_BYTES for size in sizes)


@given(st.lists(st.binary(min_size=1, max_size=9)), st.integers(0, 20))
def test_a_look_ahead_loses_nothing(chunks: list[bytes], size: int) -> None:
    head, again = peek(iter(chunks), lambda head: len(head) >= size)
    whole = b"".join(chunks)
    assert whole.startswith(head)
    assert len(head) >= min(size, len(whole))
    assert b"".join(again) == whole


def test_an_error_met_while_looking_ahead_comes_after_the_bytes_before_it() -> None:
    def failing():  # noqa: ANN202
        yield b"ab"
        raise FeedTruncatedError("cut")

    head, again = peek(failing(), lambda head: len(head) > 5)
    assert head == b"ab"
    assert next(again) == b"ab"
    with pytest.raises(FeedError, match="cut"):
        next(again)
