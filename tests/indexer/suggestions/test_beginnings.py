"""Beginnings with a typing error, against every possible edit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SnapshotCorruptError
from indexer.storage import ArrayFile
from indexer.suggestions.beginnings import (
    SHORTEST,
    Beginnings,
    beginning_arrays,
    word_weights,
)

LETTERS = "abé\u30ab"
WORDS = st.text(LETTERS, min_size=1, max_size=7)


def beginnings(weights: dict[str, int]) -> Beginnings:
    return Beginnings(ArrayFile(beginning_arrays(weights), {}))


def one_edit(prefix: str) -> set[str]:
    """All texts that become `prefix` by one edit that may be: the first letter is right, unless
    it is missing or swapped."""
    found = {prefix[1] + prefix[0] + prefix[2:]}
    found |= {letter + prefix for letter in LETTERS}
    for place in range(1, len(prefix)):
        rest = prefix[place + 1 :]
        found |= {prefix[:place] + letter + rest for letter in LETTERS}
        found |= {prefix[:place] + letter + prefix[place:] for letter in LETTERS}
        found.add(prefix[:place] + rest)
        if rest:
            found.add(prefix[:place] + rest[0] + prefix[place] + rest[1:])
    return found


@given(
    st.dictionaries(WORDS, st.integers(1, 5), max_size=12),
    st.text(LETTERS, min_size=SHORTEST, max_size=8),
)
def test_what_was_meant_is_the_heaviest_word_one_edit_away(
    weights: dict[str, int], prefix: str
) -> None:
    meant = one_edit(prefix)
    near = [word for word in weights if any(word.startswith(text) for text in meant)]
    found = beginnings(weights).nearest(prefix)
    if not near:
        assert found is None
        return
    best = min(near, key=lambda word: (-weights[word], word.encode()))
    assert found is not None
    assert found in meant | {prefix}
    assert best.startswith(found)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hedph", "headph"),
        ("haedp", "headp"),
        ("headdp", "headp"),
        ("hezdp", "headp"),
        ("eadph", "headph"),
        ("ehadp", "headp"),
        ("xeadp", None),
        ("hea", None),
        ("hxxdp", None),
    ],
)
def test_a_typing_error_is_undone(typed: str, meant: str | None) -> None:
    assert beginnings({"headphones": 9, "lamp": 2}).nearest(typed) == meant


def test_only_the_first_letters_of_a_long_word_are_looked_at() -> None:
    words = beginnings({"electroluminescence": 1})
    assert words.nearest("elektroluminescenz") == "electroluminesc"


def test_begins_any_is_true_of_a_beginning_only() -> None:
    words = beginnings({"lamp": 1})
    assert words.begins_any("la")
    assert not words.begins_any("am")
    assert len(words) == 1


def test_a_word_weighs_what_its_heaviest_phrase_does_and_numbers_are_none() -> None:
    phrases = [(["usb", "cable"], 5), (["cable", "a4"], 9)]
    assert word_weights(phrases) == {"usb": 5, "cable": 9}


def test_arrays_that_do_not_fit_are_refused() -> None:
    arrays = beginning_arrays({"lamp": 1})
    arrays["words.weights"] = np.zeros(2, np.uint32)
    with pytest.raises(SnapshotCorruptError, match="'searchsvc reindex'"):
        Beginnings(ArrayFile(arrays, {}))
