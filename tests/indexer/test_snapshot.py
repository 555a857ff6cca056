from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from indexer import snapshot as snapshots
from indexer.build.reindex import reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.errors import (
    SettingsError,
    SnapshotCorruptError,
    SnapshotFormatError,
    SnapshotMissingError,
)
from indexer.layout import IndexLayout, list_indexes
from indexer.lexical.clause import plain_clauses
from indexer.manifest import MANIFEST_FILE
from indexer.settings import IndexSettings, VectorSettings
from indexer.snapshot import open_directory, open_snapshot, verify

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Build

RECORDS = [
    {"id": f"p{number}", "title": f"red shoe {number}", "price": "5.00 EUR"}
    for number in range(60)
]


def directory(layout: IndexLayout) -> Path:
    return layout.generation_dir(layout.require_current())


def edit_manifest(layout: IndexLayout, **changes: Any) -> None:
    path = directory(layout) / MANIFEST_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_built_snapshot_answers_from_every_part(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    snapshot = open_snapshot(layout)
    assert len(snapshot.products) == 60
    assert len(snapshot.lexical.match(plain_clauses(snapshot.analyzer.terms("Red Shoes")))) == 60
    assert len(snapshot.vectors.search(HashingEmbedder(64).embed_query("red"), 5)) == 5
    for name, share in {"price": 1.0, "currency": 1.0, "sale_price": 0.0}.items():
        column = snapshot.columns.get(name)
        assert column is not None
        assert column.present().mean() == share, name
    assert verify(layout, snapshot.generation) == []


def test_rows_are_in_the_order_of_the_ids(build: Build, layout: IndexLayout) -> None:
    build(reversed(RECORDS))
    snapshot = open_snapshot(layout)
    ids = [snapshot.products.id(row) for row in range(60)]
    assert ids == sorted(record["id"] for record in RECORDS)


@pytest.mark.parametrize("exact_below", [0, 1000])
def test_two_builds_of_one_feed_are_identical_files(
    build: Build, data_dir: Path, exact_below: int
) -> None:
    settings = IndexSettings(vectors=VectorSettings(exact_below=exact_below))
    for index in ("one", "two"):
        build(RECORDS if index == "one" else RECORDS[::-1], index, settings=settings)
    first, second = (directory(IndexLayout.of(data_dir, index)) for index in ("one", "two"))
    assert first.name == second.name
    files = sorted(path.name for path in first.iterdir())
    assert files == sorted(path.name for path in second.iterdir())
    assert ("lists.safetensors" in files) == (exact_below == 0)
    for name in files:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


UNREAD = ("lexical.unproven.safetensors", "vectors.safetensors")
"""What a search does not read where there are inverted lists: it is for the next build."""


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damage_to_any_file_is_named_and_refused(
    build: Build, layout: IndexLayout, damage: str
) -> None:
    build(RECORDS, settings=IndexSettings(vectors=VectorSettings(exact_below=0)))
    names = [path.name for path in directory(layout).iterdir() if path.name != MANIFEST_FILE]
    assert len(names) == 10
    for name in names:
        path = directory(layout) / name
        whole = path.read_bytes()
        if damage == "flip":
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        elif damage == "truncate":
            path.write_bytes(whole[:-1])
        else:
            path.unlink()
        problems = verify(layout, layout.require_current())
        assert len(problems) == 1
        assert problems[0].startswith(name)
        if damage == "flip" and name in UNREAD:
            open_snapshot(layout)
        else:
            with pytest.raises(SnapshotCorruptError, match=f"{name}.*searchsvc"):
                open_snapshot(layout)
        path.write_bytes(whole)
    open_snapshot(layout)


def test_a_snapshot_of_another_format_names_the_command(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    edit_manifest(layout, format_version=99, something_new=True)
    with pytest.raises(SnapshotFormatError, match=r"format 99.*searchsvc reindex"):
        open_snapshot(layout)


def test_a_snapshot_of_another_analysis_is_refused(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    edit_manifest(layout, analysis_version=0)
    with pytest.raises(SnapshotFormatError, match="analysed"):
        open_snapshot(layout)


@pytest.mark.parametrize("text", ["", "{}", '{"format_version": 4, "analysis_version": 2}', "x"])
def test_a_damaged_manifest_is_refused(build: Build, layout: IndexLayout, text: str) -> None:
    build(RECORDS)
    (directory(layout) / MANIFEST_FILE).write_text(text)
    with pytest.raises(SnapshotCorruptError, match=r"manifest\.json"):
        open_snapshot(layout)


def test_a_manifest_with_an_unknown_field_is_refused(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    edit_manifest(layout, colour="red")
    with pytest.raises(SnapshotCorruptError, match="colour"):
        open_snapshot(layout)


def test_a_manifest_that_miscounts_is_refused(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    edit_manifest(layout, products=61)
    with pytest.raises(SnapshotCorruptError, match="60 products.*61"):
        open_directory(directory(layout), "shop", "one that is not published")


def test_a_manifest_of_which_anything_was_altered_is_refused(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS)
    edit_manifest(layout, products=60)  # the same, in other words
    with pytest.raises(SnapshotCorruptError, match=r"manifest\.json was altered.*rollback"):
        open_snapshot(layout)
    (problem,) = verify(layout, layout.require_current())
    assert "manifest.json was altered" in problem


def test_vectors_of_another_dimension_are_refused(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    manifest = json.loads((directory(layout) / MANIFEST_FILE).read_text())
    edit_manifest(layout, embedder={**manifest["embedder"], "dimension": 65})
    with pytest.raises(SnapshotCorruptError, match=r"\(60, 64\)"):
        open_directory(directory(layout), "shop", "one that is not published")


def test_whatever_a_library_raises_at_damaged_bytes_is_a_damaged_snapshot(
    build: Build, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(RECORDS)

    def failing(_: Path) -> None:
        raise RuntimeError("/secret/place is no index")

    monkeypatch.setattr(snapshots, "SpellingDictionary", failing)
    with pytest.raises(SnapshotCorruptError, match=r"\(RuntimeError\).*rollback") as caught:
        open_snapshot(layout)
    assert layout.require_current() in str(caught.value)
    assert "/secret" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_nothing_published_is_not_corruption(layout: IndexLayout) -> None:
    with pytest.raises(SnapshotMissingError, match="searchsvc reindex FEED --index shop"):
        open_snapshot(layout)


@pytest.mark.parametrize("pointer", ["", "../../etc", "g1", "\x00"])
def test_a_damaged_pointer_is_refused(build: Build, layout: IndexLayout, pointer: str) -> None:
    build(RECORDS)
    layout.current_file.write_text(pointer)
    with pytest.raises(SnapshotCorruptError, match="CURRENT"):
        open_snapshot(layout)


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-x", "x" * 64, "shop\n"])
def test_an_index_name_cannot_leave_the_data_directory(data_dir: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="not valid"):
        IndexLayout.of(data_dir, name)


def test_several_indexes_live_side_by_side(build: Build, data_dir: Path) -> None:
    assert list_indexes(data_dir) == []
    build(RECORDS, "de")
    build(RECORDS[:10], "fr")
    (data_dir / "stray").mkdir()
    assert list_indexes(data_dir) == ["de", "fr"]
    sizes = [len(open_snapshot(IndexLayout.of(data_dir, name)).products) for name in ("de", "fr")]
    assert sizes == [60, 10]


def test_recall_is_measured_on_items_and_on_short_queries(
    layout: IndexLayout, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    words = ["red", "blue", "shoe", "boot", "hat", "lamp", "desk", "oak", "steel", "round"]
    feed = tmp_path / "feed.jsonl"
    feed.write_text(
        "".join(
            json.dumps({"id": str(n), "title": " ".join(rng.choice(words, 5))}) + "\n"
            for n in range(800)
        )
    )
    settings = IndexSettings(vectors=VectorSettings(exact_below=0))
    report = reindex(str(feed), layout, settings, HashingEmbedder(64))
    recall = open_snapshot(layout).manifest.vectors.recall_at_100
    assert report.recall_at_100 == recall
    assert set(recall) == {"items", "short_queries"}
    assert min(recall.values()) >= 0.985
