from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import orjson
import pytest

from indexer.build.predecessor import find_predecessor
from indexer.errors import FeedRefusedError, SnapshotCorruptError, SnapshotFormatError
from indexer.manifest import MANIFEST_FILE
from indexer.settings import IndexSettings
from indexer.snapshot import open_snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout
    from tests.conftest import Build

GERMAN = IndexSettings(language="german", field_mapping={"artnr": "id"})


def records(count: int) -> list[dict[str, str]]:
    return [{"id": f"p{number}", "title": f"red shoe {number}"} for number in range(count)]


def manifest(layout: IndexLayout, generation: str) -> Path:
    return layout.generation_dir(generation) / MANIFEST_FILE


def write_version(path: Path, version: int) -> None:
    path.write_bytes(orjson.dumps({**orjson.loads(path.read_bytes()), "format_version": version}))


def test_an_index_without_a_generation_has_none(layout: IndexLayout) -> None:
    assert find_predecessor(layout) is None


def test_it_is_what_is_published_even_after_a_rollback(build: Build, layout: IndexLayout) -> None:
    first = build(records(30), settings=GERMAN).generation
    build(records(29))
    layout.current_file.write_text(first)
    found = find_predecessor(layout)
    assert found is not None
    assert (found.settings, found.products) == (GERMAN, 30)
    assert found.embedder.name == "hashing-64"


@pytest.mark.parametrize("version", [1, 99])
def test_a_format_that_cannot_be_searched_still_guards_against_a_shrunken_feed(
    build: Build, layout: IndexLayout, version: int
) -> None:
    generation = build(records(30), settings=GERMAN).generation
    write_version(manifest(layout, generation), version)
    with pytest.raises(SnapshotFormatError):
        open_snapshot(layout)
    found = find_predecessor(layout)
    assert found is not None
    assert found.settings == GERMAN
    with pytest.raises(
        FeedRefusedError, match="has 10 usable products, the published catalogue 3"
    ):
        build(records(10), settings=GERMAN)
    assert layout.current() == generation


@pytest.mark.parametrize("damage", ["pointer", "manifest", "directory"])
def test_where_the_published_one_is_damaged_it_is_the_newest_one_that_says(
    build: Build, layout: IndexLayout, damage: str
) -> None:
    build(records(30))
    build(records(29), settings=GERMAN)
    last = build(records(28)).generation
    if damage == "pointer":
        layout.current_file.write_text("?")
        expected = (IndexSettings(), 28)
    else:
        expected = (GERMAN, 29)
    if damage == "manifest":
        manifest(layout, last).write_text('{"products": 28}')
    if damage == "directory":
        shutil.rmtree(layout.generation_dir(last))
    found = find_predecessor(layout)
    assert found is not None
    assert (found.settings, found.products) == expected


@pytest.mark.parametrize("text", ["", "{", '{"products": 0}', '{"settings": {"gait": 1}}'])
def test_settings_that_no_generation_tells_are_lost(
    build: Build, layout: IndexLayout, text: str
) -> None:
    generation = build(records(3)).generation
    manifest(layout, generation).write_text(text)
    with pytest.raises(SnapshotCorruptError, match="model of index 'shop' are lost") as caught:
        find_predecessor(layout)
    assert generation in str(caught.value)
    assert build(records(3)).products == 3
