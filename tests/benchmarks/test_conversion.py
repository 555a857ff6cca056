from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from benchmarks.conversion import convert

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORDS = [{"id": str(number), "title": f"Sofá {number}"} for number in range(2_500)]


def test_records_become_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "feed.jsonl.gz"
    counted: list[int] = []
    convert(RECORDS, path, counted.append)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    assert lines[7] == '{"id":"7","title":"Sofá 7"}'
    assert len(lines) == 2_500
    assert counted == [1_000, 1_000]


def test_the_same_records_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        convert(RECORDS, tmp_path / name)
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()


def test_a_corpus_that_breaks_off_leaves_the_feed_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl.gz"
    path.write_bytes(b"before")

    def broken() -> Iterator[dict[str, object]]:
        yield from RECORDS
        raise RuntimeError("the corpus ends here")

    with pytest.raises(RuntimeError, match="ends here"):
        convert(broken(), path)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_records_are_consumed_one_by_one(tmp_path: Path) -> None:
    alive = 0

    class Record(dict[str, object]):
        def __init__(self, number: int) -> None:
            nonlocal alive
            super().__init__(id=str(number))
            alive += 1
            assert alive <= 3

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    convert((Record(number) for number in range(100)), tmp_path / "feed.jsonl.gz")
