"""The phrase table, against a look at every phrase."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SnapshotCorruptError
from indexer.storage import ArrayFile
from indexer.suggestions.table import Phrase, PhraseTable, key_words, phrase_arrays

WORDS = st.sampled_from(["usb", "usb-c", "Kabel", "käse", "cable", "case", "c", "カメラ", "x1"])
PHRASES = st.lists(
    st.tuples(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), st.integers(0, 9)),
    max_size=25,
)


def table(phrases: list[tuple[str, int]]) -> PhraseTable:
    made = [Phrase(text, " ".join(key_words(text)), weight) for text, weight in phrases]
    return PhraseTable(ArrayFile(phrase_arrays(made), {}))


def texts(found: PhraseTable, numbers: list[int]) -> list[str]:
    return [found.text(number) for number in numbers]


def key(text: str) -> str:
    return "".join(f"{word} " for word in key_words(text))


def begins_at_a_word(text: str, prefix: str) -> bool:
    words = key_words(text)
    rests = ("".join(f"{word} " for word in words[place:]) for place in range(1, len(words)))
    return any(rest.startswith(prefix) for rest in rests)


@given(
    phrases=PHRASES,
    prefix=st.text("usbcaekx1 カ", max_size=4),
    limit=st.integers(1, 6),
    ban=st.booleans(),
)
def test_completions_are_those_that_a_look_at_every_phrase_finds(
    phrases: list[tuple[str, int]], prefix: str, limit: int, *, ban: bool
) -> None:
    found = table(phrases)
    numbers = range(len(found))
    banned = np.arange(len(found)) % 3 == 1 if ban else None
    allowed = [n for n in numbers if banned is None or not banned[n]]
    heaviest = sorted(allowed, key=lambda n: (-found.weight(n), n))
    first = [n for n in heaviest if key(found.text(n)).startswith(prefix)]
    then = [n for n in heaviest if n not in first and begins_at_a_word(found.text(n), prefix)]
    assert found.complete(prefix, limit, banned) == (first + then)[:limit]


@given(PHRASES, st.lists(WORDS, min_size=1, max_size=2), st.text("usbcaek", max_size=2))
def test_words_in_any_order_are_found_as_by_a_look_at_every_phrase(
    phrases: list[tuple[str, int]], words: list[str], prefix: str
) -> None:
    found = table(phrases)
    wanted = [word for text in words for word in key_words(text)]

    def has_all(text: str) -> bool:
        have = key_words(text)
        return set(wanted) <= set(have) and any(word.startswith(prefix) for word in have)

    expected = [n for n in range(len(found)) if has_all(found.text(n))]
    expected.sort(key=lambda n: (-found.weight(n), n))
    assert found.complete_any_order(wanted, prefix, 4) == expected[:4]


@given(PHRASES, st.lists(WORDS.map(key_words), min_size=1, max_size=2))
def test_phrases_with_given_terms_are_marked(
    phrases: list[tuple[str, int]], wanted: list[list[str]]
) -> None:
    found = table(phrases)
    mask = found.with_terms(wanted)
    for number in range(len(found)):
        term = f" {found.term(number)} "
        assert mask[number] == any(f" {' '.join(it)} " in term for it in wanted)


@given(st.randoms(use_true_random=False), PHRASES)
def test_the_order_of_the_phrases_does_not_matter(
    random: np.random.Generator, phrases: list[tuple[str, int]]
) -> None:
    made = [Phrase(text, text, weight) for text, weight in phrases]
    shuffled = list(made)
    random.shuffle(shuffled)
    one, other = phrase_arrays(made), phrase_arrays(shuffled)
    assert all(np.array_equal(one[name], other[name]) for name in one)


def test_of_phrases_with_one_key_the_heaviest_stays() -> None:
    found = table([("Usb Cable", 3), ("USB cable", 5), ("-", 9)])
    assert texts(found, found.complete("", 9)) == ["USB cable"]


def test_a_beginning_at_any_word_is_found_and_the_first_word_comes_first() -> None:
    found = table([("gaming headset", 9), ("headphones", 2), ("headset stand", 1), ("ahead", 8)])
    assert texts(found, found.complete("head", 9)) == [
        "headphones", "headset stand", "gaming headset",
    ]  # fmt: skip
    assert texts(found, found.complete("headset ", 9)) == ["headset stand", "gaming headset"]


def test_arrays_that_do_not_fit_are_refused() -> None:
    arrays = phrase_arrays([Phrase("lamp", "lamp", 1)])
    arrays["phrases.weights"] = np.zeros(2, np.uint32)
    with pytest.raises(SnapshotCorruptError, match="expected one length"):
        PhraseTable(ArrayFile(arrays, {}))
