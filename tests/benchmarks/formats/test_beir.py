from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.collection import feed_of, load_collection
from benchmarks.errors import CollectionError
from benchmarks.formats.source import Choice
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.product import Product
from searchsvc.errors import JudgmentsError
from searchsvc.relevance.judgments import JudgedQuery

if TYPE_CHECKING:
    from pathlib import Path

QUERIES = (
    '{"_id": "q1", "text": "red sofa", "metadata": {}}\n'
    '{"_id": 2, "text": "lamp"}\n'
    '{"_id": "unjudged", "text": "table"}\n'
)
QRELS = "query-id\tcorpus-id\tscore\nq1\ta\t2\nq1\tb\t-1\n2\tb\t1\n2\tb\t3\n"
DOCUMENTS: list[dict[str, Any]] = [
    {
        "_id": "a",
        "title": "Red <b>sofa</b>",
        "text": "For three",
        "metadata": {
            "brand": "Sitwell",
            "color": ["red", "dark red"],
            "seats": 3,
            "weight": "41.5",
            "url": "https://example.com/a",
            "": "nameless",
            "nested": {"a": 1},
            "gone": None,
            "tags": ["new", "new"],
            "rating": float("1e400"),
        },
    },
    {"_id": "b", "title": "", "text": "A lamp " + "that shines " * 40},
    {"_id": "c"},
]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(d) + "\n" for d in DOCUMENTS))
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    (tmp_path / "qrels" / "test.tsv").write_text(QRELS)
    return tmp_path


def products(directory: Path) -> dict[str, Product]:
    feed = feed_of(load_collection(directory), directory / "converted")
    with open_feed(str(feed), FeedOptions()) as records:
        return {record.id: record for record in records or () if isinstance(record, Product)}


def test_judged_queries_are_read(directory: Path) -> None:
    collection = load_collection(directory)
    assert collection.format == "BEIR"
    assert collection.queries == (JudgedQuery("q1", "red sofa"), JudgedQuery("2", "lamp"))
    assert collection.qrels == {"q1": {"a": 2, "b": 0}, "2": {"b": 3}}


def test_documents_become_products(directory: Path) -> None:
    sofa = products(directory)["a"]
    assert (sofa.title, sofa.description) == ("Red sofa", "For three")
    assert (sofa.brand, sofa.color) == ("Sitwell", "red / dark red")
    assert sofa.attributes == {"seats": 3, "weight": 41.5, "tags": "new"}


def test_a_document_without_a_title_is_called_by_the_beginning_of_its_text(
    directory: Path,
) -> None:
    lamp = products(directory)["b"]
    assert lamp.title.startswith("A lamp that shines")
    assert len(lamp.title) <= 100
    assert lamp.description.startswith(lamp.title)


def test_a_document_without_any_text_is_called_by_its_id(directory: Path) -> None:
    assert products(directory)["c"].title == "c"


def test_the_split_is_chosen(directory: Path) -> None:
    (directory / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nunjudged\tc\t1\n")
    collection = load_collection(directory, Choice("dev"))
    assert collection.queries == (JudgedQuery("unjudged", "table"),)
    with pytest.raises(CollectionError, match=r"'train' .*one of dev, test.*--split"):
        load_collection(directory, Choice("train"))


@pytest.mark.parametrize(
    ("qrels", "message"),
    [
        ("query\tdoc\tscore\n", r"test\.tsv: no column query-id, corpus-id"),
        ("", r"test\.tsv: no column"),
        (QRELS + "q9\ta\t1\n", r"test\.tsv:6: query id 'q9' has a judgment but no text"),
        (QRELS + "q1\ta\thigh\n", r"test\.tsv:6: label 'high'"),
        (QRELS + "q1\t\t1\n", r"test\.tsv:6: expected a product id"),
        (QRELS + "q1\ta\n", r"test\.tsv:6: 2 tab-separated cells; expected 3"),
        ("query-id\tcorpus-id\tscore\n\n", r"test\.tsv: no judgments"),
    ],
)
def test_malformed_judgments_are_named(directory: Path, qrels: str, message: str) -> None:
    (directory / "qrels" / "test.tsv").write_text(qrels)
    with pytest.raises(CollectionError, match=message):
        load_collection(directory)


def test_judgments_that_are_no_text_are_refused(directory: Path) -> None:
    (directory / "qrels" / "test.tsv").write_bytes(b"query-id\tcorpus-id\tscore\n\xff\xfe")
    with pytest.raises(CollectionError, match="not UTF-8"):
        load_collection(directory)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}", r"corpus\.jsonl:4: _id"),
        ("nonsense", r"corpus\.jsonl:4: line: .*JSON"),
        ('{"_id": "d", "title": ["x"]}', r"corpus\.jsonl:4: title"),
    ],
)
def test_a_malformed_document_is_named_and_leaves_no_feed(
    directory: Path, line: str, message: str
) -> None:
    with (directory / "corpus.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(CollectionError, match=message):
        products(directory)
    assert not list((directory / "converted").iterdir())


def test_a_malformed_query_is_named(directory: Path) -> None:
    (directory / "queries.jsonl").write_text('{"_id": "q1"}\n')
    with pytest.raises(JudgmentsError, match=r"queries\.jsonl:1: text"):
        load_collection(directory)
