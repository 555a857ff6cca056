from __future__ import annotations

import operator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.columns import ColumnsBuilder
from indexer.columns import Columns
from indexer.derived import Derived
from indexer.product import Location, Product
from searchsvc.errors import BadFilterError
from searchsvc.query.filters import (
    And,
    AnyOf,
    Between,
    Exists,
    Not,
    parse_filter,
)
from searchsvc.query.mask import row_mask

_CATALOGUE: list[dict[str, Any]] = [
    {"brand": "HP", "weight": 1.0, "wireless": True, "tags": ("a", "b")},
    {"brand": "HP", "weight": 2.5, "tags": ("b",)},
    {"brand": "Dell", "weight": 2.5, "wireless": False},
    {"brand": "", "wireless": True, "tags": ("c",)},
    {"weight": -4.0, "tags": ("a", "c")},
    {},
]
_PARIS, _LYON, _SUVA = (
    Location(48.8566, 2.3522),
    Location(45.764, 4.8357),
    Location(-18.14, 178.44),
)
_PLACES = {0: (_PARIS,), 1: (_LYON, _PARIS), 3: (_SUVA,)}
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    path: Path = tmp_path_factory.mktemp("columns") / "columns.safetensors"
    builder = ColumnsBuilder()
    for number, values in enumerate(_CATALOGUE):
        builder.add(
            Product(
                id=str(number),
                title="t",
                locations=_PLACES.get(number, ()),
                attributes=MappingProxyType(values),
            )
        )
    builder.write(path)
    return Columns(path)


_texts = st.sampled_from(["HP", "Dell", "Acer", ""])
_tags = st.sampled_from(["a", "b", "c", "d"])
_numbers = st.sampled_from([-4.0, 0, 1, 1.0, 2.5, 3])
_conditions = st.one_of(
    st.fixed_dictionaries({"field": st.just("brand"), "eq": _texts}),
    st.fixed_dictionaries({"field": st.just("tags"), "eq": _tags}),
    st.fixed_dictionaries({"field": st.just("tags"), "any_of": st.lists(_tags, min_size=1)}),
    st.fixed_dictionaries({"field": st.just("wireless"), "eq": st.booleans()}),
    st.fixed_dictionaries({"field": st.just("weight"), "eq": _numbers}),
    st.fixed_dictionaries(
        {"field": st.sampled_from(["brand", "weight", "tags"]), "exists": st.booleans()}
    ),
    st.dictionaries(st.sampled_from(list(_COMPARISONS)), _numbers, min_size=1).map(
        lambda bounds: {"field": "weight", **bounds}
    ),
)
_filters = st.recursive(
    _conditions,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"and": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"or": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"not": inner}),
    ),
    max_leaves=8,
)


def holds(condition: dict[str, Any], values: dict[str, Any]) -> bool:
    """What the filter means, said the slow way."""
    if "and" in condition:
        return all(holds(part, values) for part in condition["and"])
    if "or" in condition:
        return any(holds(part, values) for part in condition["or"])
    if "not" in condition:
        return not holds(condition["not"], values)
    return _condition_holds(condition, values)


def _condition_holds(condition: dict[str, Any], values: dict[str, Any]) -> bool:
    value = values.get(condition["field"])
    items = () if value is None else value if isinstance(value, tuple) else (value,)
    if "exists" in condition:
        return bool(items) == condition["exists"]
    if "eq" in condition:
        return condition["eq"] in items
    if "any_of" in condition:
        return any(item in condition["any_of"] for item in items)
    bounds = {name: bound for name, bound in condition.items() if name != "field"}
    return any(
        all(_COMPARISONS[name](item, bound) for name, bound in bounds.items()) for item in items
    )


def _prefixed(condition: Any) -> Any:
    """The same filter on the columns of free attributes."""
    if isinstance(condition, list):
        return [_prefixed(part) for part in condition]
    if not isinstance(condition, dict):
        return condition
    return {
        name: f"attributes.{value}" if name == "field" else _prefixed(value)
        for name, value in condition.items()
    }


@given(_filters)
def test_a_mask_is_what_the_obvious_predicate_says(
    columns: Columns, condition: dict[str, Any]
) -> None:
    mask = row_mask(parse_filter(_prefixed(condition)), columns, len(_CATALOGUE))
    assert mask.tolist() == [holds(condition, values) for values in _CATALOGUE]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def as_string(condition: dict[str, Any]) -> str:
    """The same filter in the string grammar."""
    for name, keyword in (("and", " AND "), ("or", " OR ")):
        if name in condition:
            return f"({keyword.join(as_string(part) for part in condition[name])})"
    if "not" in condition:
        return f"NOT {as_string(condition['not'])}"
    field = condition["field"]
    if "exists" in condition:
        return f"{'' if condition['exists'] else 'NOT '}exists({field})"
    if "eq" in condition or "any_of" in condition:
        values = condition.get("any_of", [condition.get("eq")])
        return f"({' OR '.join(f'{field}:{_quoted(_said(value))}' for value in values)})"
    signs = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
    bounds = [f"{field} {signs[name]} {condition[name]}" for name in signs if name in condition]
    return f"({' AND '.join(bounds)})"


def _said(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(_filters)
def test_both_notations_of_a_filter_have_the_same_mask(
    columns: Columns, condition: dict[str, Any]
) -> None:
    prefixed = _prefixed(condition)
    # Several bounds on a list hold for different values; there is no list of numbers here.
    from_json = row_mask(parse_filter(prefixed), columns, len(_CATALOGUE))
    from_text = row_mask(parse_filter(as_string(prefixed)), columns, len(_CATALOGUE))
    assert from_text.tolist() == from_json.tolist()


@given(st.lists(_filters, min_size=1, max_size=6), st.integers(0, 40))
def test_kept_masks_are_those_that_are_computed_and_nobody_can_change_them(
    columns: Columns, conditions: list[dict[str, Any]], budget: int
) -> None:
    derived = Derived(budget)
    for condition in [*conditions, *conditions]:
        parsed = parse_filter(_prefixed(condition))
        kept = row_mask(parsed, columns, len(_CATALOGUE), derived)
        assert kept.tolist() == row_mask(parsed, columns, len(_CATALOGUE)).tolist()
        with pytest.raises(ValueError, match="read-only"):
            kept[0] = True
    assert derived.used_bytes <= budget


def test_parts_and_wholes_are_kept_whatever_the_notation(columns: Columns) -> None:
    derived = Derived()
    written = parse_filter("attributes.brand:HP AND attributes.weight:1")
    row_mask(written, columns, len(_CATALOGUE), derived)
    used = derived.used_bytes
    assert used == 3 * len(_CATALOGUE)
    typed = And((AnyOf("attributes.brand", ("HP",)), AnyOf("attributes.weight", (1,))))
    row_mask(typed, columns, len(_CATALOGUE), derived)
    assert derived.used_bytes == used


def test_a_kept_mask_hides_no_wrong_type(columns: Columns) -> None:
    derived = Derived()
    row_mask(AnyOf("attributes.wireless", (True,)), columns, len(_CATALOGUE), derived)
    with pytest.raises(BadFilterError, match="bool column.*number 1"):
        row_mask(AnyOf("attributes.wireless", (1,)), columns, len(_CATALOGUE), derived)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("attributes.weight:2.5", [1, 2]),
        ('attributes.weight:"25e-1"', [1, 2]),
        ("attributes.weight != 2.5", [0, 3, 4, 5]),
        ("attributes.weight:-4 TO 1", [0, 4]),
        ("attributes.wireless:true", [0, 3]),
        ("NOT attributes.wireless:true", [1, 2, 4, 5]),
        ("attributes.tags:a OR attributes.tags:c OR attributes.weight:2.5", [0, 1, 2, 3, 4]),
        ("near(48.85, 2.35, 5 km)", [0, 1]),
        ("near(48.8566, 2.3522, 0 m)", [0, 1]),
        ("near(45, 4, 400000 m) AND attributes.weight > 1", [1]),
        ("NOT near(0, 0, 6000 km)", [2, 3, 4, 5]),
        ("box(46, 4, 45, 5)", [1]),
        ("box(0, 170, -30, -170)", [3]),
        ("polygon(50, 1, 50, 4, 47, 4, 47, 1)", [0, 1]),
        ("polygon(0, 170, 0, -170, -30, -170, -30, 170)", [3]),
    ],
)
def test_what_is_written_means_what_its_column_says(
    columns: Columns, text: str, rows: list[int]
) -> None:
    mask = row_mask(parse_filter(text), columns, len(_CATALOGUE))
    assert np.flatnonzero(mask).tolist() == rows


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("attributes.weight:HP", r"^filters, character 1: .*number column; found 'HP'"),
        ("price:1 AND (attributes.wireless:1)", r"^filters, character 14: .*true or false"),
        ("price:1 AND NOT brnd:HP", r"^filters, character 17: unknown field 'brnd'.*brand"),
        ({"and": [{"field": "price", "eq": "1"}]}, r"^filters\.and\[0\]: .*the text '1'"),
        ([{"field": "x", "exists": True}], r"^filters\[0\]: unknown field 'x'"),
        ({"field": "brand", "lt": 5}, r"^filters: field 'brand'"),
        ("brand < 5", r"^filters, character 1: .*a range needs numbers"),
    ],
)
def test_a_complaint_about_a_column_names_the_place_in_the_filter(
    columns: Columns, raw: object, message: str
) -> None:
    with pytest.raises(BadFilterError, match=message):
        row_mask(parse_filter(raw), columns, len(_CATALOGUE))


def test_a_catalogue_without_locations_has_no_product_in_any_area(tmp_path: Path) -> None:
    builder = ColumnsBuilder()
    builder.add(Product(id="1", title="t"))
    builder.write(tmp_path / "columns")
    columns = Columns(tmp_path / "columns")
    for area in ("near(0, 0, 99999 km)", "box(90, -180, -90, 180)", "polygon(1, 1, 2, 2, 1, 3)"):
        assert row_mask(parse_filter(area), columns, 1).tolist() == [False]


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (AnyOf("attributes.brnd", ("HP",)), "'attributes.brnd'.*attributes.brand"),
        (AnyOf("attributes.weight", ("HP",)), "number column.*text 'HP'"),
        (AnyOf("attributes.weight", (True,)), "number column.*bool True"),
        (Between("attributes.brand", 0, 1), "text column; a range needs numbers"),
        (Not(Exists("x")), "unknown field 'x'"),
    ],
)
def test_a_filter_that_does_not_fit_the_index_says_why(
    columns: Columns, condition: Any, message: str
) -> None:
    with pytest.raises(BadFilterError, match=message):
        row_mask(condition, columns, len(_CATALOGUE))
