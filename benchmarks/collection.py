"""A test collection: a product feed, queries and graded judgments, read from one directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_CHUNK_BYTES = 1 << 20


class CollectionError(Exception):
    """A collection's file is absent or malformed; the message names file, line and remedy."""


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query of the collection.

    Attributes:
        query_class: the kind of query (``name``, ``typo`` …), ``""`` when the file gives none.
    """

    id: str
    text: str
    query_class: str = ""


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


class _QueryLine(BaseModel):
    """One line of queries.jsonl; other members are somebody else's and ignored."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    query_class: str = Field(default="", alias="class")


class _JudgmentLine(BaseModel):
    """One line of qrels.tsv."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    query_id: str = Field(min_length=1)
    product_id: str = Field(min_length=1)
    label: int = Field(ge=0, le=100)


_COLUMNS = tuple(_JudgmentLine.model_fields)


def load_collection(directory: Path) -> Collection:
    """The collection in `directory`: ``feed.jsonl[.gz]``, ``queries.jsonl``, ``qrels.tsv``.

    ``qrels.tsv`` has the tab-separated columns query id, product id, label; a first line whose
    label is no number is taken for a header.

    Raises:
        CollectionError: a file is absent, a line is malformed, an id is repeated, or a judgment
            belongs to no query.
    """
    feed_path = _feed_path(directory)
    queries_path, qrels_path = directory / "queries.jsonl", directory / "qrels.tsv"
    queries = _read_queries(queries_path)
    qrels = _read_qrels(qrels_path, {query.id for query in queries})
    digest = _digest(feed_path, queries_path, qrels_path)
    return Collection(directory.resolve().name, feed_path, queries, qrels, digest)


def _feed_path(directory: Path) -> Path:
    found = [
        path for path in (directory / "feed.jsonl", directory / "feed.jsonl.gz") if path.is_file()
    ]
    if len(found) != 1:
        raise CollectionError(
            f"{directory}: expected one feed, feed.jsonl or feed.jsonl.gz, found {len(found)}; "
            + ("remove one of them" if found else "convert the catalogue to JSON Lines first")
        )
    return found[0]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines from 1, blank ones left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except FileNotFoundError:
        raise CollectionError(
            f"{path}: no such file; a collection has feed.jsonl[.gz], queries.jsonl and qrels.tsv"
        ) from None
    except UnicodeDecodeError as error:
        raise CollectionError(f"{path}: not UTF-8 ({error}); convert the file") from error


def _read_queries(path: Path) -> tuple[JudgedQuery, ...]:
    queries: dict[str, JudgedQuery] = {}
    for number, line in _lines(path):
        try:
            parsed = _QueryLine.model_validate_json(line)
        except ValidationError as error:
            raise CollectionError(
                f'{path}:{number}: {_first(error)}; expected {{"id": "q1", "text": "red sofa"}}'
            ) from error
        if parsed.id in queries:
            raise CollectionError(f"{path}:{number}: query id {parsed.id!r} is repeated")
        queries[parsed.id] = JudgedQuery(parsed.id, parsed.text, parsed.query_class)
    return tuple(queries.values())


def _read_qrels(path: Path, query_ids: set[str]) -> Mapping[str, Mapping[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    first = True
    for number, line in _lines(path):
        cells = line.split("\t")
        header, first = first and _is_header(cells), False
        if header:
            continue
        judgment = _judgment(path, number, cells)
        if judgment.query_id not in query_ids:
            raise CollectionError(
                f"{path}:{number}: query id {judgment.query_id!r} is not in queries.jsonl"
            )
        labels = qrels.setdefault(judgment.query_id, {})
        if judgment.product_id in labels:
            raise CollectionError(
                f"{path}:{number}: product {judgment.product_id!r} is judged twice for query "
                f"{judgment.query_id!r}; keep one judgment"
            )
        labels[judgment.product_id] = judgment.label
    return MappingProxyType({query: MappingProxyType(labels) for query, labels in qrels.items()})


def _is_header(cells: list[str]) -> bool:
    return len(cells) == len(_COLUMNS) and not cells[-1].strip().lstrip("+-").isdecimal()


def _judgment(path: Path, number: int, cells: list[str]) -> _JudgmentLine:
    if len(cells) != len(_COLUMNS):
        raise CollectionError(
            f"{path}:{number}: {len(cells)} tab-separated columns; expected {', '.join(_COLUMNS)}"
        )
    try:
        return _JudgmentLine.model_validate(dict(zip(_COLUMNS, cells, strict=True)))
    except ValidationError as error:
        raise CollectionError(f"{path}:{number}: {_first(error)}") from error


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in detail["loc"])
    return f"{place + ': ' if place else ''}{detail['msg']} (got {str(detail['input'])[:80]!r})"


def _digest(*paths: Path) -> str:
    """SHA-256 over names, sizes and contents, so that no two splits of the bytes are equal."""
    sha = hashlib.sha256()
    for path in paths:
        sha.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                sha.update(chunk)
    return sha.hexdigest()
