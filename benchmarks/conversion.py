"""The JSON Lines feed that a foreign catalogue is converted to, once."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import orjson

from indexer.durable import flush

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

CONVERSION = 1
"""Raise it when a format's records change, so that feeds converted before are not taken."""

_LEVEL = 1  # written once, read a few times, and reading is slower by other things
_REPORT_EVERY = 1_000


def convert(
    records: Iterable[Mapping[str, object]],
    path: Path,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write a gzipped feed of ours, completely or not at all; the same records, the same bytes.

    Args:
        records: products, consumed one by one.
        path: replaced if it exists; its directory is made.
        progress: called with the number of products just written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with aside.open("wb") as file:
            # No name and no time in the header: they would make equal feeds different files.
            with gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
                for count, record in enumerate(records, start=1):
                    packed.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
                    if progress and count % _REPORT_EVERY == 0:
                        progress(_REPORT_EVERY)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    flush(path.parent)
