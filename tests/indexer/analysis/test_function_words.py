from typing import get_args

import pytest

from indexer.analysis import function_words
from indexer.analysis.function_words import is_function_word
from indexer.analysis.text import fold
from indexer.settings import Language

LISTS = function_words._WORDS  # noqa: SLF001 - every list is looked at


@pytest.mark.parametrize(
    "word", ["the", "for", "my", "son", "cheap", "what's", "don't", "mum's", "i'm", "you're"]
)
def test_function_words_and_their_contractions_say_nothing(word: str) -> None:
    assert is_function_word(word, "english")


@pytest.mark.parametrize(
    "word", ["boys", "can", "levi's", "under", "t", "tn2110", "s'mores", "'s"]
)
def test_other_words_say_something(word: str) -> None:
    assert not is_function_word(word, "english")


@pytest.mark.parametrize(
    ("language", "word"),
    [("german", "für"), ("french", "à"), ("spanish", "también"), ("danish", "på")],
)
def test_accents_do_not_matter(language: Language, word: str) -> None:
    assert is_function_word(word, language)
    assert is_function_word(fold(word), language)


def test_an_elided_article_does_not_make_a_noun_a_function_word() -> None:
    assert not is_function_word("l'eau", "french")
    assert not is_function_word("d'huile", "french")


@pytest.mark.parametrize("language", ["finnish", "turkish", "none"])
def test_a_language_without_a_list_has_none(language: Language) -> None:
    assert not is_function_word("the", language)


@pytest.mark.parametrize("language", LISTS)
def test_the_words_of_a_list_are_folded_and_given_once(language: str) -> None:
    words = LISTS[language].split()
    assert language in get_args(Language)
    assert [fold(word) for word in words] == words
    assert not {word for word in words if words.count(word) > 1}
