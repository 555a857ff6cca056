from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise
from string import ascii_lowercase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from benchmarks.robustness.typos import Kind, Typo, all_typos, draw_typos, single_letter_errors

words = st.text(ascii_lowercase, min_size=5, max_size=12)
texts = st.text(st.sampled_from("abcdefgéßÉжK19-'  "), max_size=40)


@given(words)
def test_every_error_of_every_kind_is_made_and_nothing_else(word: str) -> None:
    errors = single_letter_errors(word)
    for outcomes in errors.values():
        assert all(OSA.distance(word, outcome) == 1 for outcome in outcomes)
    every = [outcome for outcomes in errors.values() for outcome in outcomes]
    assert len(set(every)) == len(every)
    # As they are distinct and right, their number says that they are complete.
    assert {kind: len(outcomes) for kind, outcomes in errors.items()} == {
        Kind.INSERTION: 25 * len(word) + 26,
        Kind.DELETION: len(list(groupby(word))),
        Kind.SWAP: sum(left != right for left, right in pairwise(word)),
        Kind.REPLACEMENT: 25 * len(word),
    }


def test_the_errors_of_a_short_alphabet_are_those_found_by_hand() -> None:
    errors = single_letter_errors("aab")
    assert errors[Kind.DELETION] == ["ab", "aa"]
    assert errors[Kind.SWAP] == ["aba"]
    assert "abb" in errors[Kind.REPLACEMENT]
    assert "aaab" in errors[Kind.INSERTION]


@given(texts, st.integers(0, 60), st.integers(0, 2**32))
def test_a_drawn_typo_is_one_edit_away_from_the_query_whatever_its_case(
    text: str, count: int, seed: int
) -> None:
    drawn = draw_typos(text, count, seed)
    assert len(drawn) <= count
    assert len({typo.text for typo in drawn}) == len(drawn)
    for typo in drawn:
        assert OSA.distance(text, typo.text) == 1
        assert typo.text.lower() != text.lower()
        assert len(typo.word) >= 5
        assert typo.word in text
        assert OSA.distance(typo.word, typo.misspelt) == 1
        # What stands around the word stays.
        place = text.index(typo.word)
        assert typo.text.startswith(text[:place])


@given(texts, st.integers(0, 60), st.integers(0, 2**32))
def test_as_many_are_drawn_as_asked_for_or_as_there_are(text: str, count: int, seed: int) -> None:
    possible = sum(map(len, all_typos(text).values()))
    assert len(draw_typos(text, count, seed)) == min(count, possible)


@given(st.text(st.sampled_from("ab1"), max_size=20))
def test_a_word_with_a_digit_is_never_touched(text: str) -> None:
    drawn = draw_typos(text, 10, 1)
    assert bool(drawn) == (len(text) >= 5 and "1" not in text)


@pytest.mark.parametrize(
    "text", ["", "   ", "red sofa", "tv 4k", "laser-tn2110", "½½½½½½", "_____"]
)
def test_a_query_without_a_long_word_of_letters_has_no_typo(text: str) -> None:
    assert draw_typos(text, 20, 1) == []


def test_only_the_long_word_of_a_query_is_misspelt() -> None:
    for typo in draw_typos("hp LaserJet p1102 ink", 500, 3):
        assert typo.word == "LaserJet"
        assert typo.text.startswith("hp ")
        assert typo.text.endswith(" p1102 ink")


def test_all_long_words_have_their_turn() -> None:
    words = {typo.word for typo in draw_typos("wireless optical mouse", 40, 1)}
    assert words == {"wireless", "optical", "mouse"}


@pytest.mark.parametrize("seed", range(5))
def test_the_kinds_are_drawn_evenly(seed: int) -> None:
    kinds = Counter(typo.kind for typo in draw_typos("projector screen", 20, seed))
    assert kinds == dict.fromkeys(Kind, 5)


def test_what_a_short_word_lacks_of_one_kind_the_others_supply() -> None:
    kinds = Counter(typo.kind for typo in draw_typos("mouse", 40, 1))
    assert kinds[Kind.SWAP] == 4
    assert kinds[Kind.DELETION] == 5
    assert kinds[Kind.INSERTION] + kinds[Kind.REPLACEMENT] == 31
    assert abs(kinds[Kind.INSERTION] - kinds[Kind.REPLACEMENT]) <= 1


def test_within_a_kind_any_error_can_be_drawn() -> None:
    possible = {typo.text for typo in all_typos("mouse")[Kind.DELETION]}
    drawn = {
        typo.text
        for seed in range(60)
        for typo in draw_typos("mouse", 4, seed)
        if typo.kind is Kind.DELETION
    }
    assert drawn == possible


def test_equal_arguments_draw_the_same_and_another_seed_others() -> None:
    once = draw_typos("wireless mouse", 20, 1)
    assert draw_typos("wireless mouse", 20, 1) == once
    assert draw_typos("wireless mouse", 20, 2) != once


@pytest.mark.parametrize("misspelt", ["ouse", "omuse", "xmouse", "nouse"])
def test_another_first_letter_counts_as_an_error_of_it(misspelt: str) -> None:
    assert [typo.first_letter for typo in typos_giving(misspelt)] == [True]


# The second m of mmouse may have been typed before the M or behind it.
@pytest.mark.parametrize(
    ("misspelt", "ways"), [("muse", 1), ("moues", 1), ("mmouse", 2), ("mouze", 1)]
)
def test_an_error_that_leaves_the_first_letter_as_it_was_does_not(
    misspelt: str, ways: int
) -> None:
    assert [typo.first_letter for typo in typos_giving(misspelt)] == [False] * ways


def typos_giving(misspelt: str) -> list[Typo]:
    every = [typo for typos in all_typos("Mouse").values() for typo in typos]
    return [typo for typo in every if typo.misspelt.lower() == misspelt]
