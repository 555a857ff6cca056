import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.spelling.channel import error_cost

WORDS = st.text("abefhp", min_size=1, max_size=7)


@pytest.mark.parametrize(
    ("likely", "unlikely", "word"),
    [
        ("headpohnes", "headpkhones", "headphones"),  # a swap, two other edits
        ("coton", "cottn", "cotton"),  # one of a pair is missing, any letter is
        ("lampp", "lampo", "lamp"),  # a letter typed twice, any letter too many
        ("lampo", "lampt", "lamp"),  # a vowel too many, a consonant
        ("calender", "calendsr", "calendar"),  # a vowel for a vowel, the next key
        ("kable", "pable", "cable"),  # a sound for a sound, any letter
        ("monitir", "monitzr", "monitor"),
        ("printwr", "printxr", "printer"),  # the next key, a far one
        ("headfones", "headbones", "headphones"),  # f for ph, any two edits
        ("recieve", "recebve", "receive"),
        ("eraserr", "eeraserr", "eraser"),
        ("suitcas", "suitcaze", "suitcase"),  # a silent e, any wrong letter
        ("cqble", "vable", "cable"),  # a wrong letter inside, at the beginning
        ("cale", "able", "cable"),  # a missing letter inside, at the beginning
        ("calbe", "acble", "cable"),  # a swap inside, at the beginning
    ],
)
def test_a_likely_mistake_costs_less_than_an_unlikely_one(
    likely: str, unlikely: str, word: str
) -> None:
    costs = [error_cost(typed, word, OSA.distance(typed, word)) for typed in (likely, unlikely)]
    assert costs[0] < costs[1]


def test_a_doubled_first_letter_is_no_mistake_in_the_first_letter() -> None:
    assert error_cost("ccable", "cable", 1) == error_cost("cablee", "cable", 1)
    assert error_cost("lama", "llama", 1) == error_cost("coton", "cotton", 1)


def test_letters_of_no_keyboard_cost_what_any_letters_do() -> None:
    assert error_cost("кит", "кот", 1) == error_cost("kxt", "kot", 1)


@given(WORDS, WORDS)
def test_a_cost_is_finite_exactly_when_so_few_edits_suffice(typed: str, word: str) -> None:
    distance = OSA.distance(typed, word)
    for edits in (0, 1, 2):
        assert math.isfinite(error_cost(typed, word, edits)) == (distance <= edits)


@given(WORDS, WORDS)
def test_a_second_mistake_always_costs_more(typed: str, word: str) -> None:
    if OSA.distance(typed, word) == 1:
        once = error_cost(typed, word, 1)
        assert error_cost(typed + "q", word, 2) > once
        assert error_cost(typed, word, 2) <= once
