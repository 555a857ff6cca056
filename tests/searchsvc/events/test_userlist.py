"""Lists of user ids."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import EventFileError
from searchsvc.events.userlist import read_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from searchsvc.events.files.rejections import Rejection


def tokens(path: Path, content: bytes, column: str | None = None) -> list[str]:
    path.write_bytes(content)
    return list(read_tokens(path, column=column))


@pytest.mark.parametrize(
    "content",
    [
        b"17850\nann\n13047\n",
        b"\xef\xbb\xbf17850\r\n\r\n ann \r\n13047",
        "17850\nann\n13047\n".encode("utf-16"),
        b"customer_id\n17850\nann\n13047\n",
        b'"User ID"\n17850.0\nann\n13047\n',
        b"name,token\nx,17850\ny,ann\nz,13047\n",
        b"name;customer\nx;17850\ny;ann\nz;13047\n",
        b'{"user": "17850"}\n{"token": "ann"}\n{"customer_id": 13047}\n',
        gzip.compress(b"17850\nann\n13047\n"),
    ],
)
def test_ids_are_read_from_lines_a_column_or_json(content: bytes, tmp_path: Path) -> None:
    assert tokens(tmp_path / "f", content) == ["17850", "ann", "13047"]


def test_a_column_of_another_name_is_named(tmp_path: Path) -> None:
    assert tokens(tmp_path / "f", b"vip,since\n1,2020\n2,2021\n", "vip") == ["1", "2"]
    assert tokens(tmp_path / "f", b"vip\n1\n2\n", "VIP") == ["1", "2"]
    assert tokens(tmp_path / "f", b'{"vip": 1}\n', "vip") == ["1"]


def test_a_table_without_a_column_of_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        EventFileError, match="no column for customer_id, only: vip, since. .* --column NAME"
    ):
        tokens(tmp_path / "f", b"vip,since\n1,2020\n")


def test_rows_without_an_id_are_told_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"name,token\nsecret,\nx,ann\nsecret\n" + b"y,\xff\n")
    told: list[Rejection] = []
    assert list(read_tokens(path, told.append)) == ["ann"]
    assert [it.line for it in told] == [2, 4, 5]
    assert all("secret" not in str(it) for it in told)
    assert list(read_tokens(path)) == ["ann"]


def test_a_line_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"ann\n\xff\xfe\xfd\nbob\n" + b"x" * 1_001 + b"\n")
    told: list[Rejection] = []
    assert list(read_tokens(path, told.append)) == ["ann", "bob"]
    assert [(it.line, it.field) for it in told] == [(2, ""), (4, "customer_id")]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="vip.csv cannot be opened"):
        list(read_tokens(tmp_path / "vip.csv"))


def test_an_empty_list_is_empty(tmp_path: Path) -> None:
    assert tokens(tmp_path / "f", b"") == []


@given(ids=st.lists(st.from_regex(r"[a-z0-9_=/+-]{1,20}", fullmatch=True), min_size=1))
def test_every_id_comes_back_in_its_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "ids"
    assert tokens(path, "\n".join(["id-0", *ids]).encode()) == ["id-0", *ids]
    assert tokens(path, "\n".join(["token", *ids]).encode()) == ids
