from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds import values
from indexer.product import Availability


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("in stock", Availability.IN_STOCK),
        ("in_stock", Availability.IN_STOCK),
        ("InStock", Availability.IN_STOCK),
        ("https://schema.org/InStock", Availability.IN_STOCK),
        ("http://schema.org/LimitedAvailability", Availability.IN_STOCK),
        ("schema:InStock", Availability.IN_STOCK),
        (" AVAILABLE ", Availability.IN_STOCK),
        ("available for order", Availability.IN_STOCK),
        ("Out of Stock", Availability.OUT_OF_STOCK),
        ("oos", Availability.OUT_OF_STOCK),
        ("sold out", Availability.OUT_OF_STOCK),
        ("https://schema.org/SoldOut", Availability.OUT_OF_STOCK),
        ("preorder", Availability.PREORDER),
        ("pre-order", Availability.PREORDER),
        ("back order", Availability.BACKORDER),
        (["in stock"], Availability.IN_STOCK),
        ("", None),
    ],
)
def test_availability_has_many_words(word: object, expected: Availability | None) -> None:
    assert values.availability(word) is expected


@pytest.mark.parametrize("word", ["maybe", "?", "stock", 7, {"a": 1}, ["in stock", "oos"]])
def test_an_unknown_availability_is_refused(word: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.availability(word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("New", "new"),
        ("https://schema.org/NewCondition", "new"),
        ("Refurbished", "refurbished"),
        ("https://schema.org/RefurbishedCondition", "refurbished"),
        ("pre-owned", "used"),
        ("Grade A", "grade a"),
        ("", ""),
    ],
)
def test_a_condition_is_googles_or_the_shops_own(word: str, expected: str) -> None:
    assert values.condition(word) == expected


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("4006381333931", "4006381333931"),
        ("400-6381 333931", "4006381333931"),
        ("4006381333930", "4006381333930"),  # wrong check digit
        ("0-19-852663-x", "019852663X"),
        ("12-34", "12-34"),
        ("n/a", "n/a"),
        (4006381333931, "4006381333931"),
        (["4006381333931", "96385074"], "4006381333931"),
        ([], ""),
    ],
)
def test_a_gtin_is_bare_digits_or_as_given(given_text: object, expected: str) -> None:
    assert values.gtin(given_text) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://shop.example/a?b=1&amp;c=2", "https://shop.example/a?b=1&c=2"),
        ("HTTP://shop.example", "HTTP://shop.example"),
        ("//cdn.example/a.jpg", "//cdn.example/a.jpg"),
        ("/a/b.jpg", "/a/b.jpg"),
        ("img/b.jpg?at=12:30", "img/b.jpg?at=12:30"),
        (" https://shop.example/a b.jpg ", "https://shop.example/a%20b.jpg"),
        ("https://shop.example/a\nb", "https://shop.example/ab"),
        (None, ""),
    ],
)
def test_web_addresses_and_relative_ones_are_fine(address: object, expected: str) -> None:
    assert values.url(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", "JavaScript:alert(1)", "java\tscript:alert(1)", " javascript:x",
        "\x01javascript:x", "data:text/html,x", "ftp://a.example/b", "file:///etc/passwd",
        "http:", "http://", "http:///path", "https:evil", ["http://a", "http://b"],
    ],
)  # fmt: skip
def test_other_schemes_are_refused(address: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.url(address)


def test_image_addresses_are_a_list_or_separated_by_commas() -> None:
    expected = ("http://a/1,2.jpg", "//b/3.jpg")
    assert values.urls("http://a/1,2.jpg,//b/3.jpg") == expected
    assert values.urls("http://a/1,2.jpg , //b/3.jpg,") == expected
    assert values.urls(["http://a/1,2.jpg", ["//b/3.jpg"], None, ""]) == expected
    assert values.urls("a.jpg,b.jpg") == ("a.jpg", "b.jpg")


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("A>B  >C", ("A > B > C",)),
        ("A &gt; B", ("A > B",)),
        ("> A >> B >", ("A > B",)),
        (["A>B", "", ["C"]], ("A > B", "C")),
        (" > ", ()),
        (7, ("7",)),
    ],
)
def test_category_paths_have_one_form(given_value: object, expected: tuple[str, ...]) -> None:
    assert values.paths(given_value) == expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("yes", True),
        ("TRUE", True),
        (True, True),
        (1, True),
        ("no", False),
        ("0", False),
        ("", None),
    ],
)
def test_yes_and_no(given_value: object, expected: bool | None) -> None:  # noqa: FBT001
    assert values.boolean(given_value) is expected


@pytest.mark.parametrize(("given_value", "expected"), [("6", 6), (6, 6), (6.0, 6), (" ", None)])
def test_a_count_is_a_whole_number(given_value: object, expected: int | None) -> None:
    assert values.count(given_value) == expected


@pytest.mark.parametrize("parse", [values.boolean, values.count])
@pytest.mark.parametrize("value", ["perhaps", "-1", "1.5", {"a": 1}, "1234567890"])
def test_other_words_than_yes_no_or_a_number_are_refused(parse: object, value: object) -> None:
    assert callable(parse)
    with pytest.raises(ValueError, match="expected"):
        parse(value)


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [(123, "123"), (123.0, "123.0"), ("123.0", "123.0"), (" A  1 ", "A 1"), ("a&b<c>", "a&b<c>")],
)
def test_an_id_stays_the_text_it_is(given_value: object, expected: str) -> None:
    assert values.product_id(given_value) == expected


@pytest.mark.parametrize("value", ["", " ", None, True, 1e30, "x" * 201, "é" * 101, {}, [1, 2]])
def test_what_cannot_identify_a_product_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        values.product_id(value)


@given(st.text("aé€😀", max_size=220))
def test_the_limit_of_an_id_is_in_bytes(text: str) -> None:
    if len(text.encode()) <= values.MAX_ID_BYTES:
        assert values.identity(text) == text
    else:
        with pytest.raises(ValueError, match="200 bytes"):
            values.identity(text)


def test_texts_of_every_json_type_are_one_text() -> None:
    assert values.text(["red", "blue", None, 4]) == "red / blue / 4"
    assert values.text(True) == "true"  # noqa: FBT003
    assert values.text(4.5) == "4.5"


def test_long_texts_are_cut_and_not_refused() -> None:
    assert values.title("word " * 300) == ("word " * 200).strip()
    assert len(values.description("x" * 60_000)) == values.MAX_DESCRIPTION_CHARS


def test_a_title_without_text_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a title"):
        values.title("<p> </p>")
