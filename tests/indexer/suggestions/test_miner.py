"""Phrases of titles, against counting them one by one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import Analyzer
from indexer.suggestions.miner import PhraseMiner
from indexer.suggestions.table import Phrase

ENGLISH = Analyzer("english")
NONE = Analyzer("none")


def mine(titles: list[str], analyzer: Analyzer = ENGLISH) -> dict[str, Phrase]:
    miner = PhraseMiner()
    for title in titles:
        miner.add(title)
    return {phrase.text: phrase for phrase in miner.phrases(analyzer)}


def weights(titles: list[str]) -> dict[str, int]:
    return {text: phrase.weight for text, phrase in mine(titles).items()}


def counted(titles: list[str]) -> dict[str, int]:
    """The same by the definition, for less than a thousand titles of plain words."""
    counts: list[Counter[tuple[str, ...]]] = []
    for length in (1, 2, 3, 4):
        counts.append(Counter())
        for title in titles:
            words = title.split()
            counts[-1].update({tuple(words[at : at + length]) for at in range(len(words))})
        counts[-1] = Counter({gram: n for gram, n in counts[-1].items() if len(gram) == length})
    kept = [{gram for gram, n in counts[0].items() if n >= 1}]
    for length in (2, 3, 4):
        shorter = counts[length - 2]
        kept.append(
            {
                gram
                for gram, n in counts[length - 1].items()
                if n >= 2
                and n * len(titles) >= shorter[gram[:-1]] * counts[0][gram[-1:]]
                and n * len(titles) >= counts[0][gram[:1]] * shorter[gram[1:]]
            }
        )
    for place, (shorter_kept, longer_kept) in enumerate(pairwise(kept)):
        for gram in longer_kept:
            for part in (gram[:-1], gram[1:]):
                if counts[place + 1][gram] >= 0.9 * counts[place][part]:
                    shorter_kept.discard(part)
    return {
        " ".join(gram): counts[place][gram]
        for place, grams in enumerate(kept[:3])
        for gram in grams
    }


@given(
    st.lists(
        st.lists(st.sampled_from(["red", "oak", "lamp", "desk", "rug"]), max_size=6).map(" ".join),
        min_size=1,
        max_size=12,
    )
)
def test_the_phrases_are_those_that_counting_finds(titles: list[str]) -> None:
    found = mine(titles, NONE)
    assert {text: phrase.weight for text, phrase in found.items()} == counted(titles)
    assert all(phrase.term == text for text, phrase in found.items())


def test_a_phrase_is_shown_as_it_is_most_often_written() -> None:
    titles = ["Gaming Headset X"] * 2 + ["gaming headsets"] * 3 + ["big Chair", "old Chair"]
    assert weights(titles) == {"gaming headsets": 5, "Chair": 2, "big": 1, "old": 1}


def test_a_tie_of_spellings_goes_to_the_first_title() -> None:
    assert "Lamp" in mine(["Lamp", "LAMP"])
    assert "LAMP" in mine(["LAMP", "Lamp"])


def test_a_phrase_does_not_reach_through_punctuation() -> None:
    titles = ["Desk Lamp, Oak Wood", "Desk Lamp (Oak Wood)", "Desk Lamp - Oak Wood"]
    assert weights(titles) == {"Desk Lamp": 3, "Oak Wood": 3}


def test_a_phrase_neither_begins_nor_ends_with_what_says_nothing() -> None:
    titles = ["Case for Phone", "Case for Tablet", "Case for Phone", "12 cm Case", "12 cm Case"]
    found = weights(titles)
    assert "Case for Phone" in found
    for text in found:
        words = text.split()
        assert {words[0], words[-1]}.isdisjoint({"for", "12", "cm"})


def test_words_joined_by_an_ampersand_are_one_phrase() -> None:
    found = mine(["Salt & Pepper Mill", "Salt & Pepper Set"])
    assert found["Salt & Pepper"].term == "salt pepper"


def test_in_a_large_catalogue_chance_makes_no_phrase() -> None:
    colours = ["red", "blue", "green", "black"]
    things = ["shoe", "lamp", "desk", "rug", "mug", "bag"]
    strewn = [f"{colours[n % 4]} {things[n % 6 if n % 5 else n % 3]}" for n in range(1_200)]
    found = weights([*strewn, *(f"{colours[n % 4]} garden gnome" for n in range(40))])
    assert found["garden gnome"] == 40
    assert [text for text in found if " " in text] == ["garden gnome"]
    assert found["shoe"] > 100


def test_in_a_large_catalogue_one_title_is_no_phrase() -> None:
    found = weights(["lamp"] * 6_000 + ["odd thing"] * 2 + ["unique"])
    assert set(found) == {"lamp", "odd", "thing"}


@pytest.mark.parametrize("titles", [[""], ["12", "-"], ["TN-2110 HX437C19"]])
def test_titles_without_words_have_no_phrases(titles: list[str]) -> None:
    assert mine(titles) == {}
