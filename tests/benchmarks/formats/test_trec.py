from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.collection import feed_of, load_collection
from benchmarks.errors import CollectionError
from indexer.feeds.reader import FeedOptions, open_feed
from searchsvc.relevance.judgments import JudgedQuery

if TYPE_CHECKING:
    from pathlib import Path

QUERIES = (JudgedQuery("301", "red sofa"), JudgedQuery("302", "lamp\twith shade"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "feed.jsonl").write_text('{"id": "a", "title": "Red sofa"}\n')
    (tmp_path / "topics.tsv").write_text("301\tred sofa\n302\tlamp\twith shade\n")
    (tmp_path / "qrels.txt").write_text("301 0 a 2\n301\t0\tb  -2\n302 0 b 1\n")
    return tmp_path


def test_topics_and_judgments_are_read(directory: Path) -> None:
    collection = load_collection(directory)
    assert collection.format == "TREC"
    assert collection.queries == QUERIES
    assert collection.qrels == {"301": {"a": 2, "b": 0}, "302": {"b": 1}}
    assert feed_of(collection, directory / "converted") == directory / "feed.jsonl"


def test_the_files_may_have_their_other_names(directory: Path) -> None:
    before = load_collection(directory)
    (directory / "topics.tsv").rename(directory / "queries.tsv")
    (directory / "qrels.txt").rename(directory / "2023.qrels")
    after = load_collection(directory)
    assert (after.queries, after.qrels) == (before.queries, before.qrels)


def test_topics_may_be_json_lines(directory: Path) -> None:
    (directory / "topics.tsv").unlink()
    (directory / "queries.jsonl").write_text(
        '{"id": "301", "text": "red sofa", "class": "x"}\n{"_id": "302", "text": "lamp"}\n'
    )
    assert load_collection(directory).queries == (
        JudgedQuery("301", "red sofa", "x"),
        JudgedQuery("302", "lamp"),
    )


def test_the_corpus_may_be_that_of_beir(directory: Path) -> None:
    (directory / "feed.jsonl").unlink()
    (directory / "corpus.jsonl").write_text('{"_id": "a", "title": "Red sofa", "text": ""}\n')
    feed = feed_of(load_collection(directory), directory / "converted")
    with open_feed(str(feed), FeedOptions()) as records:
        assert [getattr(record, "title", record) for record in records or ()] == ["Red sofa"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("topics.tsv", "301 red sofa\n", r"topics\.tsv:1: .*a tab"),
        ("topics.tsv", "301\t \n", r"topics\.tsv:1: "),
        ("topics.tsv", "301\ta\n301\tb\n", r"topics\.tsv:2: topic '301' is repeated"),
        ("qrels.txt", "301 a 2\n", r"qrels\.txt:1: 3 columns; expected four"),
        ("qrels.txt", "301 0 a 1.5\n", r"qrels\.txt:1: label '1\.5'"),
        ("qrels.txt", "303 0 a 1\n", r"qrels\.txt:1: query id '303'"),
    ],
)
def test_a_malformed_line_is_named(directory: Path, name: str, content: str, message: str) -> None:
    (directory / name).write_text(content)
    with pytest.raises(CollectionError, match=message):
        load_collection(directory)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("queries.tsv", r"one file of topics, found topics\.tsv, queries\.tsv"),
        ("more.qrels", r"one file of judgments, found more\.qrels, qrels\.txt"),
        ("corpus.jsonl", r"one catalogue"),
        ("feed.jsonl.gz", r"one feed"),
    ],
)
def test_several_files_of_one_kind_are_ambiguous(directory: Path, name: str, message: str) -> None:
    (directory / name).touch()
    with pytest.raises(CollectionError, match=message):
        load_collection(directory)
