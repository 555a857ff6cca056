from __future__ import annotations

import pytest

from benchmarks.catalogue.judgment import Candidate, Intent

WISHES = (("water", "proof"), ("colour_family", "blue"), ("audience", "men"))
INTENT = Intent(frozenset({"jacket"}), frozenset({"Clothes > Jackets"}), WISHES)


def _product(kind: str, category: str, **facts: str) -> Candidate:
    return Candidate("p1", kind, category, "", facts)


@pytest.mark.parametrize(
    ("kind", "facts", "label"),
    [
        ("jacket", {"water": "proof", "colour_family": "blue", "audience": "men"}, 3),
        ("jacket", {"water": "proof", "colour_family": "blue", "audience": "unisex"}, 3),
        ("jacket", {"water": "proof", "colour_family": "blue", "audience": "women"}, 2),
        ("jacket", {"water": "proof", "colour_family": "red"}, 1),
        ("jacket", {}, 1),
        ("parka", {"water": "proof", "colour_family": "blue", "audience": "men"}, 1),
        ("parka", {"water": "proof", "colour_family": "blue"}, 1),
        ("parka", {"water": "proof"}, 0),
    ],
)
def test_the_label_follows_from_kind_and_wishes_met(
    kind: str, facts: dict[str, str], label: int
) -> None:
    assert INTENT.label(_product(kind, "Clothes > Jackets", **facts)) == label


def test_a_product_of_another_category_is_irrelevant_whatever_its_attributes() -> None:
    product = _product("tent", "Camping > Tents", water="proof", colour_family="blue")
    assert INTENT.label(product) == 0


def test_kids_clothes_do_not_answer_for_men_and_unisex_does_not_answer_for_kids() -> None:
    kids = Intent(frozenset({"jacket"}), frozenset(), (("audience", "kids"),))
    assert INTENT.label(_product("jacket", "", audience="kids")) == 1
    assert kids.label(_product("jacket", "", audience="unisex")) == 1


def test_without_a_kind_only_the_wishes_count() -> None:
    brand = Intent(frozenset(), frozenset(), (("brand", "Tokara"), ("line", "Echo")))
    assert brand.label(_product("mouse", "x", brand="Tokara", line="Echo")) == 3
    assert brand.label(_product("mouse", "x", brand="Tokara", line="Halo")) == 1
    assert brand.label(_product("mouse", "x", brand="Nexum", line="Halo")) == 0
