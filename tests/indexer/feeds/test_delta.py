from __future__ import annotations

import gzip
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest

import indexer.feeds.delta as delta_module
from indexer.errors import FeedTruncatedError, FeedUnreadableError
from indexer.feeds.change import Change, Deletion, Operation, Update, Upsert
from indexer.feeds.delta import GivenDelta, open_delta
from indexer.feeds.format import FeedFormat
from indexer.feeds.reader import FeedOptions
from indexer.product import Price, Rejection

if TYPE_CHECKING:
    from pathlib import Path


def read(
    path: Path, mode: Operation = Operation.UPDATE, options: FeedOptions | None = None
) -> list[Change | Rejection]:
    with open_delta(str(path), options or FeedOptions(), mode) as delta:
        changes = list(delta)
        assert delta.bytes_read == delta.total_bytes
        return changes


def test_json_lines_plain_and_gzipped(tmp_path: Path) -> None:
    lines = b'{"id": "a", "brand": "B"}\n\nnonsense\n{"id": "b", "delete": true}\n'
    (tmp_path / "delta.jsonl").write_bytes(lines)
    (tmp_path / "delta.gz").write_bytes(gzip.compress(lines))
    for name in ("delta.jsonl", "delta.gz"):
        first, second, third = read(tmp_path / name)
        assert isinstance(first, Update)
        assert isinstance(second, Rejection)
        assert second.position == 3
        assert third == Deletion(4, "b")


def test_a_table_needs_an_id_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("id,price,op,\na,9 EUR,,x\nb,,delete,\n")
    first, second = read(tmp_path / "stock.csv")
    assert isinstance(first, Update)
    assert first.stated == {"price": Price(900, "EUR")}
    assert second == Deletion(3, "b")


def test_the_mode_holds_for_records_that_do_not_say(tmp_path: Path) -> None:
    (tmp_path / "delta.tsv").write_text("artnr\ttitle\na\tShoe\n")
    options = FeedOptions(mapping={"artnr": "id"})
    assert isinstance(read(tmp_path / "delta.tsv", options=options)[0], Update)
    assert isinstance(read(tmp_path / "delta.tsv", Operation.UPSERT, options)[0], Upsert)


def test_google_xml_is_read_as_a_supplemental_feed(tmp_path: Path) -> None:
    (tmp_path / "delta.xml").write_text(
        '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>a</g:id>'
        "<g:price>9 EUR</g:price></item></channel></rss>"
    )
    (change,) = read(tmp_path / "delta.xml")
    assert isinstance(change, Update)
    assert change.stated == {"price": Price(900, "EUR")}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("delta.csv", 'id,op,brand,weight,location,price\na, , ,"\t ", , \n'),
        ("delta.tsv", "id\tdelete\tbrand\tweight\tlocation\tprice\na\t \t \t \t \t \n"),
        (
            "delta.xml",
            (
                '<rss xmlns:g="http://base.google.com/ns/1.0"><channel><item><g:id>a</g:id>'
                "<g:brand> </g:brand><g:brand/><weight> </weight><g:price>\n</g:price>"
                "<dims><w> </w><h/></dims><location> </location></item></channel></rss>"
            ),
        ),
    ],
)
def test_padding_is_blank_and_leaves_all_fields_alone(
    tmp_path: Path, name: str, content: str
) -> None:
    (tmp_path / name).write_text(content)
    (change,) = read(tmp_path / name)
    assert isinstance(change, Update)
    assert (change.stated, dict(change.attributes), change.removed) == ({}, {}, frozenset())
    assert not change.clears


@pytest.mark.parametrize("header", ["price,brand", f"id,{'x' * 101}"])
def test_a_table_without_an_id_is_refused(tmp_path: Path, header: str) -> None:
    (tmp_path / "delta.csv").write_text(f"{header}\n1,2\n")
    with pytest.raises(FeedUnreadableError, match=r"no column for id|unusable column"):
        read(tmp_path / "delta.csv")


def test_a_delta_that_ends_early_says_so_after_what_is_complete(tmp_path: Path) -> None:
    (tmp_path / "delta.jsonl").write_bytes(b'{"id": "a", "brand": "B"}\n{"id": "b", "br')
    with open_delta(str(tmp_path / "delta.jsonl"), FeedOptions(), Operation.UPDATE) as delta:
        changes = iter(delta)
        assert isinstance(next(changes), Update)
        with pytest.raises(FeedTruncatedError):
            next(changes)


def test_an_empty_delta_has_no_changes(tmp_path: Path) -> None:
    (tmp_path / "delta.jsonl").write_bytes(b"")
    assert read(tmp_path / "delta.jsonl") == []


def test_given_records_are_numbered_from_one() -> None:
    deep: Any = {"id": "c", "x": None}
    for _ in range(400):  # deeper than JSON can be written of
        deep = {"id": "c", "x": deep}
    delta = GivenDelta([{"id": "a", "delete": True}, [1], deep], FeedOptions(), Operation.UPDATE)
    first, second, third = delta
    assert first == Deletion(1, "a")
    assert isinstance(second, Rejection)
    assert (second.position, second.reason) == (2, "expected a JSON object")
    assert isinstance(third, Rejection)
    assert "in each other" in third.reason
    assert (delta.total_bytes, delta.bytes_read) == (None, 0)


def test_the_format_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "delta").write_text("id|brand\na|B\n")
    options = FeedOptions(format=FeedFormat.CSV)
    (change,) = read(tmp_path / "delta", options=options)
    assert isinstance(change, Update)


def test_a_server_that_answers_not_modified_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_module, "open_source", lambda *_: nullcontext(None))
    with (
        pytest.raises(FeedUnreadableError, match="not modified"),
        open_delta("https://shop.example/d", FeedOptions(), Operation.UPDATE),
    ):
        pass
