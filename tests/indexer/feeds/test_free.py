from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds.free import MAX_ATTRIBUTES, FreeAttributes, attribute_name, typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True), ("false", False), ("0", 0), ("42", 42), ("-7", -7), ("0.5", 0.5),
        ("-0.25", -0.25), ("123456789012345", 123456789012345), ("0.000000000000001", 1e-15),
    ],
)  # fmt: skip
def test_plain_words_and_numbers_are_typed(text: str, expected: object) -> None:
    assert typed(text) == expected
    assert type(typed(text)) is type(expected)


@pytest.mark.parametrize(
    "text",
    [
        "True", "yes", "007", "+5", "1e5", "1,5", ".5", "5.", "-0", "-0.0", "-", "1 000", "inf",
        "nan", "0x10", "1234567890123456", "12345678.90123456", "\N{ARABIC-INDIC DIGIT THREE}", "",
    ],
)  # fmt: skip
def test_what_may_be_a_code_stays_text(text: str) -> None:
    assert typed(text) == text


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_every_short_whole_number_is_itself(number: int) -> None:
    assert typed(str(number)) == number


def attributes(value: object, *, is_typed: bool = True) -> dict[str, object]:
    free = FreeAttributes(is_typed=is_typed)
    free.add_all(value)
    return dict(free.values)


def test_json_values_keep_their_type() -> None:
    given_values = {"a": "5", "b": 5, "c": 5.5, "d": True, "e": ["x", 1, None, False]}
    assert attributes(given_values) == given_values | {"e": ("x", "1", "false")}


def test_objects_are_flattened_with_dots_and_blank_values_left_out() -> None:
    nested = {"size": {"width": 3, "box": {"height": None, "depth": "x"}}, "no": "", "none": []}
    assert attributes(nested) == {"size.width": 3, "size.box.depth": "x"}


def test_a_list_of_objects_gives_lists_of_their_members() -> None:
    shipping = [{"country": "NO", "price": 5}, {"country": "SE"}, "extra"]
    assert attributes({"shipping": shipping}) == {
        "shipping.country": ("NO", "SE"),
        "shipping.price": ("5",),
        "shipping": ("extra",),
    }


def test_texts_of_untyped_formats_are_typed() -> None:
    assert attributes({"a": "5", "b": ["5"]}, is_typed=False) == {"a": 5, "b": ("5",)}


@pytest.mark.parametrize(
    "value",
    [
        "text", 5, {"a": float("inf")}, {"": 1}, {"x" * 101: 1}, {"a": [[{"b": 1}]]},
        {"a": {"x" * 99: 1}}, {str(number): 1 for number in range(MAX_ATTRIBUTES + 1)},
        {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": 1}}}}}}}}}},
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_what_is_no_attribute_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        attributes(value)


def test_the_first_value_of_a_name_stays() -> None:
    free = FreeAttributes(is_typed=True)
    free.add("a", 1)
    free.add("a", 2)
    assert free.values == {"a": 1}


def test_names_lose_googles_prefix_and_invisible_characters() -> None:
    assert attribute_name(" g:Farbe\u200b  Ton ") == "Farbe Ton"
    assert attribute_name("dog:size") == "dog:size"


def details(value: object) -> dict[str, object]:
    free = FreeAttributes(is_typed=False)
    free.add_details(value)
    return dict(free.values)


def test_product_details_go_under_their_own_names() -> None:
    expected = {"screen_size": 13.3, "colours": "red, blue", "note": "a:b"}
    text = "General:Screen Size:13.3,:Colours:red, blue,General:note:a:b, "
    assert details(text) == expected
    assert (
        details(
            [
                {
                    "section_name": "General",
                    "attribute_name": "Screen Size",
                    "attribute_value": "13.3",
                },
                {"g:attribute_name": "Colours", "g:attribute_value": "red, blue"},
                {"name": "Note", "value": "a:b"},
                {"name": "Nothing", "value": ""},
            ]
        )
        == expected
    )


def test_product_details_of_one_name_add_up() -> None:
    assert details("A:port:USB,A:port:HDMI") == {"port": ("USB", "HDMI")}


@pytest.mark.parametrize("value", ["no name", {"name": 5}, {"value": 5}, ":"])
def test_a_product_detail_without_a_name_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        details(value)
