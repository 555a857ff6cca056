"""The export of events: JSON Lines of our own, UBI, or what OpenSearch's ``_bulk`` takes."""

from __future__ import annotations

import os
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from indexer.durable import flush
from searchsvc.errors import BadQueryError, EventFileError
from searchsvc.events.ubi import EVENTS, QUERIES, timestamp, ubi_records

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from searchsvc.events.event import Event

    Lines = Iterator[tuple[str, bytes]]

STANDARD_OUTPUT = "-"


class ExportFormat(StrEnum):
    """What events are written in."""

    JSONL = "jsonl"
    UBI = "ubi"


def event_record(event: Event) -> dict[str, Any]:
    """An event as JSON has it; what is absent is left out."""
    fields = asdict(event)
    fields["time"] = timestamp(fields.pop("time_ms"))
    fields["type"] = fields.pop("kind")
    fields["items"] = [
        {name: value for name, value in item.items() if value is not None}
        for item in fields["items"]
    ]
    return {name: value for name, value in fields.items() if value not in (None, [])}


def export(
    events: Iterable[Event], form: ExportFormat, output: str, *, bulk: bool = False
) -> dict[str, int]:
    """Write `events`, in constant memory.

    UBI has two kinds of records, so `output` is a directory, in which ``ubi_queries.jsonl`` and
    ``ubi_events.jsonl`` are replaced; in the bulk form each record follows a line that names its
    OpenSearch index, and they are one file.

    Args:
        events: in the order to be written.
        form: of the records.
        output: a path, or ``-`` for standard output. A file is there completely or not at all.
        bulk: of UBI, for OpenSearch's ``_bulk``.

    Returns:
        How many records were written, by kind of record.

    Raises:
        BadQueryError: the parts of the question do not fit together.
        EventFileError: the output cannot be written.
    """
    names, lines = _plan(form, output, bulk=bulk)
    written: Counter[str] = Counter(dict.fromkeys(names, 0))
    try:
        with ExitStack() as stack:
            files = {name: stack.enter_context(_writing(path)) for name, path in names.items()}
            for event in events:
                for name, line in lines(event):
                    files[name].write(line)
                    written[name] += 1
    except OSError as error:
        raise EventFileError(
            f"{output} cannot be written ({error.strerror}); choose another place with --output"
        ) from error
    return dict(written)


def _plan(
    form: ExportFormat, output: str, *, bulk: bool
) -> tuple[dict[str, str], Callable[[Event], Lines]]:
    """Which files there are, by what goes into them, and the lines of an event."""
    if form is ExportFormat.JSONL:
        if bulk:
            raise BadQueryError("--bulk goes with --format ubi: OpenSearch's _bulk takes UBI")
        return {"events": output}, _own
    if bulk:
        return {"ubi": output}, _bulk
    if output == STANDARD_OUTPUT:
        raise BadQueryError(
            "UBI has two kinds of records, which go into two files: give a directory as --output, "
            "or write both to standard output with --bulk"
        )
    return {name: str(Path(output) / f"{name}.jsonl") for name in (QUERIES, EVENTS)}, _ubi


def _own(event: Event) -> Lines:
    yield "events", orjson.dumps(event_record(event)) + b"\n"


def _ubi(event: Event) -> Lines:
    for index, _, record in ubi_records(event):
        yield index, orjson.dumps(record) + b"\n"


def _bulk(event: Event) -> Lines:
    for index, record_id, record in ubi_records(event):
        action = {"index": {"_index": index, "_id": record_id}}
        yield "ubi", orjson.dumps(action) + b"\n" + orjson.dumps(record) + b"\n"


@contextmanager
def _writing(location: str) -> Generator[BinaryIO]:
    """A file that replaces the one at `location` when everything went well."""
    if location == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(location)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        flush(path.parent)
    finally:
        aside.unlink(missing_ok=True)
