from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.build.columns import column_values
from indexer.columns import Columns, Scalar
from indexer.derived import Derived
from indexer.product import Product
from searchsvc.errors import BadQueryError
from searchsvc.query.query import FacetOrder, FacetRequest, Interval
from searchsvc.results.counting import count_facets
from searchsvc.results.grouping import group_keys

MakeColumns = Callable[[Sequence[Product]], Columns]

NUMBERS = (-3.5, 0.0, 1.0, 2.5, 7.0)
RANGES = tuple(
    Interval(low, high)
    for low, high in [
        (-np.inf, np.inf),
        (-3.5, 0.0),
        (0.0, 2.5),
        (1.0, 1.0),
        (2.5, np.inf),
        (3, 1),
    ]
)
FIELDS = (
    "brand", "color", "product_type", "attributes.list", "attributes.some", "attributes.number",
    "attributes.numbers", "attributes.flag", "item_group_id",
)  # fmt: skip

WORDS = st.sampled_from(["Écru", "red", "Rot-Weiß", "Blue", "white sand", "日本", "a b", "rod"])


@st.composite
def products(draw: st.DrawFn) -> list[Product]:
    """Few values for many products: dense and sparse columns, lists, paths and groups."""
    out = []
    for number in range(draw(st.integers(1, 25))):
        attributes: dict[str, str | float | bool | tuple[str, ...]] = {}
        if values := draw(st.lists(WORDS, max_size=3)):
            attributes["list"] = tuple(values)
        if draw(st.integers(0, 3)) == 0:
            attributes["some"] = draw(WORDS)
        if draw(st.booleans()):
            attributes["number"] = draw(st.sampled_from(NUMBERS))
        if numbers := draw(st.lists(st.sampled_from(NUMBERS), max_size=3)):
            attributes["numbers"] = tuple(numbers)  # type: ignore[assignment] # columns take them
        if draw(st.booleans()):
            attributes["flag"] = draw(st.booleans())
        out.append(
            Product(
                id=str(number),
                title="",
                brand=draw(WORDS),
                color=draw(st.just("") | WORDS),
                item_group_id=draw(st.sampled_from(["", "", "g1", "g2", "g3"])),
                product_types=tuple(
                    draw(
                        st.lists(st.sampled_from(["A > B", "A > C", "A", "D > E > F"]), max_size=2)
                    )
                ),
                attributes=attributes,
            )
        )
    return out


def naive(
    items: list[Product], rows: Sequence[int], field: str, keys: Sequence[int] | None
) -> list[set[Scalar]]:
    """The set of values of each product or group that is counted."""
    units: dict[Hashable, set[Scalar]] = {}
    for row in rows:
        values = units.setdefault(row if keys is None else keys[row], set())
        values.update(value for name, value in column_values(items[row]) if name == field)
    return list(units.values())


def ordered(counts: Counter[Scalar], order: FacetOrder) -> list[tuple[Scalar, int]]:
    by_value = sorted(
        counts.items(), key=lambda pair: pair[0].encode() if isinstance(pair[0], str) else pair[0]
    )
    if order is FacetOrder.VALUE:
        return by_value
    return sorted(by_value, key=lambda pair: -pair[1])


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_facets_count_what_a_walk_through_the_match_set_counts(
    data: st.DataObject, make_columns: MakeColumns
) -> None:
    items = data.draw(products())
    columns, derived = make_columns(items), Derived()
    rows = sorted(data.draw(st.sets(st.integers(0, len(items) - 1))))
    by = data.draw(st.sampled_from([None, "item_group_id", "attributes.list", "brand"]))
    if by is not None and columns.get(by) is None:
        by = None
    keys = None if by is None else group_keys(columns, by, derived).tolist()
    fields = [field for field in FIELDS if columns.get(field) is not None]
    order = data.draw(st.sampled_from(FacetOrder))
    limit = data.draw(st.integers(0, 6))
    requests = [
        FacetRequest(
            field, limit, order, ranges=RANGES if columns.kinds()[field] == "number" else ()
        )
        for field in fields
    ]
    found = count_facets(requests, np.array(rows, np.int64), columns, derived, by)
    # What is kept of the whole catalogue is the same once more, and for every order and limit.
    assert count_facets(requests, np.array(rows, np.int64), columns, derived, by) == found
    for field, facet in zip(fields, found, strict=True):
        units = naive(items, rows, field, keys)
        counts = Counter(value for unit in units for value in unit)
        expected = ordered(counts, order)
        assert [(value.value, value.count) for value in facet.values] == expected[:limit]
        assert facet.distinct == len(expected)
        assert facet.kind == columns.kinds()[field]
        assert facet.hierarchical == (field == "product_type")
        numbers = [value for unit in units for value in unit if type(value) is float]
        if not numbers:
            assert facet.statistics is None
            assert not any(facet.counts)
            continue
        statistics = facet.statistics
        assert statistics is not None
        assert (statistics.minimum, statistics.maximum) == (min(numbers), max(numbers))
        assert statistics.count == len(numbers)
        assert statistics.total == pytest.approx(sum(numbers))
        assert statistics.average == pytest.approx(sum(numbers) / len(numbers))
        assert list(facet.counts) == [
            sum(any(r.low <= value < r.high for value in unit) for unit in units) for r in RANGES
        ]


def test_what_is_kept_of_everything_is_told_apart_by_its_groups(make_columns: MakeColumns) -> None:
    columns = make_columns(
        [
            Product(id=str(n), title="", brand="b", item_group_id="g", attributes={"w": float(n)})
            for n in range(4)
        ]
    )
    derived, everything = Derived(), np.arange(4)

    def count(ranges: tuple[Interval, ...], by: str | None) -> tuple[int, tuple[int, ...]]:
        requests = [FacetRequest("brand"), FacetRequest("attributes.w", ranges=ranges)]
        brand, watts = count_facets(requests, everything, columns, derived, by)
        return brand.values[0].count, watts.counts

    for _ in range(2):
        assert count((Interval(0, 2), Interval(3, 9)), None) == (4, (2, 1))
        assert count((Interval(0, 2), Interval(3, 9)), "item_group_id") == (1, (1, 1))
        assert count((Interval(1, 9),), None) == (4, (3,))


def paths(*types: str) -> list[Product]:
    return [Product(id=str(n), title="", product_types=(t,)) for n, t in enumerate(types)]


def test_a_level_lists_only_paths_of_that_depth(make_columns: MakeColumns) -> None:
    columns = make_columns(paths("A > B > C", "A > B", "A > D", "E"))
    rows, derived = np.arange(4), Derived()
    requests = [FacetRequest("product_type", level=level) for level in (0, 1, 2, 3)]
    found = count_facets(requests, rows, columns, derived)
    assert [[(v.value, v.count) for v in facet.values] for facet in found] == [
        [("A", 3), ("E", 1)],
        [("A > B", 2), ("A > D", 1)],
        [("A > B > C", 1)],
        [],
    ]
    assert [facet.distinct for facet in found] == [2, 2, 1, 0]


def test_searched_values_are_counted_within_the_match_set_only(make_columns: MakeColumns) -> None:
    brands = ["Hewlett Packard", "Hewlett Packard", "HP", "Packwell", "Héwlett-Packard Entreprise"]
    columns = make_columns([Product(id=b, title="", brand=b) for b in brands])
    derived = Derived()

    def search(text: str, rows: Sequence[int], limit: int = 20) -> list[tuple[Scalar, int]]:
        request = FacetRequest("brand", limit, search=text)
        (facet,) = count_facets([request], np.array(rows, np.int64), columns, derived)
        return [(value.value, value.count) for value in facet.values]

    assert search("pack HEW", range(5)) == [(brands[0], 2), (brands[4], 1)]
    assert search("pack", [1, 2, 3]) == [(brands[0], 1), (brands[3], 1)]
    assert search("hewlet pack", [2, 3]) == []
    assert search("hewelt", range(5)) == [(brands[0], 2), (brands[4], 1)]
    assert search("!", [2]) == [("HP", 1)]


def test_numbers_and_booleans_are_searched_as_people_write_them(make_columns: MakeColumns) -> None:
    rows = [
        Product(id=str(n), title="", attributes={"watts": w, "new": n > 0})
        for n, w in enumerate([12.0, 120.5, 2.0])
    ]
    columns, derived = make_columns(rows), Derived()
    requests = [
        FacetRequest("attributes.watts", search="12", order=FacetOrder.VALUE),
        FacetRequest("attributes.new", search="tru"),
    ]
    watts, new = count_facets(requests, np.arange(3), columns, derived)
    assert [value.value for value in watts.values] == [12.0, 120.5]
    assert [(value.value, value.count) for value in new.values] == [(True, 2)]
    assert watts.statistics is not None
    assert watts.statistics.count == 3  # of the column, whatever is listed


def test_a_column_with_far_more_values_than_matches_is_counted_alike(
    make_columns: MakeColumns,
) -> None:
    items = [Product(id=str(n), title="", brand=f"b{n // 2:04}") for n in range(1000)]
    items[3] = Product(id="3", title="")
    columns = make_columns(items)
    (facet,) = count_facets([FacetRequest("brand")], np.array([3, 10, 11, 12]), columns, Derived())
    assert [(v.value, v.count) for v in facet.values] == [("b0005", 2), ("b0006", 1)]


def test_nothing_requested_is_nothing_counted(make_columns: MakeColumns) -> None:
    assert count_facets([], np.arange(1), make_columns(paths("A")), Derived()) == ()


def test_a_sparse_column_costs_the_same_counts_for_few_and_for_many_rows(
    make_columns: MakeColumns,
) -> None:
    items = [
        Product(id=str(n), title="", attributes={"list": tuple("abcd"[: n % 4 + 1])})
        for n in range(200)
    ]
    columns, derived = make_columns(items), Derived()
    for rows in (np.arange(200), np.arange(0, 200, 9)):
        (facet,) = count_facets([FacetRequest("attributes.list")], rows, columns, derived)
        expected = Counter(letter for row in rows.tolist() for letter in "abcd"[: row % 4 + 1])
        assert {v.value: v.count for v in facet.values} == expected
        assert all(a.count >= b.count for a, b in pairwise(facet.values))


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (FacetRequest("brnad"), r"facet 'brnad': unknown field 'brnad'; this index has brand"),
        (FacetRequest("brand", ranges=(Interval(0, 1),)), r"'brand': it is a text column; ranges"),
        (FacetRequest("brand", level=0), r"'brand': its values are no paths"),
        (FacetRequest("price", level=0), r"'price': its values are no paths"),
    ],
)
def test_what_a_column_cannot_give_is_refused(
    request_: FacetRequest, message: str, make_columns: MakeColumns
) -> None:
    columns = make_columns(paths("A"))
    with pytest.raises(BadQueryError, match=message):
        count_facets([request_], np.arange(1), columns, Derived())
