import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.text import DASHES, caseless
from indexer.analysis.words import Gap, has_digit, split_words

texts = st.text(max_size=80) | st.text("ab1 2-/.,_'&\t#é", max_size=40)


def gaps(text: str) -> list[Gap]:
    return split_words(text).gaps()


@given(texts)
def test_words_and_what_is_between_them_are_the_text(text: str) -> None:
    text = caseless(text)
    words = split_words(text)
    pieces = [words.between[0]]
    for word, behind in zip(words.texts, words.between[1:], strict=True):
        pieces += [word, behind]
    assert "".join(pieces) == text


@given(texts)
def test_each_word_stands_where_it_says(text: str) -> None:
    text = caseless(text)
    words = list(split_words(text))
    assert [text[word.begin : word.end] for word in words] == split_words(text).texts
    assert [word.gap for word in words] == gaps(text)
    reached = 0
    for word in words:
        assert reached <= word.begin < word.end
        reached = word.end


@given(texts)
def test_what_is_between_words_has_no_letter_or_digit(text: str) -> None:
    between = split_words(caseless(text)).between
    assert not any(char.isalnum() for gap in between for char in gap)


def test_a_text_without_words_has_no_gaps() -> None:
    assert gaps(" -- ") == []
    assert list(split_words("")) == []


@pytest.mark.parametrize("joint", ["_", ".", "&", *DASHES])
def test_joints_make_one_written_word(joint: str) -> None:
    assert gaps(f"t{joint}shirt")[1] is Gap.JOINED


def test_a_decimal_number_and_its_unit_are_one_written_word() -> None:
    words = split_words("3.5mm")
    assert words.texts == ["3.5", "mm"]
    assert words.gaps() == [Gap.OTHER, Gap.JOINED]


@pytest.mark.parametrize("joint", "/,+#")
def test_part_numbers_have_joints_of_their_own(joint: str) -> None:
    assert gaps(f"hx437{joint}8") == [Gap.OTHER, Gap.JOINED]
    assert gaps(f"red{joint}blue") == [Gap.OTHER, Gap.OTHER]
    assert gaps(f"red{joint}8") == [Gap.OTHER, Gap.OTHER]


@pytest.mark.parametrize("space", [" ", "  ", "\t", "\n"])
def test_any_white_space_is_a_space(space: str) -> None:
    assert gaps(f"head{space}set")[1] is Gap.SPACE


@pytest.mark.parametrize("between", [", ", " - ", "; ", ". ", " / ", " (", "--"])
def test_punctuation_parts_words(between: str) -> None:
    assert gaps(f"head{between}set")[1] is Gap.OTHER


def test_apostrophes_are_inside_words() -> None:
    assert split_words("'women's 'l'eau''").texts == ["women's", "l'eau"]


@given(st.text(max_size=10))
def test_a_digit_is_a_decimal_digit_of_any_script(text: str) -> None:
    assert has_digit(text) == any(char.isdecimal() for char in text)
