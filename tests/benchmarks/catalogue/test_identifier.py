from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.catalogue import identifier
from benchmarks.catalogue.identifier import gtin13, gtin13_check_digit, model_number, variant_mpn


@pytest.mark.parametrize(("digits", "check"), [("400638133393", 1), ("629104150021", 3)])
def test_the_check_digit_is_that_of_published_examples(digits: str, check: int) -> None:
    assert gtin13_check_digit(digits) == check


@given(item=st.integers(0, 10**10 - 1), seed=st.integers(0, 10**6))
def test_a_gtin_is_valid_and_in_the_in_house_range(item: int, seed: int) -> None:
    gtin = gtin13(item, seed)
    assert len(gtin) == 13
    assert gtin.startswith("29")
    odd, even = gtin[-1::-2], gtin[-2::-2]
    assert (sum(map(int, odd)) + 3 * sum(map(int, even))) % 10 == 0


def test_the_steps_visit_every_number_before_one_repeats() -> None:
    assert math.gcd(identifier._GTIN_STEP, identifier._GTIN_NUMBERS) == 1  # noqa: SLF001 - proof
    assert math.gcd(identifier._MODEL_STEP, identifier._MODEL_NUMBERS) == 1  # noqa: SLF001 - proof


def test_identifiers_of_neighbours_differ() -> None:
    assert len({gtin13(item, 5) for item in range(20_000)}) == 20_000
    assert len({model_number("Torqua", item, 5) for item in range(20_000)}) == 20_000


def test_a_model_number_begins_with_letters_of_the_brand() -> None:
    assert model_number("Stride & Sole", 1, 1).startswith("STR-")
    assert model_number("Pfotenglück", 1, 1).startswith("PFO-")


def test_the_number_of_a_variant_names_colour_and_size() -> None:
    assert variant_mpn("FJE-AAAAA", "Navy", "L") == "FJE-AAAAA-NAV-L"
    assert variant_mpn("FJE-AAAAA", "Sky Blue", "90 x 200 cm") == "FJE-AAAAA-SKY-90X200"
    assert variant_mpn("FJE-AAAAA", "", "") == "FJE-AAAAA"
