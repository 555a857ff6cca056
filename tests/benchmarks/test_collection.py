from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.collection import load_collection
from searchsvc.errors import JudgmentsError
from searchsvc.relevance.judgments import JudgedQuery

if TYPE_CHECKING:
    from pathlib import Path

QUERIES = '{"id": "q1", "text": "red sofa", "class": "name"}\n\n{"id": "q2", "text": "lamp"}\n'
QRELS = "query_id\tproduct_id\tlabel\nq1\ta\t3\nq1\tb\t0\nq2\ta\t1\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "feed.jsonl").write_text('{"id": "a", "title": "Red sofa"}\n')
    (folder / "queries.jsonl").write_text(QUERIES)
    (folder / "qrels.tsv").write_text(QRELS)
    return folder


def test_a_collection_is_read_with_its_queries_and_judgments(directory: Path) -> None:
    collection = load_collection(directory)
    assert collection.name == "shop"
    assert collection.feed_path == directory / "feed.jsonl"
    assert collection.queries == (JudgedQuery("q1", "red sofa", "name"), JudgedQuery("q2", "lamp"))
    assert collection.qrels == {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}}


@pytest.mark.parametrize(
    "header", ["", "query_id\tproduct_id\tlabel\n", "query-id\tcorpus-id\tscore\n"]
)
def test_the_judgments_may_have_a_header_or_none(directory: Path, header: str) -> None:
    (directory / "qrels.tsv").write_text(header + "q1\ta\t3\r\n")
    assert load_collection(directory).qrels == {"q1": {"a": 3}}


def test_a_byte_order_mark_is_no_part_of_the_first_query(directory: Path) -> None:
    (directory / "queries.jsonl").write_bytes(b"\xef\xbb\xbf" + QUERIES.encode())
    assert load_collection(directory).queries[0].id == "q1"


def test_the_feed_may_be_compressed(directory: Path) -> None:
    (directory / "feed.jsonl").rename(directory / "feed.jsonl.gz")
    assert load_collection(directory).feed_path.name == "feed.jsonl.gz"


@pytest.mark.parametrize("name", ["feed.jsonl", "queries.jsonl", "qrels.tsv"])
def test_the_digest_changes_with_every_file(directory: Path, name: str) -> None:
    before = load_collection(directory).digest
    assert load_collection(directory).digest == before
    with (directory / name).open("a") as file:
        file.write("\n")
    after = load_collection(directory).digest
    assert len(after) == 64
    assert after != before


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("queries.jsonl", '{"id": "q1"}\n', r"queries\.jsonl:1: text"),
        ("queries.jsonl", '{"id": "q1", "text": " "}\n', r"queries\.jsonl:1: text"),
        ("queries.jsonl", "\nsofa\n", r"queries\.jsonl:2: .*JSON"),
        ("queries.jsonl", QUERIES + '{"id": "q1", "text": "x"}\n', r":4: query id 'q1' is repe"),
        ("qrels.tsv", "q1 a 3\n", r"qrels\.tsv:1: 1 tab-separated columns"),
        ("qrels.tsv", QRELS + "q2\tb\n", r"qrels\.tsv:5: 2 tab-separated columns"),
        ("qrels.tsv", QRELS + "q2\tb\tbad\n", r"qrels\.tsv:5: label"),
        ("qrels.tsv", QRELS + "q2\tb\t-1\n", r"qrels\.tsv:5: label"),
        ("qrels.tsv", QRELS + "q2\t\t1\n", r"qrels\.tsv:5: product_id"),
        ("qrels.tsv", QRELS + "q3\ta\t1\n", r"qrels\.tsv:5: query id 'q3' is not in"),
        ("qrels.tsv", QRELS + "q1\ta\t3\n", r"qrels\.tsv:5: product 'a' is judged twice"),
    ],
)
def test_a_malformed_line_is_named(directory: Path, name: str, content: str, message: str) -> None:
    (directory / name).write_text(content)
    with pytest.raises(JudgmentsError, match=message):
        load_collection(directory)


@pytest.mark.parametrize("name", ["feed.jsonl", "queries.jsonl", "qrels.tsv"])
def test_an_absent_file_is_named(directory: Path, name: str) -> None:
    (directory / name).unlink()
    with pytest.raises(JudgmentsError, match=name):
        load_collection(directory)


def test_two_feeds_are_ambiguous(directory: Path) -> None:
    (directory / "feed.jsonl.gz").write_bytes(b"")
    with pytest.raises(JudgmentsError, match="found 2; remove one"):
        load_collection(directory)


def test_bytes_that_are_no_text_are_refused(directory: Path) -> None:
    (directory / "qrels.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JudgmentsError, match="not UTF-8"):
        load_collection(directory)
