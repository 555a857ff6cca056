"""How far an import came."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from searchsvc.events.files.checkpoint import Checkpoint, Reached, identity


def test_what_was_reached_is_remembered_until_it_is_removed(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "reports" / "c.json")
    assert checkpoint.read() == Reached()
    checkpoint.write(Reached(line=7, events=3))
    checkpoint.write(Reached(line=9, events=4))
    assert checkpoint.read() == Reached(line=9, events=4)
    checkpoint.remove()
    checkpoint.remove()
    assert checkpoint.read() == Reached()


@pytest.mark.parametrize("content", [b"", b"{", b'{"line": -1}', b'{"line": "7"}', b'{"page": 1}'])
def test_an_unreadable_checkpoint_is_the_beginning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.json"
    path.write_bytes(content)
    assert Checkpoint(path).read() == Reached()


def test_a_file_is_another_one_when_anything_about_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("one")
    os.utime(path, ns=(1, 1))
    found = {identity(str(path), ["shop"]), identity(str(path), ["shop", ""])}
    found.add(identity(str(path), ["sho", "p"]))
    path.write_text("two")
    os.utime(path, ns=(1, 1))
    found.add(identity(str(path), ["shop"]))
    os.utime(path, ns=(2, 2))
    found.add(identity(str(path), ["shop"]))
    path.write_text("twos")
    os.utime(path, ns=(2, 2))
    found.add(identity(str(path), ["shop"]))
    assert len(found) == 6
    assert all(it is not None and len(it) == 16 for it in found)


def test_a_file_is_the_same_one_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("one")
    before = identity(str(path), ["shop"])
    assert identity(str(path.rename(tmp_path / "g.csv")), ["shop"]) == before


def test_a_pipe_has_no_identity(tmp_path: Path) -> None:
    assert identity("-", []) is None
    assert identity(str(tmp_path), []) is None
