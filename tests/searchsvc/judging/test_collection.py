"""Collections: made, opened, added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from searchsvc.errors import JudgmentsError
from searchsvc.judging.collection import open_collection, read_queries
from searchsvc.query.query import MAX_TEXT
from searchsvc.relevance.judgments import JudgedQuery, load_judgments

if TYPE_CHECKING:
    from pathlib import Path


def _file(folder: Path, content: str, name: str = "added.txt") -> Path:
    path = folder / name
    path.write_text(content, "utf-8")
    return path


def test_a_new_directory_is_made_from_a_text_file(tmp_path: Path) -> None:
    added = _file(tmp_path, "\ufeffred sofa\n\n  warme Jacke \r\nred sofa\n")
    collection = open_collection(tmp_path / "a" / "b", added)
    assert collection.queries == (
        JudgedQuery("q001", "red sofa"),
        JudgedQuery("q002", "warme Jacke"),
    )
    assert load_judgments(tmp_path / "a" / "b") == collection


def test_adding_the_same_queries_again_changes_nothing(tmp_path: Path) -> None:
    added = _file(tmp_path, "red sofa\nblue sofa\n")
    open_collection(tmp_path / "c", added)
    before = (tmp_path / "c" / "queries.jsonl").read_bytes()
    open_collection(tmp_path / "c", added)
    assert (tmp_path / "c" / "queries.jsonl").read_bytes() == before


def test_made_ids_go_on_after_the_highest_and_old_lines_are_kept_as_they_are(
    judged: Path, tmp_path: Path
) -> None:
    queries = judged / "queries.jsonl"
    with queries.open("a") as file:
        file.write('{"id":"q041","text":"lamp","note":"ours"}')  # without the line's end
    before = queries.read_bytes()
    collection = open_collection(judged, _file(tmp_path, "desk\nred shoe\nchair"))
    assert [(query.id, query.text) for query in collection.queries[3:]] == [
        ("q042", "desk"),
        ("q043", "chair"),
    ]
    assert queries.read_bytes().startswith(before + b"\n")
    assert collection.qrels == {"q001": {"Red/shoe": 2}}


def test_json_lines_keep_ids_and_classes_and_get_ids_where_they_have_none(
    judged: Path, tmp_path: Path
) -> None:
    lines = [
        {"id": "q005", "text": "lamp", "class": "name", "clicks": 7},
        {"text": "chair"},
        {"id": "q001", "text": "red shoe"},  # there already
        {"id": "mine", "text": "blue sofa"},  # there by another id
    ]
    content = "".join(orjson.dumps(line).decode() + "\n" for line in lines)
    collection = open_collection(judged, _file(tmp_path, content, "added.jsonl"))
    assert collection.queries[2:] == (
        JudgedQuery("q005", "lamp", "name"),
        JudgedQuery("q006", "chair"),
    )
    written = (judged / "queries.jsonl").read_text().splitlines()[2:]
    assert [orjson.loads(line) for line in written] == [
        {"id": "q005", "text": "lamp", "class": "name"},
        {"id": "q006", "text": "chair"},
    ]


def test_an_id_that_means_another_query_is_refused_and_nothing_is_written(
    judged: Path, tmp_path: Path
) -> None:
    before = (judged / "queries.jsonl").read_bytes()
    added = _file(tmp_path, '{"text":"x"}\n{"id":"q001","text":"green shoe"}', "added.jsonl")
    with pytest.raises(JudgmentsError, match="'q001' is 'green shoe' in the added file and 'red"):
        open_collection(judged, added)
    assert (judged / "queries.jsonl").read_bytes() == before


def test_a_directory_with_queries_alone_gets_its_table(judged: Path) -> None:
    (judged / "qrels.tsv").unlink()
    assert open_collection(judged, None).qrels == {}
    assert (judged / "qrels.tsv").read_text() == "query_id\tproduct_id\tlabel\n"


def test_a_collection_without_a_query_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgmentsError, match="no query to judge; name a file .* by --queries"):
        open_collection(tmp_path / "new", None)


def test_a_query_that_no_search_would_take_is_refused(judged: Path) -> None:
    with (judged / "queries.jsonl").open("a") as file:
        file.write('{"id":"long","text":"%s"}\n' % ("x" * (MAX_TEXT + 1)))
    with pytest.raises(JudgmentsError, match=f"'long' has {MAX_TEXT + 1} characters"):
        open_collection(judged, None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"text":"ok"}\n{"txet":"x"}', "a.jsonl:2: text: Field required"),
        ("a.jsonl", b"red sofa\n", "a.jsonl:1: Invalid JSON"),
        ("a.jsonl", b'{"text":"x","id":"a\\tb"}', "a.jsonl:1: id: "),
        ("a.txt", b"x" * (MAX_TEXT + 1), "a.txt:1: 513 characters"),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(JudgmentsError, match=message):
        read_queries(tmp_path / name)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgmentsError, match="nowhere.txt: No such file"):
        read_queries(tmp_path / "nowhere.txt")
