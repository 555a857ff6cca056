import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchsvc.errors import BadQueryError
from searchsvc.query.query import MAX_SORT_KEYS, Point, SortKey
from searchsvc.results.sort_keys import parse_sort


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", ()),
        ("  ", ()),
        ("relevance", ()),
        ("price", (SortKey("effective_price"),)),
        ("-price", (SortKey("effective_price", descending=True),)),
        ("price:desc", (SortKey("effective_price", descending=True),)),
        ("newest", (SortKey("released", descending=True),)),
        ("popularity", (SortKey("popularity", descending=True),)),
        ("bestselling", (SortKey("bestselling", descending=True),)),
        ("bestselling:asc", (SortKey("bestselling"),)),
        ("rating:asc", (SortKey("rating"),)),
        ("attributes.Höhe", (SortKey("attributes.Höhe"),)),
        ("attributes.a:b:asc", (SortKey("attributes.a:b"),)),
        ("near(48.85,2.35)", (SortKey("", near=Point(48.85, 2.35)),)),
        ("-near( -90 , +180. )", (SortKey("", descending=True, near=Point(-90.0, 180.0)),)),
        ("near(.5,0):desc", (SortKey("", descending=True, near=Point(0.5, 0.0)),)),
        (
            "rating, near(1,2),price,relevance",
            (
                SortKey("rating", descending=True),
                SortKey("", near=Point(1.0, 2.0)),
                SortKey("effective_price"),
            ),
        ),
        ("attributes.Length (cm, in)", (SortKey("attributes.Length (cm, in)"),)),
    ],
)
def test_an_order_is_read_from_text(text: str, keys: tuple[SortKey, ...]) -> None:
    assert parse_sort(text) == keys


def test_a_name_in_a_list_may_have_commas() -> None:
    found = parse_sort(["attributes.Size, EU:desc", "price"])
    assert found == (SortKey("attributes.Size, EU", descending=True), SortKey("effective_price"))
    assert parse_sort([]) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price,", r"sort\[1\]: found '', expected a field"),
        (":desc", r"sort\[0\]: found ':desc', expected a field"),
        ("-price:desc", r"sort\[0\]: found '-price:desc', expected one direction"),
        ("brand,-newest", r"sort\[1\]: found '-newest', expected 'newest' without a direction"),
        ("relevance:asc", r"expected 'relevance' without a direction"),
        ("relevance,price", r"sort\[0\]: found 'relevance' before other keys, expected it last"),
        ("near(91,0)", r"sort\[0\]: found 'near\(91,0\)', expected latitude and longitude"),
        ("near(0,-181)", r"expected latitude and longitude"),
        ("near(paris)", r"expected latitude and longitude"),
        ("near(1e400,0)", r"expected latitude and longitude"),
        (",".join("abcdef"), rf"sort: 6 keys, expected at most {MAX_SORT_KEYS}"),
        ("x" * 1001, r"sort: longer than 1000 characters"),
    ],
)
def test_what_is_no_order_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        parse_sort(text)


@given(st.text(max_size=60) | st.lists(st.text(max_size=10), max_size=7))
def test_any_text_is_an_order_or_refused(raw: str | list[str]) -> None:
    try:
        keys = parse_sort(raw)
    except BadQueryError:
        return
    assert all(bool(key.field) != (key.near is not None) for key in keys)
