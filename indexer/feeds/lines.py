"""The lines of a text feed."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, NamedTuple

from indexer.errors import FeedTruncatedError
from indexer.feeds.chunks import peek
from indexer.feeds.raw import MAX_RECORD_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOM_BYTES = 3


class Line(NamedTuple):
    r"""One line in UTF-8, without its ``\n``.

    Attributes:
        number: from 1.
        data: the line; of an oversized one only the beginning.
        has_end: whether ``\n`` follows; only the last line of a feed may lack it.
        is_oversized: whether it is longer than a record may be.
    """

    number: int
    data: bytes
    has_end: bool
    is_oversized: bool = False


def read_lines(chunks: Iterator[bytes]) -> Iterator[Line]:
    """The lines of a stream in UTF-8 (byte order mark or not) or UTF-16 (byte order mark).

    Memory stays within one record and one chunk, however long a line is.

    Raises:
        FeedTruncatedError: from the iterator, when UTF-16 ends in the middle of a character;
            and whatever `chunks` raises, after the lines that were complete.
    """
    head, chunks = peek(chunks, lambda head: len(head) >= _BOM_BYTES)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        chunks = _utf8_from_utf16(chunks)
    elif head.startswith(codecs.BOM_UTF8):
        chunks = _without_bom(chunks)
    return _split(chunks)


def _without_bom(chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield next(chunks).removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _utf8_from_utf16(chunks: Iterator[bytes]) -> Iterator[bytes]:
    # A lone surrogate passes here and becomes invalid UTF-8, which costs its record only.
    decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
    for chunk in chunks:
        yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FeedTruncatedError(
            "the UTF-16 text ends in the middle of a character; fetch the feed again, "
            "or use --force to take what was read"
        ) from error


def _split(chunks: Iterator[bytes]) -> Iterator[Line]:
    number = 1
    start = _LineStart()
    for chunk in chunks:
        first, *following = chunk.split(b"\n")
        start.append(first)
        if not following:
            continue
        yield start.line(number, has_end=True)
        for data in following[:-1]:
            number += 1
            yield Line(number, data, True, len(data) > MAX_RECORD_BYTES)  # noqa: FBT003 - hot path
        number += 1
        start = _LineStart()
        start.append(following[-1])
    if start.size:
        yield start.line(number, has_end=False)


class _LineStart:
    """The pieces of a line whose end has not arrived, no more of them than a record may have."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size = 0

    def append(self, piece: bytes) -> None:
        if self.size <= MAX_RECORD_BYTES:
            self._pieces.append(piece)
        self.size += len(piece)

    def line(self, number: int, *, has_end: bool) -> Line:
        return Line(number, b"".join(self._pieces), has_end, self.size > MAX_RECORD_BYTES)
