from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.analysis import quantities
from indexer.analysis.quantities import find_quantities
from indexer.analysis.text import caseless
from indexer.analysis.words import split_words

FACTORS = quantities._FACTORS  # noqa: SLF001 - every unit there is shall be tried
UNITS = st.sampled_from(sorted(FACTORS))
NUMBERS = st.decimals(1, 9999, places=2)


def terms(text: str) -> list[str]:
    return [quantity.term for quantity in find_quantities(caseless(text))]


def digits(value: float) -> str:
    """`value` to ten significant digits, as people write it."""
    return f"{value:.{max(0, 9 - math.floor(math.log10(value)))}f}"


@pytest.mark.parametrize(
    "row",
    [
        ["17 inch", '17"', "17-inch", "43.2 cm", "17 in", "17”", "17″", "17''", "17inches",
         "432 mm", "0.432 m", "17 Zoll", "17 pouces", "43,2 cm"],
        ["2tb", "2 TB", "2000 gb", "2,000 GB", "2-tb"],
        ["5 l", "5L", "5 litre", "5000 ml", "5 Liter", "5,000 ml", "500 cl"],
        ["1,5 l", "1.5 l", "1500 ml", "150cl", "1,5-l"],
        ["0,750 kg", "750 g", "0.75 kg", "3/4 kg"],
        ["1/2 inch", '½"', '0.5"', "1.27 cm"],
        ['1 1/2"', "1-1/2 inch", "1.5 in", "3.81 cm"],
        ["1,234,567 g", "1234567g", "1234.567 kg"],
    ],
)  # fmt: skip
def test_spellings_of_one_quantity_are_one_term(row: list[str]) -> None:
    found = {text: terms(text) for text in row}
    assert all(len(of_text) == 1 for of_text in found.values()), found
    assert len({of_text[0] for of_text in found.values()}) == 1, found


@pytest.mark.parametrize(
    "text",
    [
        "2 in 1", "2-in-1", "2in1", "canon eos 5d", "iphone 5s", "4k", "4k tv", "mp3", "0 cm",
        "v1.5 l", "a17 cm", "1.2.3 cm", "17 inch_x", "5 l'eau", "5'6 cm", ".5 l", "rtx 2060", "l",
        "1,5 5 x", "50.000,5 g", "1,,5 l", "17", '"', "dell 5x cm",
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_none(text: str) -> None:
    assert terms(text) == []


def test_of_several_numbers_the_last_one_has_the_unit() -> None:
    assert terms("10/100/1000 mb") == terms("1000 mb")
    assert terms("8/16 gb") == terms("16 gb")
    assert terms("90/200 cm") == terms("200 cm")
    assert terms("10 x 15 cm") == terms("15 cm")


def test_all_quantities_of_a_text_are_found_in_their_order() -> None:
    text = 'monitor 27" with 2 x 2.5 w, 4,5 kg'
    assert terms(text) == ["#68.6cm", "#2.5w", "#4500g"]
    assert [text[it.begin : it.end] for it in find_quantities(text)] == ['27"', "2.5 w", "4,5 kg"]


def test_quantities_of_different_kinds_differ() -> None:
    texts = ["5 w", "5 v", "5 g", "5 gb", "5 cm", "5 ml", "5 mah", "5 wh", "5 hz"]
    assert len({terms(text)[0] for text in texts}) == len(texts)


@given(NUMBERS, UNITS, st.data())
def test_a_quantity_in_two_units_is_one_term(value: float, unit: str, data: st.DataObject) -> None:
    base, factor = FACTORS[unit]
    other = data.draw(st.sampled_from(sorted(u for u, (b, _) in FACTORS.items() if b == base)))
    converted = float(value) * factor / FACTORS[other][1]
    in_base = float(value) * factor
    # A value between two roundings may fall to either side.
    tie = (in_base * 10 ** (2 - math.floor(math.log10(in_base)))) % 1
    assume(abs(tie - 0.5) > 1e-4 and converted > 1e-8)
    assert terms(f"{value} {unit}") == terms(f"{digits(converted)} {other}")


@given(NUMBERS, UNITS)
def test_the_decimal_separator_does_not_matter(value: float, unit: str) -> None:
    assert terms(f"{value} {unit}") == terms(f"{value}{unit}".replace(".", ","))


@given(st.text(max_size=60) | st.text("0123456789.,/ -'\"incmlgb2½x_é", max_size=40))
def test_a_quantity_begins_and_ends_where_words_do(text: str) -> None:
    text = caseless(text)
    words = list(split_words(text))
    for quantity in find_quantities(text):
        assert not any(word.begin < quantity.begin < word.end for word in words)
        assert not any(word.begin < quantity.end < word.end for word in words)
        inside = [w for w in words if w.begin >= quantity.begin and w.end <= quantity.end]
        assert any(char.isdecimal() for char in inside[0].text)


@given(st.integers(1, 400))
def test_a_number_of_any_length_is_read_or_passed_over(length: int) -> None:
    for text in ("9" * length + " cm", "1," * length + "5 l", "1/" * length + "2 inch"):
        assert len(find_quantities(text)) <= 1


def test_no_term_of_a_word_looks_like_a_quantity() -> None:
    assert all(term.startswith("#") for term in terms("17 inch 5 l 2tb"))
    assert split_words("#43.2cm").texts == ["43.2", "cm"]
