import pytest

from indexer.spelling.words import has_spelling


@pytest.mark.parametrize("word", ["tv", "cable", "men's", "кабель", "数据线", "x" * 32])
def test_words_have_a_spelling(word: str) -> None:
    assert has_spelling(word)


@pytest.mark.parametrize("word", ["", "x", "tn2110", "5l", "x²", "٣x", "1080", "x" * 33])
def test_identifiers_measures_and_single_letters_have_none(word: str) -> None:
    assert not has_spelling(word)
