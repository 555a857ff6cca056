"""The gzip layer of a feed."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds.chunks import CHUNK_BYTES, peek

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS  # zlib's way to say "with a gzip header and checksum"

# A server may compress an already compressed file once more for the transfer.
_MAX_LAYERS = 2


def decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The stream without its gzip layers, if it has any: they are known by their first bytes.

    Memory stays within two chunks, whatever the compression ratio.

    Raises:
        FeedTruncatedError: from the iterator, after everything readable, when the stream ends
            before the compressed data does.
        FeedUnreadableError: likewise, when the compressed data is damaged.
    """
    for _ in range(_MAX_LAYERS):
        head, chunks = peek(chunks, lambda head: len(head) >= len(GZIP_MAGIC))
        if not head.startswith(GZIP_MAGIC):
            break
        chunks = _gunzip(chunks)
    return chunks


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The members of a gzip stream, one after the other (RFC 1952, section 2.2)."""
    pending = next(chunks)
    while True:
        member = zlib.decompressobj(_GZIP_WINDOW)
        while not member.eof:
            if not pending and not (pending := next(chunks, b"")):
                raise FeedTruncatedError(
                    "the gzip data ends in the middle; fetch the feed again, "
                    "or use --force to take what was read"
                )
            try:
                data = member.decompress(pending, CHUNK_BYTES)
            except zlib.error as error:
                raise FeedUnreadableError(
                    f"the gzip data is damaged ({error}); fetch the feed again"
                ) from error
            pending = member.unconsumed_tail or member.unused_data
            if data:
                yield data
        # Tapes and some writers pad the last member with zeros.
        while not (pending := pending.lstrip(b"\0")):
            if not (pending := next(chunks, b"")):
                return
