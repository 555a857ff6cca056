"""A test collection: a product feed with judged queries, read from one directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.errors import JudgmentsError
from searchsvc.relevance.judgments import QRELS_FILE, QUERIES_FILE, load_judgments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from searchsvc.relevance.judgments import JudgedQuery

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Collection:
    """What a relevance benchmark needs.

    Attributes:
        name: the directory's name.
        feed_path: ``feed.jsonl`` or ``feed.jsonl.gz``.
        queries: in file order, distinct ids.
        qrels: query id → product id → label; only queries of `queries`, labels 0 or more.
        digest: SHA-256 over the three files, 64 hexadecimal digits.
    """

    name: str
    feed_path: Path
    queries: tuple[JudgedQuery, ...]
    qrels: Mapping[str, Mapping[str, int]]
    digest: str


def load_collection(directory: Path) -> Collection:
    """The collection in `directory`: ``feed.jsonl[.gz]``, ``queries.jsonl``, ``qrels.tsv``.

    Raises:
        JudgmentsError: there is not one feed, or the judgments cannot be read.
    """
    feed_path = _feed_path(directory)
    judgments = load_judgments(directory)
    digest = _digest(feed_path, directory / QUERIES_FILE, directory / QRELS_FILE)
    return Collection(
        directory.resolve().name, feed_path, judgments.queries, judgments.qrels, digest
    )


def _feed_path(directory: Path) -> Path:
    found = [
        path for path in (directory / "feed.jsonl", directory / "feed.jsonl.gz") if path.is_file()
    ]
    if len(found) != 1:
        raise JudgmentsError(
            f"{directory}: expected one feed, feed.jsonl or feed.jsonl.gz, found {len(found)}; "
            + ("remove one of them" if found else "convert the catalogue to JSON Lines first")
        )
    return found[0]


def _digest(*paths: Path) -> str:
    """SHA-256 over names, sizes and contents, so that no two splits of the bytes are equal."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sha.update(chunk)
    return sha.hexdigest()
