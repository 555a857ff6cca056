import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import Analyzer
from indexer.analysis.text import fold, normalize_identifier
from indexer.settings import Language


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jackets", "jacket"),
        ("CAFÉ", "cafe"),
        ("women’s shoes", "women's shoe"),
        ("ﬁne", "fine"),
        ("Straße", "strasse"),
        ("running", "runs"),
    ],
)
def test_spellings_of_one_word_are_one_term(one: str, other: str) -> None:
    analyzer = Analyzer("english")
    assert analyzer.terms(one) == analyzer.terms(other)


def test_decimal_numbers_stay_whole_and_separators_split() -> None:
    terms = Analyzer("none").terms('43.2 cm (17") dv7-1211ea')
    assert terms == ["43.2", "cm", "17", "dv7", "1211ea"]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("russian", "красный", "красные"),
        ("french", "doré", "dorée"),
        ("french", "brodé", "brodées"),
        ("hungarian", "asztalról", "asztal"),
        ("german", "Häuser", "haus"),
        ("spanish", "camión", "camiones"),
        ("swedish", "jackorna", "jacka"),
    ],
)
def test_inflected_forms_of_a_language_are_one_term(
    language: Language, one: str, other: str
) -> None:
    analyzer = Analyzer(language)
    assert analyzer.terms(one) == analyzer.terms(other)


@pytest.mark.parametrize(
    ("language", "right", "typed"),
    [
        ("english", "café", "cafe"),
        ("french", "crème", "creme"),
        ("spanish", "camión", "camion"),
        ("german", "Möbel", "mobel"),
    ],
)
def test_a_word_typed_without_its_accents_is_found(
    language: Language, right: str, typed: str
) -> None:
    analyzer = Analyzer(language)
    assert analyzer.terms(right) == analyzer.terms(typed)


def test_each_language_stems_its_own_way() -> None:
    assert Analyzer("german").terms("Häuser") == Analyzer("german").terms("Haus")
    assert Analyzer("none").terms("jackets") == ["jackets"]


@given(st.text(max_size=200))
def test_any_text_gives_folded_terms_without_spaces(text: str) -> None:
    for term in Analyzer("english").terms(text):
        assert term
        assert not any(char.isspace() for char in term)


@given(st.text(max_size=100))
def test_folding_again_changes_nothing(text: str) -> None:
    once = fold(text)
    assert fold(once) == once


def test_threads_do_not_disturb_each_other() -> None:
    analyzer = Analyzer("english")
    words = [f"running{i} jackets shoes hiking" for i in range(300)]
    expected = [analyzer.terms(word) for word in words]
    wrong = []

    def work() -> None:
        wrong.extend(
            word for word, terms in zip(words, expected, strict=True)
            if analyzer.terms(word) != terms
        )  # fmt: skip

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("typed", ["TN-2110", "tn 2110", "TN2110", " tn–2110 ", "TN - 2110"])
def test_an_identifier_survives_case_spaces_and_dashes(typed: str) -> None:
    assert normalize_identifier(typed) == "tn2110"


@pytest.mark.parametrize("typed", ["0095205603217", "95205603217", "00095205603217"])
def test_leading_zeros_of_a_gtin_do_not_count(typed: str) -> None:
    assert normalize_identifier(typed) == "95205603217"


def test_a_number_of_zeros_remains_an_identifier() -> None:
    assert normalize_identifier("000") == "0"
    assert normalize_identifier(" - ") == ""


def test_leading_zeros_of_a_part_number_with_letters_count() -> None:
    assert normalize_identifier("006R90321") != normalize_identifier("6R90321")
