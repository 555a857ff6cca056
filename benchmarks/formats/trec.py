"""The TREC layout: topics and qrels beside a feed of ours or a BEIR corpus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.errors import CollectionError
from benchmarks.formats import beir, ours
from benchmarks.formats.qrels import Qrels
from benchmarks.formats.source import Choice, Corpus, Format, Source
from searchsvc.relevance.judgments import (
    QUERIES_FILE,
    JudgedQuery,
    Judgments,
    numbered_lines,
    read_queries,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TOPICS = ("topics.tsv", "queries.tsv", QUERIES_FILE)
_QRELS = ("qrels.txt", "*.qrels")
_QRELS_COLUMNS = 4  # query, iteration, product, label


def _topics(directory: Path) -> list[Path]:
    return [directory / name for name in _TOPICS if (directory / name).is_file()]


def _qrels(directory: Path) -> list[Path]:
    return sorted(path for pattern in _QRELS for path in directory.glob(pattern))


def _fits(directory: Path) -> bool:
    has_products = ours.has_feed(directory) or beir.has_corpus(directory)
    return has_products and bool(_topics(directory)) and bool(_qrels(directory))


def _open(directory: Path, _choice: Choice) -> Source:
    topics_path = _only(directory, "file of topics", _topics(directory))
    qrels_path = _only(directory, "file of judgments", _qrels(directory))
    queries = read_queries(topics_path) if topics_path.suffix == ".jsonl" else _read(topics_path)
    return Source(
        corpus=_corpus(directory),
        judgments=Judgments(queries, _labels(qrels_path, queries)),
        judgment_files=(topics_path, qrels_path),
    )


def _only(directory: Path, what: str, found: list[Path]) -> Path:
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise CollectionError(f"{directory}: expected one {what}, found {names}; keep one of them")
    return found[0]


def _corpus(directory: Path) -> Corpus:
    if ours.has_feed(directory) and beir.has_corpus(directory):
        raise CollectionError(
            f"{directory}: expected one catalogue, found a feed and {beir.CORPUS_FILE}; "
            "keep one of them"
        )
    if ours.has_feed(directory):
        return ours.find_feed(directory)
    return beir.find_corpus(directory)


def _read(path: Path) -> tuple[JudgedQuery, ...]:
    topics: dict[str, JudgedQuery] = {}
    for number, line in numbered_lines(path):
        query_id, _, text = (part.strip() for part in line.partition("\t"))
        if not query_id or not text:
            raise CollectionError(
                f"{path}:{number}: {line[:80]!r}; expected a topic's id, a tab and its text"
            )
        if query_id in topics:
            raise CollectionError(f"{path}:{number}: topic {query_id!r} is repeated; keep one")
        topics[query_id] = JudgedQuery(query_id, text)
    return tuple(topics.values())


def _labels(path: Path, queries: tuple[JudgedQuery, ...]) -> Mapping[str, Mapping[str, int]]:
    qrels = Qrels(path, {query.id for query in queries})
    for number, line in numbered_lines(path):
        cells = line.split()
        if len(cells) != _QRELS_COLUMNS:
            raise CollectionError(
                f"{path}:{number}: {len(cells)} columns; expected four, separated by white space: "
                "query id, iteration, product id, label"
            )
        qrels.add_text(cells[0], cells[2], cells[3], number)
    return qrels.build()


TREC = Format(
    "TREC",
    "feed.jsonl[.gz] or corpus.jsonl, topics.tsv or queries.tsv or queries.jsonl, qrels.txt or "
    "*.qrels",
    _fits,
    _open,
)
