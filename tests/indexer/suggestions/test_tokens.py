"""Tokens of titles."""

import pytest

from indexer.analysis.analyzer import Analyzer
from indexer.suggestions.tokens import Token, TokenTable

ENGLISH = Analyzer("english")


def token(raw: str) -> Token:
    return Token.of(raw, ENGLISH)


@pytest.mark.parametrize("raw", ["Headset", "T-Shirt", "USB-C", "café", "Levi's", "A4", "mp3"])
def test_a_word_may_stand_anywhere(raw: str) -> None:
    found = token(raw)
    assert (found.inside, found.edge, found.opens, found.closes) == (True, True, False, False)
    assert found.surface == raw


@pytest.mark.parametrize("raw", ["for", "with", "12", "3.5", "256GB", "cm", "GHz", "x", "&", "4k"])
def test_function_words_numbers_and_units_stand_inside_only(raw: str) -> None:
    found = token(raw)
    assert (found.inside, found.edge) == (True, False)


@pytest.mark.parametrize(
    "raw", ["TN-2110", "WH-1000XM4", "HX437C19", "0095205603217", "black/white", "-", "", "a" * 33]
)
def test_part_numbers_and_lists_are_in_no_phrase(raw: str) -> None:
    assert not token(raw).inside


@pytest.mark.parametrize(
    ("raw", "opens", "closes"),
    [
        ("(Black", True, False),
        ("Black)", False, True),
        ("Black,", False, True),
        ('"x"', True, True),
    ],
)
def test_punctuation_ends_a_phrase(raw: str, *, opens: bool, closes: bool) -> None:
    found = token(raw)
    assert (found.opens, found.closes) == (opens, closes)
    assert found.surface == raw.strip('(),"')


def test_tokens_that_differ_in_case_and_ending_are_one_term() -> None:
    table = TokenTable.of(["Headset", "headsets", "HEADSET,", "Lamp"], ENGLISH)
    assert len(set(table.term[1:4].tolist())) == 1
    assert table.term[4] != table.term[1]
    assert [table.surfaces[it] for it in table.surface[1:]] == [
        "Headset", "headsets", "HEADSET", "Lamp",
    ]  # fmt: skip
    assert not table.inside[0]
