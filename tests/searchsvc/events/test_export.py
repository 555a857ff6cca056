"""The export of events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from searchsvc.errors import BadQueryError, EventFileError
from searchsvc.events.event import Event, EventKind, Item, Source
from searchsvc.events.export import ExportFormat, event_record, export

SEARCH = Event("s", EventKind.SEARCH, "shop", "ab" * 32, 5, Source.API, query="sofa")
ORDER = Event(
    "o", EventKind.PURCHASE, "shop", "ab" * 32, 7, Source.IMPORT,
    (Item("p1", None, 2, 9.5), Item("p2", 4)), currency="EUR",
)  # fmt: skip
EVENTS = [SEARCH, ORDER]
JSONL, UBI = ExportFormat.JSONL, ExportFormat.UBI


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_json_lines_hold_the_events_without_what_is_absent(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    assert export(EVENTS, JSONL, str(path)) == {"events": 2}
    assert lines(path) == [event_record(SEARCH), event_record(ORDER)]
    assert event_record(ORDER) == {
        "id": "o",
        "type": "purchase",
        "index": "shop",
        "user": "ab" * 32,
        "time": "1970-01-01T00:00:00.007Z",
        "source": "import",
        "items": [{"product_id": "p1", "quantity": 2, "price": 9.5},
                  {"product_id": "p2", "position": 4, "quantity": 1}],
        "currency": "EUR",
    }  # fmt: skip
    assert "items" not in event_record(SEARCH)


def test_ubi_is_two_files_in_a_directory(tmp_path: Path) -> None:
    assert export(EVENTS, UBI, str(tmp_path / "ubi")) == {"ubi_queries": 1, "ubi_events": 2}
    assert [it["user_query"] for it in lines(tmp_path / "ubi" / "ubi_queries.jsonl")] == ["sofa"]
    assert len(lines(tmp_path / "ubi" / "ubi_events.jsonl")) == 2
    assert len(list((tmp_path / "ubi").iterdir())) == 2


def test_the_bulk_form_says_before_each_record_where_it_belongs(tmp_path: Path) -> None:
    path = tmp_path / "bulk"
    assert export(EVENTS, UBI, str(path), bulk=True) == {"ubi": 3}
    found = lines(path)
    actions = [it["index"] for it in found[::2]]
    assert [it["_index"] for it in actions] == ["ubi_queries", "ubi_events", "ubi_events"]  # type: ignore[index]
    assert len({it["_id"] for it in actions}) == 3  # type: ignore[index]
    assert all("timestamp" in it for it in found[1::2])
    assert path.read_bytes().endswith(b"\n")


def test_standard_output_takes_one_kind_of_record(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    export(EVENTS, JSONL, "-")
    export(EVENTS, UBI, "-", bulk=True)
    assert len(capfdbinary.readouterr().out.splitlines()) == 2 + 6
    with pytest.raises(BadQueryError, match="--bulk"):
        export(EVENTS, UBI, "-")


def test_bulk_is_a_form_of_ubi() -> None:
    with pytest.raises(BadQueryError, match="--format ubi"):
        export(EVENTS, JSONL, "x", bulk=True)


def test_an_export_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    export([SEARCH], JSONL, str(path))

    def failing() -> object:
        yield ORDER
        raise RuntimeError

    with pytest.raises(RuntimeError):
        export(failing(), JSONL, str(path))  # type: ignore[arg-type]
    assert lines(path) == [event_record(SEARCH)]
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EventFileError, match="cannot be written .*--output"):
        export(EVENTS, UBI, str(tmp_path / "file"))
