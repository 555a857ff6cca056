import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.analyzer import LONGEST_JOINED, Analyzer
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
        ("french", "l'huile", "huile"),
        ("italian", "dell'olio", "olio"),
        ("english", "Levi's", "levis"),
        ("german", "Kopfhörer", "Kopfhoerer"),
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


def joined(text: str, *, is_name: bool = True) -> list[str]:
    analyzer = Analyzer("english")
    return analyzer.joined(analyzer.analyse(text).words, is_name=is_name)


def neighbours(text: str) -> list[str]:
    analyzer = Analyzer("english")
    return analyzer.neighbours(analyzer.analyse(text).words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("T-Shirts", ["tshirt"]),
        ("TN-2110 toner", ["tn2110"]),
        ("SM-P615-N", ["smp615", "p615n", "smp615n"]),
        ("red T-Shirt, Wi-Fi", ["tshirt", "wifi"]),
        ("3.5mm", ["3.5mm"]),
        ("HX437/8", ["hx4378"]),
        ("H&M", ["hm"]),
        ("head set", []),
        ("red, blue", []),
    ],
)
def test_what_is_written_as_one_word_has_a_joined_form(text: str, expected: list[str]) -> None:
    assert joined(text, is_name=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RTX 2060 Super", ["rtx2060", "2060super"]),
        ("T Shirts", ["tshirt"]),
        ("usb c", ["usbc"]),
        ("with a case", []),
        ("RTX, 2060", []),
    ],
)
def test_numbers_and_single_letters_join_their_neighbours_in_names_only(
    text: str, expected: list[str]
) -> None:
    assert joined(text) == expected
    assert joined(text, is_name=False) == []


def test_neighbours_are_words_that_a_space_parts() -> None:
    assert neighbours("head sets for t-shirt, 17 inch") == ["headset", "setsfor", "fort"]


words = st.text("abcdefghijklmnopqrstuvwxyzäéß0123456789", min_size=1, max_size=40)


@given(st.lists(words, max_size=6), st.sampled_from(["-", " ", "_", " - "]), st.booleans())
def test_no_joined_form_is_longer_than_a_word(
    texts: list[str],
    gap: str,
    is_name: bool,  # noqa: FBT001 - drawn
) -> None:
    analyzer = Analyzer("none")
    parts = analyzer.analyse(gap.join(texts)).words
    forms = [*analyzer.joined(parts, is_name=is_name), *analyzer.neighbours(parts)]
    assert all(len(form) <= LONGEST_JOINED for form in forms)


@given(st.text(max_size=80), st.booleans())
def test_a_joined_form_is_a_run_of_words_without_what_parts_them(
    text: str,
    is_name: bool,  # noqa: FBT001 - drawn
) -> None:
    analyzer = Analyzer("none")
    analysis = analyzer.analyse(text)
    run = "".join(analysis.terms)
    forms = [
        *analyzer.joined(analysis.words, is_name=is_name),
        *analyzer.neighbours(analysis.words),
    ]
    assert all(form in run for form in forms)


@given(st.text(max_size=80))
def test_an_analysis_has_a_term_for_each_word(text: str) -> None:
    analyzer = Analyzer("english")
    analysis = analyzer.analyse(text)
    assert analysis.terms == analyzer.terms(text)
    assert len(analysis.terms) == len(analysis.words)


def test_forgetting_stems_changes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.analysis.analyzer._MOST_STEMS", 3)
    analyzer = Analyzer("english")
    text = "running jackets shoes hiking boots running jackets"
    assert analyzer.terms(text) == Analyzer("english").terms(text)
    assert analyzer.terms(text) == ["run", "jacket", "shoe", "hike", "boot", "run", "jacket"]


def test_an_analyzer_knows_its_language() -> None:
    assert Analyzer("german").language == "german"
