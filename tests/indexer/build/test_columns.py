from __future__ import annotations

import math
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build import columns as building
from indexer.build.columns import ColumnsBuilder, column_values
from indexer.columns import STANDARD, Columns, kind_of
from indexer.errors import SnapshotCorruptError
from indexer.product import Availability, Location, Price, Product
from indexer.storage import write_arrays

if TYPE_CHECKING:
    from indexer.product import AttributeValue

_scalars = st.one_of(
    st.sampled_from(["red", "blue", "Ünique", ""]),
    st.sampled_from([0.0, 1.0, 2.5, -3.0]),
    st.booleans(),
)
_lists = st.lists(st.sampled_from(["s", "m", "l"]), max_size=3).map(tuple)
_products = st.lists(
    st.dictionaries(st.sampled_from(["a", "b"]), _scalars | _lists), min_size=1, max_size=20
)


def columns_of(path: Path, attributes: list[dict[str, AttributeValue]]) -> Columns:
    builder = ColumnsBuilder()
    for number, values in enumerate(attributes):
        builder.add(Product(id=str(number), title="t", attributes=MappingProxyType(values)))
    builder.write(path)
    return Columns(path)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("columns") / "columns.safetensors"


def _values(value: AttributeValue | None) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, tuple) else [value]


def test_a_stray_text_does_not_turn_a_number_column_into_text(tmp_path: Path) -> None:
    builder = ColumnsBuilder()
    for number in range(40):
        value = "two" if number == 7 else float(number)
        builder.add(Product(id=f"{number}", title="t", attributes=MappingProxyType({"a": value})))
    summary = builder.write(tmp_path / "columns")
    assert summary.stray == {"attributes.a": 1}
    column = Columns(tmp_path / "columns").get("attributes.a")
    assert column is not None
    assert np.flatnonzero(column.between(5, 9)).tolist() == [5, 6, 8, 9]
    assert not column.present()[7]


def test_of_too_many_names_the_most_frequent_are_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "MAX_COLUMNS", 2)
    builder = ColumnsBuilder()
    for number, names in enumerate(["ab", "abc", "ac", "d"]):
        values = dict.fromkeys(names, 1.0)
        builder.add(Product(id=f"{number}", title="t", attributes=MappingProxyType(values)))
    summary = builder.write(tmp_path / "columns")
    # b and c are equally frequent: the name decides.
    assert Columns(tmp_path / "columns").names() == [
        *sorted(STANDARD),
        "attributes.a",
        "attributes.b",
    ]
    assert summary.left_out == ("attributes.c", "attributes.d")


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


@given(_products)
def test_masks_are_what_a_loop_over_the_products_finds(
    path: Path, attributes: list[dict[str, AttributeValue]]
) -> None:
    columns = columns_of(path, attributes)
    for name in ("a", "b"):
        rows = [_values(values.get(name)) for values in attributes]
        column = columns.get(f"attributes.{name}")
        if column is None:
            assert not any(rows)
            continue
        if column.kind != "text":  # a stray value of another kind is no value of the column
            rows = [[v for v in values if kind_of(v) == column.kind] for values in rows]
        assert column.present().tolist() == [bool(values) for values in rows]
        if column.kind == "text":
            for wanted in {_as_text(value) for values in rows for value in values}:
                expected = [wanted in map(_as_text, values) for values in rows]
                assert column.equal([wanted]).tolist() == expected
        else:
            for wanted in (0.0, 1.0, 2.5) if column.kind == "number" else (True, False):
                expected = [wanted in values for values in rows]
                assert column.equal([wanted]).tolist() == expected
        if column.kind == "number":
            expected = [any(-1 <= v <= 1 for v in values) for values in rows]  # type: ignore[operator]
            assert column.between(-1, 1).tolist() == expected


def test_any_of_several_values(path: Path) -> None:
    columns = columns_of(path, [{"a": "x"}, {"a": "y"}, {}, {"a": ("x", "z")}])
    column = columns.get("attributes.a")
    assert column is not None
    assert column.equal(["x", "z", "unknown"]).tolist() == [True, False, False, True]
    assert column.equal(["unknown"]).tolist() == [False] * 4


def test_a_name_with_numbers_and_texts_is_a_text_column(path: Path) -> None:
    columns = columns_of(path, [{"a": 5.0}, {"a": "5"}, {"a": True}, {"a": 2.5}])
    column = columns.get("attributes.a")
    assert column is not None
    assert columns.kinds() == {**STANDARD, "attributes.a": "text"}
    assert column.equal(["5"]).tolist() == [True, True, False, False]
    assert column.equal(["true"]).tolist() == [False, False, True, False]


def test_a_value_of_another_type_equals_nothing(path: Path) -> None:
    columns = columns_of(path, [{"a": 1.0, "b": True}])
    numbers, flags = columns.get("attributes.a"), columns.get("attributes.b")
    assert numbers is not None
    assert flags is not None
    assert not numbers.equal([True]).any()
    assert not numbers.equal(["1"]).any()
    assert not flags.equal([1]).any()


def test_a_list_that_names_a_value_twice_has_it_once(path: Path) -> None:
    columns = columns_of(path, [{"a": ("x", "x", "y")}, {}])
    column = columns.get("attributes.a")
    assert column is not None
    assert column.rows is not None
    assert column.rows.tolist() == [0, 0]


def test_prices_are_in_major_units_and_categories_with_their_ancestors() -> None:
    product = Product(
        id="1",
        title="t",
        brand="Acme",
        availability=Availability.IN_STOCK,
        price=Price(4995, "USD"),
        sale_price=Price(3000, "USD"),
        product_types=("A > B > C", "A > D"),
        google_product_category="Home>Sofas",
        custom_labels=("summer",),
    )
    assert list(column_values(product)) == [
        ("brand", "Acme"),
        ("availability", "in_stock"),
        ("currency", "USD"),
        ("price", 49.95),
        ("effective_price", 30.0),
        ("sale_price", 30.0),
        ("product_type", "A"),
        ("product_type", "A > B"),
        ("product_type", "A > B > C"),
        ("product_type", "A > D"),
        ("google_product_category", "Home"),
        ("google_product_category", "Home > Sofas"),
        ("custom_label", "summer"),
    ]


def test_a_bare_number_of_googles_taxonomy_has_no_ancestors() -> None:
    product = Product(id="1", title="t", google_product_category="436")
    assert list(column_values(product)) == [("google_product_category", "436")]


def test_columns_of_paths_say_so(tmp_path: Path) -> None:
    builder = ColumnsBuilder()
    builder.add(Product(id="1", title="t", brand="A", google_product_category="A > B"))
    builder.write(tmp_path / "columns")
    columns = Columns(tmp_path / "columns")
    found = {name: columns.get(name) for name in columns.names()}
    assert {name for name, column in found.items() if column and column.hierarchical} == {
        "google_product_category",
        "product_type",  # which no product has here
    }


def test_the_usual_numbers_are_columns_under_one_name_and_stay_attributes() -> None:
    attributes: dict[str, AttributeValue] = {"average_rating": 4.5, "release_date": "1970-01-02"}
    product = Product(id="1", title="t", attributes=MappingProxyType(attributes))
    assert list(column_values(product)) == [
        ("rating", 4.5),
        ("released", 86_400.0),
        ("attributes.average_rating", 4.5),
        ("attributes.release_date", "1970-01-02"),
    ]


def test_locations_are_kept_in_the_order_of_the_rows(tmp_path: Path) -> None:
    builder = ColumnsBuilder()
    paris, lyon = Location(48.85, 2.35), Location(45.76, 4.84)
    for number, places in enumerate([(lyon,), (), (paris, lyon)]):
        builder.add(Product(id=str(number), title="t", locations=places))
    builder.write(tmp_path / "columns")
    locations = Columns(tmp_path / "columns").locations
    assert locations.products == 3
    assert locations.rows.tolist() == [0, 2, 2]
    assert locations.places.tolist() == [0, 1, 0]
    assert locations.latitudes.tolist() == [45.76, 48.85]
    assert locations.longitudes.tolist() == [4.84, 2.35]


def test_a_column_has_the_form_of_the_fewest_bytes(path: Path) -> None:
    products: list[dict[str, AttributeValue]] = [
        {"dense": float(number % 3), "lists": ("x", "y")} for number in range(12)
    ]
    products[2] = {"sparse": "x", "lists": ("z",)}
    columns = columns_of(path, products)
    dense, sparse = columns.get("attributes.dense"), columns.get("attributes.sparse")
    lists = columns.get("attributes.lists")
    assert dense is not None
    assert dense.rows is None
    assert math.isnan(dense.values[2])
    assert dense.codes.dtype == np.int8
    assert sparse is not None
    assert sparse.offsets is None
    assert sparse.rows is not None
    assert sparse.rows.tolist() == [2]
    assert lists is not None
    assert lists.pair_rows is None
    assert lists.offsets is not None
    assert lists.rows is not None
    assert lists.rows.tolist() == [0, 0, 1, 1, 2, *(row for row in range(3, 12) for _ in "xy")]
    assert lists.equal(["z"]).tolist() == [row == 2 for row in range(12)]
    assert lists.equal(["x", "z"]).all()


@pytest.mark.parametrize(("values", "width"), [(127, 1), (128, 2), (32_767, 2), (32_768, 4)])
def test_codes_are_as_wide_as_their_values_need(path: Path, values: int, width: int) -> None:
    column = columns_of(path, [{"a": float(v)} for v in range(values)]).get("attributes.a")
    assert column is not None
    assert column.codes.dtype.itemsize == width
    assert column.values.tolist() == list(range(values))
    assert (column.codes + 1).max() == values  # what counts them adds one


def test_an_unknown_kind_is_a_corrupt_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "columns.safetensors"
    arrays = {"products": np.array([1]), "a/codes": np.array([1])}
    write_arrays(path, arrays, {"a/kind": "colour"})
    with pytest.raises(SnapshotCorruptError, match="'colour'"):
        Columns(path)
