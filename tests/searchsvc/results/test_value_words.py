import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from indexer.analysis.text import fold
from indexer.storage import StringTable
from searchsvc.results.value_words import ValueWords

LETTERS = "abcdé日 -\n.ẞ"
TEXTS = st.lists(st.text(LETTERS, max_size=12), max_size=8)


def words_of(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", fold(text)) if word]


def nearly_begins(word: str, typed: str) -> bool:
    return any(OSA.distance(word[:end], typed) <= 1 for end in range(len(word) + 1))


def naive(texts: list[str], typed: str, among: list[int]) -> list[int]:
    for word in words_of(typed):
        found = [n for n in among if any(w.startswith(word) for w in words_of(texts[n]))]
        if not found and len(word) >= 4:
            found = [n for n in among if any(nearly_begins(w, word) for w in words_of(texts[n]))]
        among = found
    return among


@settings(max_examples=300, deadline=None)
@given(texts=TEXTS, typed=st.text(LETTERS, max_size=9), data=st.data())
@example(texts=["abcd"], typed="abdc", data=None)
def test_values_are_found_as_by_comparing_each_word(
    texts: list[str], typed: str, data: st.DataObject | None
) -> None:
    numbers = list(range(len(texts)))
    if data is not None:
        numbers = [n for n in numbers if data.draw(st.integers(0, 3))]
    words = ValueWords.in_texts(StringTable.of(texts))
    found = words.begin_with(typed, np.array(numbers, np.int64))
    assert [n for n, f in zip(numbers, found.tolist(), strict=True) if f] == naive(
        texts, typed, numbers
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("hewlett", True),
        ("PACK hew", True),
        ("hewlet-p", True),
        ("ewlett", True),  # a letter too few at the start
        ("hewwlett", True),
        ("ehwlett", True),
        ("hawl", True),
        ("hewlxtx", False),
        ("haw", False),  # too short for a typing error
        ("kard", False),  # within a word
        ("hewlett zebra", False),
        (".*", True),  # no word at all
        ("", True),
    ],
)
def test_a_value_is_found_by_the_beginnings_of_its_words(typed: str, *, found: bool) -> None:
    words = ValueWords.in_texts(StringTable.of(["Hewlett Packard"]))
    assert words.begin_with(typed, np.array([0])).tolist() == [found]


def test_an_exact_beginning_leaves_no_room_for_typing_errors() -> None:
    words = ValueWords.in_texts(StringTable.of(["canon", "canyon"]))
    assert words.begin_with("cano", np.arange(2)).tolist() == [True, False]
    assert words.begin_with("cano", np.array([1])).tolist() == [True]


def test_an_error_does_not_reach_into_the_next_word() -> None:
    words = ValueWords.in_texts(StringTable.of(["abcd e"]))
    assert not words.begin_with("abcxe", np.array([0])).any()


def test_no_values_are_found_among_none() -> None:
    words = ValueWords.in_texts(StringTable.of([]))
    assert words.begin_with("abcd", np.array([], np.int64)).tolist() == []
