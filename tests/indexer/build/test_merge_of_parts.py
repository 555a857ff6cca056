"""Columns and products after a merge or a patch, against a full build of the same products."""

from __future__ import annotations

import math
import shutil
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build import columnmerge, productmerge
from indexer.build import columns as building
from indexer.build.columnmerge import merge_columns, patch_columns
from indexer.build.columns import ColumnsBuilder
from indexer.build.productmerge import merge_products, patch_products
from indexer.columns import CHANGED_FILE, Columns
from indexer.product import Availability, Location, Price, Product
from indexer.products import LOOKUP_FILE, ProductsBuilder, ProductStore
from indexer.snapshot import COLUMNS_FILE
from indexer.storage import read_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from indexer.product import AttributeValue

    Catalogue = Mapping[str, Product]

IDS = [f"p{number}" for number in range(12)]
_values: st.SearchStrategy[AttributeValue] = st.one_of(
    st.sampled_from(["red", "blue", "5", "Ünique", ""]),
    st.sampled_from([0.0, -0.0, 1.0, 2.5, 5.0]),
    st.booleans(),
    st.lists(st.sampled_from(["s", "m", "l"]), max_size=3).map(tuple),
)
_places = st.builds(Location, st.sampled_from([0.0, 48.85]), st.sampled_from([2.35, 7.0]))


def _product(product_id: str, fields: Mapping[str, object]) -> Product:
    return Product(id=product_id, title="t", **fields)  # type: ignore[arg-type]


_fields = st.fixed_dictionaries(
    {"attributes": st.dictionaries(st.sampled_from(["a", "b", "rating"]), _values)},
    optional={
        "price": st.builds(Price, st.integers(1, 3), st.just("EUR")),
        "availability": st.sampled_from(Availability),
        "brand": st.sampled_from(["Acme", "Bolt"]),
        "product_types": st.lists(st.sampled_from(["A > B", "A > C"]), max_size=2).map(tuple),
        "locations": st.lists(_places, max_size=2).map(tuple),
        "mpn": st.sampled_from(["x-1", "x-2"]),
    },
)
_catalogues = st.dictionaries(st.sampled_from(IDS), _fields, min_size=1).map(
    lambda found: {key: _product(key, found[key]) for key in sorted(found)}
)


def build(directory: Path, catalogue: Catalogue) -> None:
    directory.mkdir()
    columns, products = ColumnsBuilder(), ProductsBuilder(directory)
    for product in catalogue.values():
        columns.add(product)
        products.add(product, product.to_json())
    columns.write(directory / COLUMNS_FILE)
    products.write()


def _same(one: Product, other: Product) -> bool:
    return one.to_json() == other.to_json()  # two products may be equal by 0 and False


def merge(base: Path, target: Path, before: Catalogue, after: Catalogue) -> None:
    """By the rule of a delta: what is as it was moves, all else goes and comes."""
    target.mkdir()
    rows = {key: row for row, key in enumerate(after)}
    stays = {key for key in before if key in after and _same(before[key], after[key])}
    moved = [rows[key] if key in stays else -1 for key in before]
    added = [(rows[key], it) for key, it in after.items() if key not in stays]
    merge_columns(base, target, np.array(moved, np.int32), added)
    merge_products(base, target, np.array(moved, np.int32), added)


def patch(base: Path, target: Path, before: Catalogue, after: Catalogue) -> None:
    target.mkdir()
    changed = [
        (row, after[key]) for row, key in enumerate(before) if not _same(before[key], after[key])
    ]
    patch_columns(base, target, changed)
    if not (target / COLUMNS_FILE).exists():
        shutil.copyfile(base / COLUMNS_FILE, target / COLUMNS_FILE)
    patch_products(base, target, changed)


def assert_same_columns(found: Path, full: Path) -> None:
    ours, theirs = Columns(found / COLUMNS_FILE), Columns(full / COLUMNS_FILE)
    assert ours.names() == theirs.names()
    assert ours.changed_since(theirs) == frozenset()
    for name in theirs.names():
        one, other = ours.get(name), theirs.get(name)
        assert one is not None
        assert other is not None
        assert (one.kind, one.hierarchical) == (other.kind, other.hierarchical)
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(one.present(), other.present())
    for part in ("rows", "places", "latitudes", "longitudes"):
        np.testing.assert_array_equal(
            getattr(ours.locations, part), getattr(theirs.locations, part)
        )


def assert_same_products(found: Path, catalogue: Catalogue) -> None:
    store = ProductStore(found)
    assert [store.id(row) for row in range(len(store))] == list(catalogue)
    assert [store.json(row) for row in range(len(store))] == [
        product.to_json() for product in catalogue.values()
    ]
    rows = {key: row for row, key in enumerate(catalogue)}
    for mpn in ("x-1", "x-2"):
        assert store.identified_by(mpn).tolist() == [
            rows[key] for key, product in catalogue.items() if product.mpn == mpn
        ]
    assert all(store.identified_by(key).tolist() == [rows[key]] for key in catalogue)


@settings(deadline=None, max_examples=60)
@given(st.lists(_catalogues, min_size=2, max_size=4))
def test_merged_parts_are_those_of_a_full_build(catalogues: list[Catalogue]) -> None:
    with TemporaryDirectory() as scratch:
        base = Path(scratch) / "0"
        build(base, catalogues[0])
        for number, (before, after) in enumerate(pairwise(catalogues)):
            target, full = Path(scratch) / f"{number + 1}", Path(scratch) / f"full{number}"
            merge(base, target, before, after)
            build(full, after)
            assert (target / COLUMNS_FILE).read_bytes() == (full / COLUMNS_FILE).read_bytes()
            assert_same_products(target, after)
            base = target


@settings(deadline=None, max_examples=60)
@given(st.data(), _catalogues)
def test_patched_parts_are_those_of_a_full_build_in_any_order_with_merges(
    data: st.DataObject, catalogue: Catalogue
) -> None:
    largest = data.draw(st.sampled_from([0.5, math.inf]), label="largest change")
    with TemporaryDirectory() as scratch, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(columnmerge, "_LARGEST_CHANGE", largest)
        base = Path(scratch) / "0"
        build(base, catalogue)
        for number in range(1, 5):
            before = catalogue
            if data.draw(st.booleans(), label="moves rows"):
                catalogue = data.draw(_catalogues)
                change = merge
            else:
                changed = data.draw(st.dictionaries(st.sampled_from(sorted(before)), _fields))
                fresh = {
                    key: _product(key, {**fields, "mpn": before[key].mpn})
                    for key, fields in changed.items()
                }
                catalogue = {**before, **fresh}
                change = patch
            target, full = Path(scratch) / f"{number}", Path(scratch) / f"full{number}"
            change(base, target, before, catalogue)
            build(full, catalogue)
            assert_same_columns(target, full)
            assert_same_products(target, catalogue)
            base = target


def many(count: int, **fields: Sequence[object]) -> Catalogue:
    return {
        f"{row:04}": _product(f"{row:04}", {name: it[row] for name, it in fields.items()})
        for row in range(count)
    }


def prices(count: int, **special: int) -> list[Price]:
    return [Price(special.get(f"p{row}", 100 + row), "EUR") for row in range(count)]


def test_a_patch_writes_the_columns_that_differ_only(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(8)]
    attributes = [MappingProxyType(dict.fromkeys(names, float(row))) for row in range(400)]
    before = many(400, price=prices(400), attributes=attributes)
    after = many(400, price=prices(400, p7=9999), attributes=attributes)
    build(tmp_path / "base", before)
    patch(tmp_path / "base", tmp_path / "patched", before, after)
    arrays = read_arrays(tmp_path / "patched" / CHANGED_FILE).arrays
    assert {key.split("/")[0] for key in arrays} == {"products", "price", "effective_price"}
    build(tmp_path / "full", after)
    assert_same_columns(tmp_path / "patched", tmp_path / "full")
    changed = Columns(tmp_path / "patched" / COLUMNS_FILE).changed_since(
        Columns(tmp_path / "base" / COLUMNS_FILE)
    )
    assert changed == {"price", "effective_price"}


def test_changes_of_most_columns_become_a_main_file(tmp_path: Path) -> None:
    before = many(500, price=prices(500))
    after = many(500, price=prices(500, p0=9_999))
    build(tmp_path / "base", before)
    patch(tmp_path / "base", tmp_path / "patched", before, after)
    assert not (tmp_path / "patched" / CHANGED_FILE).exists()
    build(tmp_path / "full", after)
    full = (tmp_path / "full" / COLUMNS_FILE).read_bytes()
    assert (tmp_path / "patched" / COLUMNS_FILE).read_bytes() == full


def test_a_column_that_becomes_one_of_another_kind_has_its_stray_values_back(
    tmp_path: Path,
) -> None:
    def catalogue(texts: int) -> Catalogue:
        values = [("two" if row < texts else float(row)) for row in range(40)]
        return many(40, attributes=[MappingProxyType({"a": value}) for value in values])

    steps = [catalogue(texts) for texts in (1, 10, 1)]
    build(tmp_path / "0", steps[0])
    for number, (before, after) in enumerate(pairwise(steps)):
        patch(tmp_path / f"{number}", tmp_path / f"{number + 1}", before, after)
        build(tmp_path / f"full{number}", after)
        assert_same_columns(tmp_path / f"{number + 1}", tmp_path / f"full{number}")


def test_a_zero_that_becomes_false_is_a_change(tmp_path: Path) -> None:
    def catalogue(value: AttributeValue) -> Catalogue:
        names = [f"a{number}" for number in range(9)]
        return many(60, attributes=[{**dict.fromkeys(names, "x"), "b": value}] * 60)

    before, after = catalogue(0.0), catalogue(False)  # noqa: FBT003 - it is the value
    build(tmp_path / "base", before)
    patch(tmp_path / "base", tmp_path / "patched", before, after)
    build(tmp_path / "full", after)
    assert_same_columns(tmp_path / "patched", tmp_path / "full")


def test_beyond_the_most_columns_a_new_name_waits_for_the_next_full_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "MAX_COLUMNS", 2)
    monkeypatch.setattr("indexer.build.columnmerge.MAX_COLUMNS", 2)
    before = many(
        3, attributes=[MappingProxyType(dict.fromkeys(it, 1.0)) for it in ("ab", "abc", "ac")]
    )
    after = many(
        3, attributes=[MappingProxyType(dict.fromkeys(it, 1.0)) for it in ("d", "acd", "cd")]
    )
    build(tmp_path / "base", before)
    (tmp_path / "merged").mkdir()
    everything = np.full(3, -1, np.int32)
    summary = merge_columns(
        tmp_path / "base", tmp_path / "merged", everything, list(enumerate(after.values()))
    )
    names = Columns(tmp_path / "merged" / COLUMNS_FILE).names()
    assert [name for name in names if "attributes" in name] == ["attributes.a"]
    assert summary.left_out == ("attributes.c", "attributes.d")


def test_small_files_of_products_are_taken_over_by_later_ones(tmp_path: Path) -> None:
    catalogue = many(64, price=prices(64))
    build(tmp_path / "0", catalogue)
    for number in range(32):
        after = {**catalogue}
        key = f"{number:04}"
        after[key] = _product(key, {"price": Price(5, "EUR")})
        patch(tmp_path / f"{number}", tmp_path / f"{number + 1}", catalogue, after)
        catalogue = after
        files = list((tmp_path / f"{number + 1}").glob("products.changed.*"))
        assert len(files) <= 6
        assert_same_products(tmp_path / f"{number + 1}", catalogue)
    large = (tmp_path / "32" / "products.bin").stat().st_ino
    assert large == (tmp_path / "0" / "products.bin").stat().st_ino


def test_large_files_of_changed_products_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(productmerge, "_MOST_TAKEN_OVER", 3)
    before = many(20, price=prices(20))
    after = {key: _product(key, {"price": Price(1, "EUR")}) for key in before}
    again = {key: _product(key, {"price": Price(2, "EUR")}) for key in before}
    build(tmp_path / "0", before)
    patch(tmp_path / "0", tmp_path / "1", before, after)
    patch(tmp_path / "1", tmp_path / "2", after, again)
    assert len(list((tmp_path / "2").glob("products.changed.*"))) == 2
    assert_same_products(tmp_path / "2", again)
    kept = (tmp_path / "1" / LOOKUP_FILE).stat()
    assert kept.st_ino == (tmp_path / "2" / LOOKUP_FILE).stat().st_ino
