import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.text import DASHES, caseless, fold, normalize_identifier


@given(st.text(max_size=100))
def test_folding_again_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


@given(st.text(st.characters(max_codepoint=127), max_size=100))
def test_plain_text_is_treated_as_any_other(text: str) -> None:
    marked = text + "é"
    assert fold(marked) == fold(text) + "e"
    assert caseless(marked) == caseless(text) + "é"


def test_an_apostrophe_is_straight() -> None:
    assert caseless("Women’s") == "women's"


@pytest.mark.parametrize("typed", ["TN-2110", "tn 2110", "TN2110", " tn–2110 ", "TN - 2110"])
def test_an_identifier_survives_case_spaces_and_dashes(typed: str) -> None:
    assert normalize_identifier(typed) == "tn2110"


@pytest.mark.parametrize("dash", DASHES)
def test_every_dash_parts_the_same_identifier(dash: str) -> None:
    assert normalize_identifier(f"TN{dash}2110") == "tn2110"


@pytest.mark.parametrize("typed", ["0095205603217", "95205603217", "00095205603217"])
def test_leading_zeros_of_a_gtin_do_not_count(typed: str) -> None:
    assert normalize_identifier(typed) == "95205603217"


def test_a_number_of_zeros_remains_an_identifier() -> None:
    assert normalize_identifier("000") == "0"
    assert normalize_identifier(" - ") == ""


def test_leading_zeros_of_a_part_number_with_letters_count() -> None:
    assert normalize_identifier("006R90321") != normalize_identifier("6R90321")


def test_a_decimal_number_is_no_other_way_to_write_an_integer() -> None:
    assert normalize_identifier("3.5") == "3.5"
    assert normalize_identifier("3.5") != normalize_identifier("35")
