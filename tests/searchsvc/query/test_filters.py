from __future__ import annotations

import operator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.build.columns import ColumnsBuilder
from indexer.columns import Columns
from indexer.product import Product
from searchsvc.errors import BadFilterError
from searchsvc.query.filters import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_VALUES,
    AnyOf,
    Between,
    Exists,
    Not,
    parse_filter,
    parse_filter_json,
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
_COMPARISONS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> Columns:
    path: Path = tmp_path_factory.mktemp("columns") / "columns.safetensors"
    builder = ColumnsBuilder()
    for number, values in enumerate(_CATALOGUE):
        builder.add(Product(id=str(number), title="t", attributes=MappingProxyType(values)))
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


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["field", "eq", "any_of", "gt", "and", "or", "not", "exists", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(_json)
def test_any_json_is_a_filter_or_a_named_error(columns: Columns, raw: object) -> None:
    try:
        condition = parse_filter(raw)
    except BadFilterError as error:
        assert str(error).startswith("filters")  # noqa: PT017 - any JSON may be right or wrong
        return
    try:
        row_mask(condition, columns, len(_CATALOGUE))
    except BadFilterError as error:
        assert "field" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ([], r"filters: found \[\], expected an object"),
        ({"field": 5, "eq": 1}, r"filters\.field: found 5"),
        ({"field": "a"}, "expected exactly one of eq"),
        ({"field": "a", "eq": 1, "gt": 2}, r"\['eq', 'gt'\] on field 'a'"),
        ({"field": "a", "eq": None}, r"filters\.eq: found None"),
        ({"field": "a", "any_of": []}, r"filters\.any_of: found \[\]"),
        ({"field": "a", "any_of": [[1]]}, r"filters\.any_of\[0\]: found \[1\]"),
        ({"field": "a", "gt": "9"}, r"filters\.gt: found '9', expected a number"),
        ({"field": "a", "gt": True}, r"filters\.gt: found True"),
        ({"field": "a", "exists": 1}, r"filters\.exists: found 1"),
        ({"and": {}}, r"filters\.and: found \{\}, expected a non-empty list"),
        ({"and": [{"or": [{"field": "a", "eq": []}]}]}, r"filters\.and\[0\]\.or\[0\]\.eq"),
        ({"and": [], "or": []}, r"keys \['and', 'or'\]"),
    ],
)
def test_a_malformed_filter_is_refused_at_its_place(raw: object, message: str) -> None:
    with pytest.raises(BadFilterError, match=message):
        parse_filter(raw)


def test_depth_and_size_are_limited() -> None:
    deep: Any = {"field": "a", "eq": 1}
    for _ in range(MAX_DEPTH):
        deep = {"not": deep}
    parse_filter(deep)
    with pytest.raises(BadFilterError, match="nested deeper"):
        parse_filter({"not": deep})
    half: Any = {"field": "a", "any_of": list(range(MAX_VALUES // 2))}
    parse_filter({"or": [half, half]})
    with pytest.raises(BadFilterError, match="more than 1000 values"):
        parse_filter({"or": [half, half, {"field": "b", "eq": 1}]})
    with pytest.raises(BadFilterError, match="clauses"):
        parse_filter({"or": [{"field": "a", "eq": 1}] * MAX_CLAUSES})


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


def test_filters_come_as_json_text_too() -> None:
    assert parse_filter_json('{"field": "a", "eq": 1}') == AnyOf("a", (1,))
    assert parse_filter_json("") is None
    assert parse_filter_json(None) is None
    with pytest.raises(BadFilterError, match="brand:HP"):
        parse_filter_json("brand:HP")
