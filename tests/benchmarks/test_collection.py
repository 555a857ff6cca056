from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.collection import feed_of, load_collection
from benchmarks.errors import CollectionError
from benchmarks.formats.source import Choice
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
    assert collection.format == "searchsvc"
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


@pytest.mark.parametrize("name", ["feed.jsonl", "feed.jsonl.gz"])
def test_a_feed_of_ours_is_taken_as_it_is(directory: Path, tmp_path: Path, name: str) -> None:
    (directory / "feed.jsonl").rename(directory / name)
    assert feed_of(load_collection(directory), tmp_path / "converted") == directory / name
    assert not (tmp_path / "converted").exists()


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


@pytest.mark.parametrize("name", ["queries.jsonl", "qrels.tsv"])
def test_the_corpus_digest_ignores_queries_and_judgments(directory: Path, name: str) -> None:
    before = load_collection(directory)
    with (directory / name).open("a") as file:
        file.write("\n")
    after = load_collection(directory)
    assert after.corpus_digest == before.corpus_digest != before.digest


@pytest.mark.parametrize("name", ["feed.jsonl", "queries.jsonl", "qrels.tsv"])
def test_what_is_there_and_what_is_expected_are_named(directory: Path, name: str) -> None:
    (directory / name).unlink()
    (directory / "notes.txt").touch()
    with pytest.raises(CollectionError) as failure:
        load_collection(directory)
    message = str(failure.value)
    assert "notes.txt" in message
    for expected in ("searchsvc", "BEIR", "TREC", "WANDS", "ESCI", name):
        assert expected in message


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"nowhere holds no collection \(no such directory"):
        load_collection(tmp_path / "nowhere")


def test_of_many_files_some_are_named(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / f"{number:03}").touch()
    with pytest.raises(CollectionError, match=r"000, .*, 019 …\)"):
        load_collection(tmp_path)


def test_two_collections_in_one_directory_are_ambiguous(directory: Path) -> None:
    (directory / "topics.tsv").write_text("1\tred sofa\n")
    (directory / "qrels.txt").write_text("1 0 a 1\n")
    with pytest.raises(CollectionError, match=r"several collections(?s:.*)searchsvc:(?s:.*)TREC:"):
        load_collection(directory)


def test_two_feeds_are_ambiguous(directory: Path) -> None:
    (directory / "feed.jsonl.gz").write_bytes(b"")
    with pytest.raises(CollectionError, match="found 2; remove one"):
        load_collection(directory)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("My Shop (2026)", "my-shop-2026"), ("…", "collection"), ("x" * 50, "x" * 40)],
)
def test_the_slug_is_fit_for_file_names(tmp_path: Path, name: str, slug: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    write_beir(folder)
    assert load_collection(folder).slug == slug


def write_beir(folder: Path) -> None:
    (folder / "qrels").mkdir()
    (folder / "corpus.jsonl").write_text('{"_id": "a", "title": "Red sofa"}\n')
    (folder / "queries.jsonl").write_text('{"_id": "1", "text": "sofa"}\n')
    for split in ("test", "dev"):
        (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n1\ta\t1\n")


def test_a_foreign_corpus_is_converted_once(tmp_path: Path) -> None:
    write_beir(tmp_path)
    collection = load_collection(tmp_path)
    feed = feed_of(collection, tmp_path / "converted")
    feed.write_bytes(b"kept")
    assert feed_of(collection, tmp_path / "converted") == feed
    assert feed.read_bytes() == b"kept"
    with (tmp_path / "corpus.jsonl").open("a") as file:
        file.write('{"_id": "b", "title": "Lamp"}\n')
    assert feed_of(load_collection(tmp_path), tmp_path / "converted") != feed


def test_another_split_is_another_collection_of_the_same_products(tmp_path: Path) -> None:
    write_beir(tmp_path)
    test, dev = load_collection(tmp_path), load_collection(tmp_path, Choice("dev"))
    assert test.digest != dev.digest
    assert test.corpus_digest == dev.corpus_digest


def test_bytes_that_are_no_text_are_refused(directory: Path) -> None:
    (directory / "qrels.tsv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(JudgmentsError, match="not UTF-8"):
        load_collection(directory)
