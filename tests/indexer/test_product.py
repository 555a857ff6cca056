from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.product import Availability, Location, Price, Product

_text = st.text(min_size=1, max_size=20).filter(
    lambda text: not any("\ud800" <= char <= "\udfff" for char in text)
)
_price = st.builds(Price, st.integers(0, 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
_values = st.one_of(
    _text, st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(_text, max_size=3).map(tuple),
)  # fmt: skip
_products = st.builds(
    Product,
    id=_text,
    title=_text,
    description=st.just("") | _text,
    price=st.none() | _price,
    sale_price=st.none() | _price,
    availability=st.none() | st.sampled_from(Availability),
    product_types=st.lists(_text, max_size=2).map(tuple),
    multipack=st.none() | st.integers(1, 9),
    is_bundle=st.none() | st.booleans(),
    locations=st.lists(
        st.builds(Location, st.floats(-90, 90), st.floats(-180, 180)), max_size=2
    ).map(tuple),
    attributes=st.dictionaries(_text, _values, max_size=4).map(MappingProxyType),
)


@given(_products)
def test_json_and_back_is_the_same_product_and_the_same_bytes(product: Product) -> None:
    again = Product.from_json(product.to_json())
    assert again == product
    assert again.to_json() == product.to_json()


def test_absent_fields_are_left_out_but_false_and_zero_are_not() -> None:
    product = Product(
        id="1",
        title="t",
        is_bundle=False,
        price=Price(0, "EUR"),
        locations=(Location(0.0, 2.5),),
        attributes=MappingProxyType({"b": 0.0, "a": False}),
    )
    assert product.to_dict() == {
        "id": "1",
        "title": "t",
        "price": {"minor_units": 0, "currency": "EUR"},
        "is_bundle": False,
        "locations": [{"latitude": 0.0, "longitude": 2.5}],
        "attributes": {"a": False, "b": 0.0},
    }


@pytest.mark.parametrize(
    ("currency", "minor", "major"),
    [("EUR", 4995, 49.95), ("JPY", 4999, 4999), ("KWD", 1234, 1.234)],
)
def test_major_units_follow_the_currency(currency: str, minor: int, major: float) -> None:
    assert Price(minor, currency).major_units == major
