"""The BEIR layout: ``corpus.jsonl``, ``queries.jsonl`` and ``qrels/<split>.tsv``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.errors import CollectionError
from benchmarks.formats.qrels import Qrels
from benchmarks.formats.record import free_attributes, title
from benchmarks.formats.source import Choice, Corpus, Format, Source
from benchmarks.formats.table import read_table
from searchsvc.relevance.judgments import (
    QUERIES_FILE,
    Judgments,
    numbered_lines,
    read_queries,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.formats.source import FeedRecord

CORPUS_FILE = "corpus.jsonl"
_COLUMNS = ("query-id", "corpus-id", "score")


class _Document(BaseModel):
    """One line of corpus.jsonl; `metadata` is whatever the publisher thought of."""

    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    id: str = Field(min_length=1, alias="_id")
    title: str | None = None
    text: str | None = None
    metadata: dict[str, Any] | None = None


def has_corpus(directory: Path) -> bool:
    """Whether there is a BEIR corpus."""
    return (directory / CORPUS_FILE).is_file()


def find_corpus(directory: Path) -> Corpus:
    """The BEIR corpus of a directory that has one."""
    path = directory / CORPUS_FILE
    return Corpus((path,), records=partial(_records, path))


def _records(path: Path) -> Iterator[FeedRecord]:
    for number, line in numbered_lines(path):
        try:
            document = _Document.model_validate_json(line)
        except ValidationError as error:
            detail = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in detail["loc"])
            raise CollectionError(
                f"{path}:{number}: {place or 'line'}: {detail['msg']}; expected "
                '{"_id": "d1", "title": "Red sofa", "text": "…"}'
            ) from error
        yield _record(document)


def _record(document: _Document) -> FeedRecord:
    text = document.text or ""
    attributes = free_attributes((document.metadata or {}).items())
    record: FeedRecord = {
        "id": document.id,
        "title": title(document.title or "", text, document.id),
        "description": text,
    }
    for name in ("brand", "color"):
        if name in attributes:
            record[name] = attributes.pop(name)
    if attributes:
        record["attributes"] = attributes
    return record


def _splits(directory: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted((directory / "qrels").glob("*.tsv"))}


def _fits(directory: Path) -> bool:
    return (
        has_corpus(directory) and (directory / QUERIES_FILE).is_file() and bool(_splits(directory))
    )


def _open(directory: Path, choice: Choice) -> Source:
    splits = _splits(directory)
    if choice.split not in splits:
        raise CollectionError(
            f"{directory}: no split {choice.split!r} in qrels/; expected one of "
            f"{', '.join(splits)}. Choose it with --split."
        )
    qrels_path = splits[choice.split]
    queries = read_queries(directory / QUERIES_FILE)
    qrels = Qrels(qrels_path, {query.id for query in queries})
    for line, row in read_table(qrels_path, _COLUMNS):
        qrels.add_text(row["query-id"], row["corpus-id"], row["score"], line)
    labels = qrels.build()
    # The file holds the queries of all splits.
    judged = tuple(query for query in queries if query.id in labels)
    return Source(
        corpus=find_corpus(directory),
        judgments=Judgments(judged, labels),
        judgment_files=(directory / QUERIES_FILE, qrels_path),
    )


BEIR = Format("BEIR", "corpus.jsonl, queries.jsonl, qrels/<split>.tsv", _fits, _open)
