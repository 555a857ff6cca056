"""The reader of deltas: any location and format of feeds in, `Change` and `Rejection` out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from indexer.errors import FeedUnreadableError
from indexer.feeds.alteration import ChangeParser
from indexer.feeds.chunks import peek
from indexer.feeds.download import Validators
from indexer.feeds.format import FeedFormat, is_enough, recognise
from indexer.feeds.names import FieldNames
from indexer.feeds.raw import MAX_NESTING, RawRecord, is_nested_deeper, whole_record
from indexer.feeds.reader import raw_records
from indexer.feeds.source import open_source
from indexer.product import Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexer.feeds.change import Change, Operation
    from indexer.feeds.reader import FeedOptions
    from indexer.feeds.source import Source


class Delta:
    """The changes of an open delta, to be read once, in constant memory.

    Attributes:
        format: recognised or given.
        total_bytes: size as stored or sent, None if unknown.
    """

    def __init__(self, source: Source, options: FeedOptions, mode: Operation) -> None:
        self.total_bytes = source.total_bytes
        self._source = source
        head, chunks = peek(source.read(options.max_bytes), is_enough)
        self.format = options.format or recognise(head, source.path, source.media_type)
        names = FieldNames(options.mapping)
        parser = ChangeParser(
            names, options.default_currency, mode, is_typed=self.format is FeedFormat.JSONL
        )
        records = raw_records(self.format, head, chunks, lambda header: _id_column(names, header))
        self._changes = _parsed(records, parser)

    @property
    def bytes_read(self) -> int:
        """How much of `total_bytes` has been read so far."""
        return self._source.bytes_read

    def __iter__(self) -> Iterator[Change | Rejection]:
        """Every change, in the delta's order; a second iterator goes on where the first stopped.

        Raises:
            FeedUnreadableError: while iterating, after the records before the damage.
            FeedTruncatedError: while iterating, after everything complete, when the delta ends
                early.
        """
        return self._changes


class GivenDelta:
    """Changes that are in memory already, as JSON values.

    Attributes:
        total_bytes: None; nothing is read.
        bytes_read: 0.
    """

    total_bytes: int | None = None
    bytes_read = 0

    def __init__(self, records: Iterable[Any], options: FeedOptions, mode: Operation) -> None:
        parser = ChangeParser(
            FieldNames(options.mapping), options.default_currency, mode, is_typed=True
        )
        numbered = (_raw(position, record) for position, record in enumerate(records, 1))
        self._changes = _parsed(numbered, parser)

    def __iter__(self) -> Iterator[Change | Rejection]:
        """Every change, in the order given; positions count from 1."""
        return self._changes


@contextmanager
def open_delta(location: str, options: FeedOptions, mode: Operation) -> Iterator[Delta]:
    """Open a delta: a path, an http(s) URL, or ``-`` for standard input; gzipped or not.

    Args:
        location: where the delta is.
        options: how to read it, as for the feeds of the catalogue.
        mode: what a record that does not say it asks for.

    Raises:
        FeedUnreadableError: the delta cannot be opened, fetched or recognised.
    """
    with open_source(location, Validators(), options.timeout_seconds) as source:
        if source is None:
            raise FeedUnreadableError(
                f"the delta {location!r} was answered as not modified to a request without "
                "conditions; check the server"
            )
        yield Delta(source, options, mode)


def _parsed(
    records: Iterable[RawRecord | Rejection], parser: ChangeParser
) -> Iterator[Change | Rejection]:
    for record in records:
        yield record if isinstance(record, Rejection) else parser.parse(record)


def _raw(position: int, record: Any) -> RawRecord | Rejection:  # noqa: ANN401 - any JSON
    if not isinstance(record, dict):
        return whole_record(position, record, "expected a JSON object")
    if is_nested_deeper(record, MAX_NESTING):
        reason = f"expected at most {MAX_NESTING} lists and objects in each other"
        # What no serializer may be able to show is left out.
        flat = {k: v for k, v in record.items() if not isinstance(v, (dict, list))}
        return whole_record(position, flat, reason)
    return RawRecord(position, record)


def _id_column(names: FieldNames, header: Iterable[str]) -> int:
    """The index of the column with the id; unlike a feed, a delta needs no title.

    Raises:
        FeedUnreadableError: there is none, or a name is no name.
    """
    columns = list(header)
    try:
        found = [names.target(name).field if name else "" for name in columns]
    except ValueError as error:
        raise FeedUnreadableError(f"the header has an unusable column: {error}") from error
    if "id" not in found:
        raise FeedUnreadableError(
            f"the header has no column for id, only: {', '.join(columns[:20])[:200]}; name it as "
            "Google does, or map the shop's name"
        )
    return found.index("id")
