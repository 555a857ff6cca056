"""The reader of product feeds: any location and format in, `Product` and `Rejection` out."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from indexer.currencies import DECIMALS
from indexer.errors import SettingsError
from indexer.feeds.chunks import peek
from indexer.feeds.delimited import read_delimited
from indexer.feeds.download import Validators
from indexer.feeds.format import FeedFormat, delimiter_of, is_enough, recognise
from indexer.feeds.jsonl import read_jsonl
from indexer.feeds.merchant import read_merchant_xml
from indexer.feeds.names import FieldNames
from indexer.feeds.record import RecordParser
from indexer.feeds.source import Source, is_file, open_source
from indexer.product import Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from indexer.feeds.raw import RawRecord
    from indexer.product import Product

__all__ = ["Feed", "FeedFormat", "FeedOptions", "Validators", "is_file", "open_feed"]


MAX_BYTES = 16 << 30
"""Of a decompressed feed, unless said otherwise: a gzip bomb must end somewhere."""
TIMEOUT_SECONDS = 1800.0
"""For a whole download, unless said otherwise."""


@dataclass(frozen=True, slots=True)
class FeedOptions:
    """How to read a feed.

    Attributes:
        format: recognised from the feed if None.
        mapping: the shop's own field names to Google's, or to ``attributes.<name>``.
        default_currency: ISO 4217 code for prices without a currency.
        max_bytes: size limit of the decompressed feed.
        timeout_seconds: time limit of a whole download.

    Raises:
        SettingsError: a mapping's target, the currency or a limit cannot be used.
    """

    format: FeedFormat | None = None
    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    default_currency: str | None = None
    max_bytes: int = MAX_BYTES
    timeout_seconds: float = TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        FieldNames(self.mapping)
        if self.default_currency is not None and self.default_currency not in DECIMALS:
            raise SettingsError(
                f"default_currency is {self.default_currency!r}, expected an upper-case ISO 4217 "
                "code such as EUR"
            )
        for name in ("max_bytes", "timeout_seconds"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name} is {getattr(self, name)!r}, expected more than 0")


class Feed:
    """The records of an open feed, to be read once, in constant memory.

    Attributes:
        format: recognised or given.
        validators: to hand to the next `open_feed` of the same URL.
        total_bytes: size as stored or sent, None if unknown.
        position: of the record yielded last, as in `Rejection`; 0 before the first.
    """

    def __init__(self, source: Source, options: FeedOptions) -> None:
        self.validators = source.validators
        self.total_bytes = source.total_bytes
        self.position = 0
        self._source = source
        head, chunks = peek(source.read(options.max_bytes), is_enough)
        self.format = options.format or recognise(head, source.path, source.media_type)
        names = FieldNames(options.mapping)
        parser = RecordParser(
            names, options.default_currency, is_typed=self.format is FeedFormat.JSONL
        )
        records = raw_records(self.format, head, chunks, names.id_column)
        self._records = self._parsed(records, parser)

    @property
    def bytes_read(self) -> int:
        """How much of `total_bytes` has been read so far."""
        return self._source.bytes_read

    def __iter__(self) -> Iterator[Product | Rejection]:
        """Every record, in the feed's order; a second iterator goes on where the first stopped.

        Raises:
            FeedUnreadableError: while iterating, after the records before the damage.
            FeedTruncatedError: while iterating, after everything complete, when the feed ends
                early.
        """
        return self._records

    def _parsed(
        self, records: Iterator[RawRecord | Rejection], parser: RecordParser
    ) -> Iterator[Product | Rejection]:
        for record in records:
            self.position = record.position
            yield record if isinstance(record, Rejection) else parser.parse(record)


@contextmanager
def open_feed(
    location: str, options: FeedOptions, validators: Validators | None = None
) -> Iterator[Feed | None]:
    """Open a feed: a path, an http(s) URL, or ``-`` for standard input; gzipped or not.

    Args:
        location: where the feed is.
        options: how to read it.
        validators: of the version that the caller has already.

    Yields:
        The feed; None if it has not changed since `validators`.

    Raises:
        FeedUnreadableError: the feed cannot be opened, fetched or recognised.
    """
    with open_source(location, validators or Validators(), options.timeout_seconds) as source:
        yield None if source is None else Feed(source, options)


def raw_records(
    feed_format: FeedFormat,
    head: bytes,
    chunks: Iterator[bytes],
    id_column: Callable[[Sequence[str]], int],
) -> Iterator[RawRecord | Rejection]:
    """The records that `chunks` hold, before their values are parsed.

    Args:
        feed_format: what they are written in.
        head: the beginning, with the first line.
        chunks: the whole feed, decompressed.
        id_column: of the delimited formats, see `read_delimited`.

    Raises:
        FeedUnreadableError: from the iterator, see `Feed`; `FeedTruncatedError` likewise.
    """
    if feed_format is FeedFormat.JSONL:
        return read_jsonl(chunks)
    if feed_format is FeedFormat.XML:
        return read_merchant_xml(chunks)
    return read_delimited(chunks, delimiter_of(head, feed_format), id_column)
