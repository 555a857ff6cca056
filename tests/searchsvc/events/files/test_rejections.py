"""The rows that an import leaves out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from searchsvc.events.files.rejections import MAX_SHOWN, Rejection, RejectionFile

if TYPE_CHECKING:
    from pathlib import Path


def test_every_row_is_listed_and_each_reason_counted(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "x.rejections.jsonl"
    with RejectionFile(path) as log:
        for line in range(1, 10):
            log.reject(Rejection(line, "time", "expected a time"))
        log.reject(Rejection(10, "", "expected 3 cells"))
        assert log.keep() == str(path)
    listed = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert listed[0] == {"line": 1, "field": "time", "reason": "expected a time"}
    assert [row["line"] for row in listed] == list(range(1, 11))
    assert log.count == 10
    assert log.reasons == {"time: expected a time": 9, "row: expected 3 cells": 1}
    assert len(log.first) == MAX_SHOWN
    assert str(log.first[0]) == "line 1: time: expected a time"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_without_bad_rows_leaves_no_list_not_even_that_of_an_earlier_import(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.rejections.jsonl"
    path.write_text("{}\n")
    with RejectionFile(path) as log:
        assert log.keep() == ""
    assert not path.exists()


def test_what_is_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with RejectionFile(tmp_path / "x") as log:
        log.reject(Rejection(1, "", ""))
    assert list(tmp_path.iterdir()) == []
