"""A stream of bytes that arrives in pieces of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.errors import FeedError, FeedUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CHUNK_BYTES = 1 << 16
"""How much is read or decompressed at a time."""


def peek(
    chunks: Iterator[bytes], is_enough: Callable[[bytes], bool]
) -> tuple[bytes, Iterator[bytes]]:
    """The beginning of a stream, and the same stream again from its beginning.

    A feed that breaks off here is still read up to the break: the error comes again from the
    returned stream, after the bytes that precede it.

    Args:
        chunks: the stream; belongs to the returned iterator afterwards.
        is_enough: whether the beginning so far suffices.

    Returns:
        The beginning (shorter only at the stream's end) and the whole stream.
    """
    head = b""
    failure: FeedError | None = None
    try:
        while not is_enough(head):
            head += next(chunks)
    except StopIteration:
        pass
    except FeedError as error:
        failure = error
    return head, _again(head, failure, chunks)


def _again(head: bytes, failure: FeedError | None, rest: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    if failure:
        raise failure
    yield from rest


def at_most(chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    """The stream, up to a size.

    Raises:
        FeedUnreadableError: from the iterator, when the stream is longer than `max_bytes`.
    """
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > max_bytes:
            raise FeedUnreadableError(
                f"the feed is larger than {max_bytes:,} bytes (decompressed); "
                "raise --max-gigabytes if it is meant to be"
            )
        yield chunk
