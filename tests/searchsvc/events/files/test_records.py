"""Files of records."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from indexer.feeds.raw import RawRecord
from searchsvc.errors import EventFileError
from searchsvc.events.files.records import RecordFile, open_records
from searchsvc.events.files.rejections import Rejection

if TYPE_CHECKING:
    from collections.abc import Sequence

CSV = b"customer,time\nann,2026-01-01\nbob,2026-01-02\n"
ROWS = [{"customer": "ann", "time": "2026-01-01"}, {"customer": "bob", "time": "2026-01-02"}]


def first_column(_: Sequence[str]) -> int:
    return 0


def read(content: bytes, path: Path) -> list[Any]:
    path.write_bytes(content)
    with open_records(str(path)) as file:
        return [
            it.fields if isinstance(it, RawRecord) else it for it in file.records(first_column)
        ]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (CSV, "f.csv"),
        (CSV, "f"),
        (CSV.replace(b",", b"\t"), "f.tsv"),
        (CSV.replace(b",", b";"), "f.csv"),
        (b"\xef\xbb\xbf" + CSV, "f.csv"),
        (CSV.decode().encode("utf-16"), "f.csv"),
        (gzip.compress(CSV), "f.csv.gz"),
        (
            b'{"customer": "ann", "time": "2026-01-01"}\n{"customer":"bob","time":"2026-01-02"}',
            "f",
        ),
    ],
)
def test_usual_forms_of_a_table_are_recognised(content: bytes, name: str, tmp_path: Path) -> None:
    assert read(content, tmp_path / name) == ROWS


def test_a_bad_row_is_a_value_that_repeats_nothing_of_it(tmp_path: Path) -> None:
    found = read(CSV + b"secret-customer\nann,2026-01-03\n", tmp_path / "f.csv")
    assert found[2:] == [
        Rejection(4, "", "expected 2 cells as in the header, found 1"),
        {"customer": "ann", "time": "2026-01-03"},
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<rss></rss>", "is XML; expected CSV"),
        (b"[1, 2]", "jq -c"),
        (b"PK\x03\x04 and so on\n", "ZIP archive"),
        (b"\x1f\x8b and no gzip at all\n", "gzip data is damaged"),
    ],
)
def test_another_file_is_refused_with_its_name(
    content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(EventFileError, match=message) as caught:
        read(content, tmp_path / "f")
    assert str(tmp_path / "f") in str(caught.value)


@pytest.mark.parametrize("content", [gzip.compress(CSV * 500)[:-9], CSV[:-12]])
def test_a_file_that_is_cut_yields_what_is_whole_and_says_what_to_do(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    with open_records(str(path)) as file:
        records = file.records(first_column)
        assert next(records) == RawRecord(2, ROWS[0])
        with pytest.raises(EventFileError, match="ends in the middle: .* nothing is taken twice"):
            list(records)


def test_progress_is_told_in_the_bytes_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(CSV))
    with open_records(str(path)) as file:
        assert (file.bytes_read, file.line) == (0, 0)
        list(file.records(first_column))
        assert file.bytes_read == file.total_bytes == path.stat().st_size
        assert file.line == 3


def test_the_first_line_is_seen_before_everything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"\xef\xbb\xbf\n\n  one \ntwo")
    with open_records(str(path)) as file:
        assert file.first_line() == "one"
        assert file.first_line() == "one"
        assert [line.data for line in file.lines()] == [b"", b"", b"  one ", b"two"]
        assert file.line == 4


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    assert read(b"", tmp_path / "f") == []
    with open_records(str(tmp_path / "f")) as file:
        assert file.first_line() == ""


def test_standard_input_is_a_file_of_unknown_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(CSV)))
    with open_records("-") as file:
        assert (file.name, file.total_bytes) == ("standard input", None)
        assert [
            it.fields for it in file.records(first_column) if isinstance(it, RawRecord)
        ] == ROWS


@pytest.mark.parametrize("path", ["missing.csv", "\0"])
def test_what_cannot_be_opened_is_named(path: str) -> None:
    with pytest.raises(EventFileError, match="cannot be opened: .*; check the path"):  # noqa: SIM117 - the second raises
        with open_records(path):
            pass


def test_a_disk_that_fails_is_told_after_what_could_be_read() -> None:
    class Failing(io.RawIOBase):
        reads = 0

        def read(self, _size: int = -1) -> bytes:
            self.reads += 1
            if self.reads > 1:
                raise OSError(5, "Input/output error")
            return CSV

    records = RecordFile(Failing(), "f", None).records(first_column)  # type: ignore[arg-type]
    assert next(records) == RawRecord(2, ROWS[0])
    with pytest.raises(EventFileError, match="f cannot be read: Input/output error"):
        list(records)
