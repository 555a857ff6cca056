"""What is found of files is remembered as long as they are the same, and no longer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer import verified as module
from indexer.errors import SnapshotCorruptError
from indexer.manifest import FileEntry, Manifest, describe_file
from indexer.snapshot import open_snapshot
from indexer.verified import Verified, check_manifest

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from tests.conftest import Build

NAME = "lexical.safetensors"


@pytest.fixture
def generation(build: Build, layout: IndexLayout) -> Path:
    build([{"id": "a", "title": "red shoe"}, {"id": "b", "title": "blue shoe"}])
    return layout.generation_dir(layout.require_current())


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read."""
    names: list[str] = []

    def describe(path: Path) -> FileEntry:
        names.append(path.name)
        return describe_file(path)

    monkeypatch.setattr(module, "describe_file", describe)
    return names


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    with path.open("r+b") as file:  # the same inode
        file.write(data)


def test_each_file_is_read_once(generation: Path, read: list[str]) -> None:
    manifest, verified = Manifest.read(generation), Verified()
    verified.check(generation, manifest, manifest.files)
    assert sorted(read) == sorted(manifest.files)
    verified.check(generation, manifest, [*manifest.files, "no such file of it"])
    assert len(read) == len(manifest.files)


def test_another_link_to_a_file_is_the_same_file(generation: Path, read: list[str]) -> None:
    manifest, verified = Manifest.read(generation), Verified()
    assert verified.problems(generation, manifest, [NAME]) == []
    other = generation.parent / "other"
    other.mkdir()
    (other / NAME).hardlink_to(generation / NAME)
    assert verified.problems(other, manifest, [NAME]) == []
    assert read == [NAME]


def test_an_altered_file_is_named_and_read_again_only_after_it_was_touched(
    generation: Path, read: list[str]
) -> None:
    manifest, verified = Manifest.read(generation), Verified()
    flip(generation / NAME)
    before = (generation / NAME).stat()
    for _ in range(3):
        with pytest.raises(SnapshotCorruptError, match=rf"{NAME}: its content was altered"):
            verified.check(generation, manifest, [NAME])
    assert read == [NAME]
    flip(generation / NAME)
    os.utime(generation / NAME, ns=(before.st_atime_ns, before.st_mtime_ns))
    verified.check(generation, manifest, [NAME])
    assert read == [NAME, NAME]


def test_a_file_that_is_altered_later_is_found_by_its_time(
    generation: Path, read: list[str]
) -> None:
    manifest, verified = Manifest.read(generation), Verified()
    verified.check(generation, manifest, [NAME])
    flip(generation / NAME)
    os.utime(generation / NAME, ns=(0, 1))
    assert len(verified.problems(generation, manifest, [NAME])) == 1
    assert read == [NAME, NAME]


def test_what_is_absent_or_of_another_size_is_named(generation: Path) -> None:
    manifest = Manifest.read(generation)
    (generation / NAME).write_bytes(b"x")
    (generation / "products.bin").unlink()
    (generation / "columns.safetensors").unlink()
    (generation / "columns.safetensors").mkdir()
    expected = [
        "columns.safetensors: cannot be read (Is a directory)",
        f"{NAME}: has 1 bytes, expected {manifest.files[NAME].bytes}",
        "products.bin: cannot be read (No such file or directory)",
    ]
    assert Verified().problems(generation, manifest, manifest.files) == expected


def test_no_more_is_remembered_than_a_few_generations_have(
    generation: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    manifest, verified = Manifest.read(generation), Verified()
    verified.check(generation, manifest, manifest.files)
    verified.check(generation, manifest, manifest.files)
    assert len(read) > len(manifest.files)


def test_a_generation_without_a_manifest_is_none(layout: IndexLayout, generation: Path) -> None:
    (generation / "manifest.json").unlink()
    with pytest.raises(SnapshotCorruptError, match=r"no readable manifest\.json"):
        check_manifest(generation)
    with pytest.raises(SnapshotCorruptError, match=r"no readable manifest\.json"):
        open_snapshot(layout)
