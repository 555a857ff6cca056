"""The bytes of a feed, from a path, standard input or a URL."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from indexer.errors import FeedUnreadableError
from indexer.feeds.chunks import CHUNK_BYTES, at_most
from indexer.feeds.compression import decompressed
from indexer.feeds.download import Validators, download

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_INPUT = "-"


class Source:
    """A feed's bytes with what is known about them.

    Args:
        chunks: the bytes as they are stored or sent.
        path: a file's name or a URL's path, to recognise the format by.
        media_type: the Content-Type.
        validators: of this version.
        total_bytes: length of `chunks`, None if unknown.

    Attributes:
        bytes_read: how many bytes of `chunks` have been read.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        path: str = "",
        media_type: str = "",
        *,
        validators: Validators | None = None,
        total_bytes: int | None = None,
    ) -> None:
        self.path = path
        self.media_type = media_type
        self.validators = validators or Validators()
        self.total_bytes = total_bytes
        self.bytes_read = 0
        self._chunks = chunks

    def read(self, max_bytes: int) -> Iterator[bytes]:
        """The decompressed bytes, once.

        Raises:
            FeedUnreadableError: from the iterator, when there are more than `max_bytes`, or the
                gzip data is damaged.
            FeedTruncatedError: from the iterator, when the feed ends early.
        """
        return at_most(decompressed(at_most(self._counted(), max_bytes)), max_bytes)

    def _counted(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.bytes_read += len(chunk)
            yield chunk


@contextmanager
def open_source(
    location: str, validators: Validators, timeout_seconds: float
) -> Iterator[Source | None]:
    """Open the feed at a path, a URL, or ``-`` for standard input.

    Args:
        location: where the feed is.
        validators: of the version that the caller has; empty ones open it anyway.
        timeout_seconds: how long a download may take.

    Yields:
        The source; None if the feed has not changed, which a server says and a file's size and
        time of change tell.

    Raises:
        FeedUnreadableError: there is no such feed, or it cannot be opened.
    """
    scheme = location.partition("://")[0]
    if location == STANDARD_INPUT:
        yield Source(_pieces(sys.stdin.buffer, "standard input"))
    elif is_file(location):
        with _opened(location) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):  # a pipe has neither
                yield Source(_pieces(file, location), location)
                return
            version = Validators(etag=f"{status.st_size}-{status.st_mtime_ns}")
            if version == validators:
                yield None
                return
            yield Source(
                _pieces(file, location),
                location,
                validators=version,
                total_bytes=status.st_size,
            )
    elif scheme.lower() in {"http", "https"}:
        with download(location, validators, timeout_seconds) as answer:
            if answer is None:
                yield None
            else:
                yield Source(
                    answer.chunks,
                    unquote(urlsplit(location).path),
                    answer.media_type,
                    validators=answer.validators,
                    total_bytes=answer.total_bytes,
                )
    else:
        raise FeedUnreadableError(
            f"the feed's location begins with {scheme}://, expected a path, an http or https URL, "
            f"or {STANDARD_INPUT} for standard input"
        )


def is_file(location: str) -> bool:
    """Whether `location` is a path, no URL and not standard input."""
    return location != STANDARD_INPUT and "://" not in location


def _opened(path: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        raise FeedUnreadableError(
            f"the feed {path!r} cannot be opened: {_reason(error)}; check the path"
        ) from error


def _pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise FeedUnreadableError(f"the feed {name!r} cannot be read: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
