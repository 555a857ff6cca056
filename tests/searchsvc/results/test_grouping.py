from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.columns import Columns
from indexer.derived import Derived
from indexer.product import Product
from searchsvc.errors import BadQueryError
from searchsvc.results.grouping import Groups, count_groups, group_keys, group_value

MakeColumns = Callable[[Sequence[Product]], Columns]


def of_groups(*names: str) -> list[Product]:
    return [Product(id=str(n), title="", item_group_id=name) for n, name in enumerate(names)]


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_groups_are_those_of_a_walk_down_the_order(
    data: st.DataObject, make_columns: MakeColumns
) -> None:
    names = data.draw(st.lists(st.sampled_from(["", "", "a", "b", "c"]), min_size=1, max_size=20))
    keys = group_keys(make_columns(of_groups(*names)), "item_group_id", Derived())
    assert sorted(set(keys.tolist())) == list(range(len(set(keys.tolist()))))
    order = data.draw(st.permutations(range(len(names))))[: data.draw(st.integers(0, len(names)))]
    expected: dict[object, list[int]] = {}
    for row in order:
        expected.setdefault(names[row] or row, []).append(row)
    rows = np.array(order, np.int64)
    groups = Groups.of(rows, keys)
    assert groups.rows.tolist() == [members[0] for members in expected.values()]
    assert groups.sizes.tolist() == [len(members) for members in expected.values()]
    assert rows[groups.places].tolist() == groups.rows.tolist()
    assert groups.sizes.sum() == len(order)
    assert count_groups(rows, keys) == len(expected)
    begin, most = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 4))
    end = begin + data.draw(st.integers(0, 5))
    assert [others.tolist() for others in groups.others(begin, end, most)] == [
        members[1 : 1 + most] for members in list(expected.values())[begin:end]
    ]


def test_a_number_a_boolean_and_the_smallest_of_a_list_make_groups(
    make_columns: MakeColumns,
) -> None:
    attributes: list[dict[str, str | float | bool | tuple[str, ...]]] = [
        {"watts": 5.0, "new": True, "fits": ("b", "a")},
        {"watts": 5.0, "new": False, "fits": ("a",)},
        {"watts": 7.0, "new": True, "fits": ("b",)},
        {},
        {},
    ]
    columns = make_columns(
        [Product(id=str(n), title="", attributes=a) for n, a in enumerate(attributes)]
    )
    derived = Derived()

    def together(field: str) -> list[set[int]]:
        keys = group_keys(columns, field, derived).tolist()
        return [{row for row in range(5) if keys[row] == key} for key in dict.fromkeys(keys)]

    assert together("attributes.watts") == [{0, 1}, {2}, {3}, {4}]
    assert together("attributes.new") == [{0, 2}, {1}, {3}, {4}]
    assert together("attributes.fits") == [{0, 1}, {2}, {3}, {4}]
    assert together("brand") == [{0}, {1}, {2}, {3}, {4}]
    values = [group_value(columns, "attributes.fits", row, derived) for row in range(4)]
    assert values == ["a", "a", "b", None]
    assert group_value(columns, "attributes.watts", 0, derived) == 5.0
    assert group_value(columns, "attributes.new", 1, derived) is False
    assert group_value(columns, "brand", 1, derived) is None


def test_an_unknown_field_is_refused_with_names_like_it(make_columns: MakeColumns) -> None:
    columns = make_columns(of_groups("a"))
    with pytest.raises(
        BadQueryError, match=r"^group: unknown field 'item_group'; .*item_group_id"
    ):
        group_keys(columns, "item_group", Derived())
    with pytest.raises(
        BadQueryError, match=r"unknown field 'x{80}'; this index has .* and others"
    ):
        group_value(columns, "x" * 500, 0, Derived())


def test_keys_are_computed_once(make_columns: MakeColumns) -> None:
    columns, derived = make_columns(of_groups("a", "b")), Derived()
    assert group_keys(columns, "item_group_id", derived) is group_keys(
        columns, "item_group_id", derived
    )
