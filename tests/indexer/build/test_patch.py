"""Patched generations: what a service sees of them, and what they cost on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from indexer.build import patch
from indexer.errors import SnapshotCorruptError
from indexer.manifest import Manifest
from indexer.product import Price, Product
from indexer.publish import prune, rollback, writer
from indexer.settings import IndexSettings, VectorSettings
from indexer.snapshot import (
    LEXICAL_FILE,
    LISTS_FILE,
    VECTORS_FILE,
    Snapshot,
    open_snapshot,
    verify,
)
from tests.patched import publish_patch

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout
    from tests.conftest import Build

RECORDS: list[dict[str, Any]] = [
    {"id": f"p{n:02}", "title": f"red shoe {n}", "brand": "AB"[n % 2], "price": f"{n + 1}.00 EUR"}
    for n in range(60)
]
SETTINGS = IndexSettings(vectors=VectorSettings(exact_below=0))


def dearer(product: Product) -> Product:
    assert product.price is not None
    return replace(product, price=Price(product.price.minor_units + 5, "EUR"))


def price(snapshot: Snapshot, product_id: str) -> float:
    column, row = snapshot.columns.get("price"), snapshot.products.row(product_id)
    assert column is not None
    assert row is not None
    return float(column.values[row])


def test_a_patched_generation_says_what_a_full_build_of_the_same_products_does(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS, settings=SETTINGS)
    publish_patch(layout, {"p07": dearer})
    patched = open_snapshot(layout)
    build([*RECORDS[:7], {**RECORDS[7], "price": "8.05 EUR"}, *RECORDS[8:]], settings=SETTINGS)
    full = open_snapshot(layout)
    assert full.generation != patched.generation
    assert patched.columns.changed_since(full.columns) == frozenset()
    assert [patched.products.json(row) for row in range(60)] == [
        full.products.json(row) for row in range(60)
    ]
    assert price(patched, "p07") == 8.05


def test_a_patched_generation_can_be_verified_and_compared_with_a_feed(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS)
    generation = publish_patch(layout, {"p07": dearer})
    assert verify(layout, generation) == []
    report = build(RECORDS)
    assert report.embedded == 0
    assert report.generation != generation


def test_unchanged_files_are_links_and_their_checksums_are_taken_over(
    build: Build, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(RECORDS, settings=SETTINGS)
    base = layout.generation_dir(layout.require_current())
    read: list[str] = []

    def described(path: Path) -> Any:
        read.append(path.name)
        return original(path)

    original = patch.describe_file
    monkeypatch.setattr(patch, "describe_file", described)
    generation = publish_patch(layout, {"p07": dearer})
    target = layout.generation_dir(generation)
    names = {path.name for path in target.iterdir()}
    linked = {
        name for name in names if (base / name).exists() and (target / name).samefile(base / name)
    }
    assert {"products.bin", LEXICAL_FILE, VECTORS_FILE, LISTS_FILE} <= linked
    assert sorted(read) == sorted(names - linked - {"manifest.json"})
    assert Manifest.read(target).files.keys() == names - {"manifest.json"}


def test_where_the_disk_has_no_links_files_are_copied(
    build: Build, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(RECORDS)

    def refused(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refused)
    generation = publish_patch(layout, {"p07": dearer})
    assert all(path.stat().st_nlink == 1 for path in layout.generation_dir(generation).iterdir())
    assert verify(layout, generation) == []
    assert price(open_snapshot(layout), "p07") == 8.05


def test_old_generations_go_and_what_is_linked_stays(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    first = layout.require_current()
    opened = open_snapshot(layout)
    for _ in range(4):
        publish_patch(layout, {"p07": dearer})
    with writer(layout):
        removed = prune(layout, 2)
    assert first in removed
    assert len(removed) == 3
    assert verify(layout, layout.require_current()) == []
    assert price(open_snapshot(layout), "p07") == 8.20
    assert price(opened, "p07") == 8.00  # whoever has it open keeps it
    rollback(layout)
    assert price(open_snapshot(layout), "p07") == 8.15


def test_parts_of_an_open_snapshot_are_taken_over_where_their_files_are_the_same(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS, settings=SETTINGS)
    before = open_snapshot(layout)
    publish_patch(layout, {"p07": dearer})
    after = open_snapshot(layout, before=before)
    for part in ("analyzer", "lexical", "spelling", "suggestions", "vectors", "encoder"):
        assert getattr(after, part) is getattr(before, part), part
    assert after.products.ids is before.products.ids
    assert price(after, "p07") == 8.05
    assert price(before, "p07") == 8.00
    row = before.products.row("p07")
    assert row is not None
    assert Product.from_json(after.products.json(row)).price == Price(805, "EUR")
    assert Product.from_json(before.products.json(row)).price == Price(800, "EUR")


def test_of_another_catalogue_only_what_is_the_same_is_taken_over(
    build: Build, layout: IndexLayout
) -> None:
    build(RECORDS)
    before = open_snapshot(layout)
    build([*RECORDS, {"id": "new", "title": "lamp"}])
    after = open_snapshot(layout, before=before)
    assert after.analyzer is before.analyzer
    for part in ("lexical", "spelling", "vectors", "products"):
        assert getattr(after, part) is not getattr(before, part), part
    assert after.products.row("new") == 0
    assert len(after.products) == 61


@pytest.mark.parametrize("damage", ["cut", "zeroed", "removed"])
def test_a_damaged_file_of_changes_is_refused(
    build: Build, layout: IndexLayout, damage: str
) -> None:
    build(RECORDS)
    generation = publish_patch(layout, {"p07": dearer})
    for path in layout.generation_dir(generation).glob("*.changed*"):
        whole = path.read_bytes()
        if damage == "removed":
            path.unlink()
        else:
            path.write_bytes(whole[:-1] if damage == "cut" else bytes(len(whole)))
        with pytest.raises(SnapshotCorruptError, match="searchsvc"):
            open_snapshot(layout)
        assert len(verify(layout, generation)) == 1
        path.write_bytes(whole)
    open_snapshot(layout)
