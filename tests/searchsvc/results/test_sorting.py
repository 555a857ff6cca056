from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build.columns import column_values
from indexer.columns import Columns, Scalar
from indexer.derived import Derived
from indexer.locations import Locations
from indexer.product import Product
from searchsvc.errors import BadQueryError
from searchsvc.popularity import Popularity
from searchsvc.query.query import BESTSELLING, Point, SortKey
from searchsvc.results.sorting import sort_places

MakeColumns = Callable[[Sequence[Product]], Columns]

KEYS = [
    SortKey(field, descending=descending)
    for field in ("brand", "attributes.watts", "attributes.new", "attributes.fits")
    for descending in (False, True)
]
TEXTS = st.sampled_from(["a", "b", "é", "日", "\U0001f600", "Z"])


@st.composite
def products(draw: st.DrawFn) -> list[Product]:
    out = []
    for number in range(draw(st.integers(1, 20))):
        attributes: dict[str, str | float | bool | tuple[str, ...]] = {}
        if draw(st.booleans()):
            attributes["watts"] = draw(st.sampled_from([-1.0, 0.0, 2.5]))
        if draw(st.booleans()):
            attributes["new"] = draw(st.booleans())
        if fits := draw(st.lists(TEXTS, max_size=3)):
            attributes["fits"] = tuple(fits)
        brand = draw(st.just("") | TEXTS)
        out.append(Product(id=str(number), title="", brand=brand, attributes=attributes))
    return out


def naive(items: list[Product], order: list[int], keys: list[SortKey]) -> list[int]:
    """Sort by the least important key first; Python's sort is stable."""

    def value(row: int, key: SortKey) -> list[Scalar | bytes]:
        found = [v for name, v in column_values(items[row]) if name == key.field]
        return sorted(v.encode() if isinstance(v, str) else v for v in found)  # type: ignore[type-var] # one type

    for key in reversed(keys):
        have = [row for row in order if value(row, key)]
        lack = [row for row in order if not value(row, key)]
        at = -1 if key.descending else 0
        # reverse=True keeps equal ones in their order.
        have.sort(key=lambda row, k=key, i=at: value(row, k)[i], reverse=key.descending)  # type: ignore[misc]
        order = have + lack
    return order


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_the_order_is_that_of_stable_sorts_by_each_key(
    data: st.DataObject, make_columns: MakeColumns
) -> None:
    items = data.draw(products())
    columns = make_columns(items)
    known = [key for key in KEYS if columns.get(key.field) is not None]
    keys = data.draw(st.lists(st.sampled_from(known), max_size=3))
    order = data.draw(st.permutations(range(len(items))))[: data.draw(st.integers(0, len(items)))]
    rows = np.array(order, np.int64)
    places = sort_places(rows, keys, columns, Derived())
    assert sorted(places.tolist()) == list(range(len(order)))
    assert rows[places].tolist() == naive(items, list(order), keys)


@pytest.mark.parametrize("descending", [False, True])
def test_products_are_sorted_by_distance_and_those_without_a_place_come_last(
    make_columns: MakeColumns, *, descending: bool
) -> None:
    columns = make_columns([Product(id=str(n), title="", brand="b") for n in range(5)])
    places = np.array([1, 2, 3, 4], np.int32)
    columns.locations = Locations(
        5, places, np.arange(4, dtype=np.int32), np.array([9.0, 1.0, 5.0, 5.0]), np.zeros(4)
    )
    key = SortKey("", descending=descending, near=Point(0.0, 0.0))
    found = sort_places(np.array([0, 4, 3, 1, 2]), [key], columns, Derived())
    expected = [3, 1, 2, 4, 0] if descending else [4, 1, 2, 3, 0]
    assert found.tolist() == expected


def test_ties_of_a_price_stay_in_the_order_by_relevance(make_columns: MakeColumns) -> None:
    watts = [5.0, 5.0, 3.0, 5.0]
    columns = make_columns(
        [Product(id=str(n), title="", attributes={"w": w}) for n, w in enumerate(watts)]
    )
    rows = np.array([3, 0, 2, 1])
    up = sort_places(rows, [SortKey("attributes.w")], columns, Derived())
    down = sort_places(rows, [SortKey("attributes.w", descending=True)], columns, Derived())
    assert rows[up].tolist() == [2, 3, 0, 1]
    assert rows[down].tolist() == [3, 0, 1, 2]


def test_an_unknown_column_is_refused_with_its_place(make_columns: MakeColumns) -> None:
    columns = make_columns([Product(id="1", title="")])
    keys = [SortKey("brand"), SortKey("prise")]
    with pytest.raises(BadQueryError, match=r"sort\[1\]: unknown field 'prise'; .*price"):
        sort_places(np.arange(1), keys, columns, Derived())


def popularity(sold: Sequence[float | None]) -> Popularity:
    values = np.array([np.nan if it is None else it for it in sold])
    share = np.nan_to_num(values).astype(np.float32)
    return Popularity(share, values, np.ones(len(values), np.bool_))


@given(
    st.lists(st.none() | st.sampled_from([0.5, 1.0, 2.0, 40.0]), min_size=1, max_size=12),
    st.booleans(),
    st.data(),
)
def test_by_what_sells_ties_stay_and_what_sold_nothing_comes_last(
    make_columns: MakeColumns,
    sold: list[float | None],
    descending: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    columns = make_columns([Product(id=str(n), title="") for n in range(len(sold))])
    rows = np.array(data.draw(st.permutations(range(len(sold)))), np.int64)
    key = SortKey(BESTSELLING, descending=descending)
    places = sort_places(rows, [key], columns, Derived(), popularity(sold))
    sign = -1 if descending else 1
    expected = sorted(rows.tolist(), key=lambda row: sign * (sold[row] or np.inf * sign))
    assert rows[places].tolist() == expected


def test_what_sells_decides_between_equal_columns(make_columns: MakeColumns) -> None:
    brands = ["b", "a", "b", "a"]
    columns = make_columns(
        [Product(id=str(n), title="", brand=brand) for n, brand in enumerate(brands)]
    )
    keys = [SortKey("brand"), SortKey(BESTSELLING, descending=True)]
    found = sort_places(np.arange(4), keys, columns, Derived(), popularity([1, None, 2, 3]))
    assert found.tolist() == [3, 1, 2, 0]


def test_where_no_events_taught_it_the_order_by_what_sells_says_what_to_do(
    make_columns: MakeColumns,
) -> None:
    columns = make_columns([Product(id="1", title="")])
    keys = [SortKey("brand"), SortKey(BESTSELLING)]
    with pytest.raises(BadQueryError, match=r"sort\[1\]: no events.*'searchsvc segments learn'"):
        sort_places(np.arange(1), keys, columns, Derived())
