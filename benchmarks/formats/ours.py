"""Our own layout: a feed, ``queries.jsonl`` and ``qrels.tsv``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import CollectionError
from benchmarks.formats.source import Choice, Corpus, Format, Source
from searchsvc.relevance.judgments import QRELS_FILE, QUERIES_FILE, load_judgments

if TYPE_CHECKING:
    from pathlib import Path

_FEEDS = ("feed.jsonl", "feed.jsonl.gz")


def has_feed(directory: Path) -> bool:
    """Whether there is a feed of ours, or two."""
    return any((directory / name).is_file() for name in _FEEDS)


def find_feed(directory: Path) -> Corpus:
    """The only feed of a directory that has one.

    Raises:
        CollectionError: there are two.
    """
    found = [directory / name for name in _FEEDS if (directory / name).is_file()]
    if len(found) != 1:
        raise CollectionError(
            f"{directory}: expected one feed, {' or '.join(_FEEDS)}, found {len(found)}; "
            "remove one of them"
        )
    return Corpus((found[0],))


def _fits(directory: Path) -> bool:
    return has_feed(directory) and all(
        (directory / name).is_file() for name in (QUERIES_FILE, QRELS_FILE)
    )


def _open(directory: Path, _choice: Choice) -> Source:
    return Source(
        corpus=find_feed(directory),
        judgments=load_judgments(directory),
        judgment_files=(directory / QUERIES_FILE, directory / QRELS_FILE),
    )


OURS = Format("searchsvc", "feed.jsonl[.gz], queries.jsonl, qrels.tsv", _fits, _open)
