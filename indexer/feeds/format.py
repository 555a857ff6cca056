"""The formats of feeds, and how to recognise them."""

from __future__ import annotations

import codecs
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType

from indexer.errors import FeedUnreadableError
from indexer.feeds.chunks import CHUNK_BYTES


class FeedFormat(StrEnum):
    """What a feed is written in."""

    JSONL = "jsonl"
    CSV = "csv"
    TSV = "tsv"
    XML = "xml"


_BY_SUFFIX = MappingProxyType(
    {
        ".jsonl": FeedFormat.JSONL,
        ".ndjson": FeedFormat.JSONL,
        ".csv": FeedFormat.CSV,
        ".tsv": FeedFormat.TSV,
        ".tab": FeedFormat.TSV,
        ".xml": FeedFormat.XML,
        ".rss": FeedFormat.XML,
        ".atom": FeedFormat.XML,
    }
)
_BY_MEDIA_TYPE = MappingProxyType(
    {
        "application/jsonl": FeedFormat.JSONL,
        "application/x-ndjson": FeedFormat.JSONL,
        "application/jsonlines": FeedFormat.JSONL,
        "text/csv": FeedFormat.CSV,
        "application/csv": FeedFormat.CSV,
        "text/tab-separated-values": FeedFormat.TSV,
        "application/xml": FeedFormat.XML,
        "text/xml": FeedFormat.XML,
        "application/rss+xml": FeedFormat.XML,
        "application/atom+xml": FeedFormat.XML,
    }
)
_OTHER_FILES = MappingProxyType(
    {
        b"PK\x03\x04": "a ZIP archive or a spreadsheet",
        b"BZh": "bzip2",
        b"\xfd7zXZ": "xz",
        b"\x28\xb5\x2f\xfd": "Zstandard",
    }
)
_CSV_DELIMITERS = ",;\t|"


def is_enough(head: bytes) -> bool:
    """Whether the beginning of a feed suffices to recognise it: it has a whole line of text."""
    return b"\n" in head.lstrip() or len(head) >= CHUNK_BYTES


def recognise(head: bytes, path: str, media_type: str) -> FeedFormat:
    """The format of a feed: by its first character, its name, what the server says, its header.

    Args:
        head: the decompressed beginning, with the first line.
        path: the file's name or the URL's path.
        media_type: the Content-Type, "" if there is none.

    Raises:
        FeedUnreadableError: it is none of the formats.
    """
    text = _text(head).strip()
    if text.startswith("<"):
        return FeedFormat.XML
    if text.startswith("{"):
        return FeedFormat.JSONL
    named = _BY_SUFFIX.get(_suffix(path)) or _BY_MEDIA_TYPE.get(
        media_type.partition(";")[0].strip().lower()
    )
    if named:
        return named
    if not text:
        return FeedFormat.JSONL  # of no consequence: an empty feed has no records
    if text.startswith("["):
        raise FeedUnreadableError(
            "the feed is a JSON array, expected JSON Lines; convert it with: jq -c '.[]'"
        )
    return _recognise_header(head, text.partition("\n")[0])


def delimiter_of(head: bytes, feed_format: FeedFormat) -> str:
    """The character between the cells; for CSV the likeliest one of the header."""
    if feed_format is FeedFormat.TSV:
        return "\t"
    header = _text(head).strip("\r\n").partition("\n")[0]
    unquoted = "".join(header.split('"')[::2])
    return max(_CSV_DELIMITERS, key=unquoted.count)


def _recognise_header(head: bytes, header: str) -> FeedFormat:
    for magic, kind in _OTHER_FILES.items():
        if head.startswith(magic):
            raise FeedUnreadableError(
                f"the feed is {kind}; expected JSON Lines, CSV, TSV or XML, plain or gzipped"
            )
    if "\t" in header:
        return FeedFormat.TSV
    if "," in header or ";" in header:
        return FeedFormat.CSV
    raise FeedUnreadableError(
        f"the feed begins with {header[:80]!r}, which is no JSON Lines, CSV, TSV or XML; "
        "name its format if it is one of them"
    )


def _suffix(path: str) -> str:
    name = PurePosixPath(path.lower())
    return PurePosixPath(name.stem).suffix if name.suffix == ".gz" else name.suffix


def _text(head: bytes) -> str:
    is_utf16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return head.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")
