"""What contradicts itself, repeats itself or has no words."""

from __future__ import annotations

from typing import Any

import pytest

from searchsvc.errors import BadLiveSettingsError
from searchsvc.synonyms.compiler import Phrase, Rule, compile_rules, plain_key
from searchsvc.synonyms.document import MAX_WORDS, SynonymsDocument


def stemmed(text: str) -> tuple[str, ...]:
    """As an English stemmer would, for the words of these tests."""
    return tuple(word.removesuffix("s") for word in plain_key(text))


def rules_of(**content: Any) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    return compile_rules(SynonymsDocument.model_validate(content), stemmed)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"sets": [["tv", "!!!"]]}, r"sets\[0\]\[1\]: '!!!' has no word"),
        ({"one_way": [{"from": "-", "to": ["tv"]}]}, r"one_way\[0\]\.from: '-' has no word"),
        ({"one_way": [{"from": "tv", "to": ["a", "?"]}]}, r"one_way\[0\]\.to\[1\]: '\?' has no"),
        ({"never": [["tv", "&"]]}, r"never\[0\]\[1\]: '&' has no word"),
        ({"sets": [["a", "b"], ["tv", "a-b-c-d-e-f-g"]]}, r"sets\[1\]\[1\]: .* 7 words.*most 6"),
        ({"sets": [["tv", "TV"]]}, r"sets\[0\]\[1\]: 'TV' is sets\[0\]\[0\] already"),
        ({"sets": [["a b", "tv", "A-B"]]}, r"sets\[0\]\[2\]: 'A-B' is sets\[0\]\[0\] already"),
        ({"sets": [["a", "b"], ["c", "d"], ["B", "a"]]}, r"sets\[2\]: has .* as sets\[0\]"),
        (
            {"one_way": [{"from": "a", "to": ["b"]}, {"from": "A", "to": ["c"]}]},
            r"one_way\[1\]\.from: 'A' has its rule at one_way\[0\] already",
        ),
        (
            {"one_way": [{"from": "a", "to": ["b", "B"]}]},
            r"one_way\[0\]\.to\[1\]: 'B' is one_way\[0\]\.to\[0\] already",
        ),
        (
            {"one_way": [{"from": "a", "to": ["b", "A"]}]},
            r"one_way\[0\]\.to\[1\]: 'A' is what the rule is from",
        ),
        ({"never": [["a", "b"], ["a", "B"]]}, r"never\[1\]: repeats never\[0\]"),
        ({"never": [["van", "vans"]]}, r"never\[0\]: 'van' and 'vans' are the same words.*'van'"),
        ({"never": [["tv", "tv"]]}, r"never\[0\]: 'tv' and 'tv' are the same words"),
        (
            {"sets": [["x", "y"], ["car", "van", "truck"]], "never": [["vans", "trucks"]]},
            r"never\[0\]: 'vans' must never be taken for 'trucks', but sets\[1\] makes it",
        ),
        (
            {"one_way": [{"from": "van", "to": ["bus"]}], "never": [["a", "b"], ["van", "bus"]]},
            r"never\[1\]: 'van' must never be taken for 'bus', but one_way\[0\] makes it",
        ),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_the_remedy(
    content: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadLiveSettingsError, match=message) as caught:
        rules_of(**content)
    assert any(word in str(caught.value) for word in ("remove", "shorten", "put all"))


def test_as_many_words_as_are_allowed_are_allowed() -> None:
    synonyms, _ = rules_of(sets=[["tv", " ".join("abcdef")]])
    assert max(len(rule.key) for rule in synonyms) == MAX_WORDS


def test_a_prohibition_has_a_direction() -> None:
    synonyms, prohibitions = rules_of(
        one_way=[{"from": "minivan", "to": ["van"]}], never=[["van", "minivan"], ["bus", "van"]]
    )
    assert synonyms == (Rule(("minivan",), (Phrase("van", ("van",)),)),)
    assert [rule.key for rule in prohibitions] == [("bu",), ("van",)]


def test_a_set_is_a_rule_for_each_of_its_texts() -> None:
    synonyms, _ = rules_of(sets=[["TV", "flat screen"]])
    television, screen = Phrase("TV", ("tv",)), Phrase("flat screen", ("flat", "screen"))
    assert synonyms == (Rule(screen.key, (television,)), Rule(television.key, (screen,)))


def test_a_text_in_two_sets_has_what_either_says_but_nothing_beyond() -> None:
    synonyms, _ = rules_of(sets=[["case", "cover"], ["case", "suitcase"]])
    found = {rule.key[0]: [phrase.text for phrase in rule.phrases] for rule in synonyms}
    assert found == {"case": ["cover", "suitcase"], "cover": ["case"], "suitcase": ["case"]}


def test_texts_that_are_the_same_words_are_one_and_no_synonym_of_themselves() -> None:
    synonyms, _ = rules_of(
        sets=[["sneaker", "sneakers", "trainer"]],
        one_way=[{"from": "boot", "to": ["boots", "shoe"]}, {"from": "boots", "to": ["wellie"]}],
    )
    found = {rule.key[0]: [phrase.text for phrase in rule.phrases] for rule in synonyms}
    assert found == {"sneaker": ["trainer"], "trainer": ["sneaker"], "boot": ["shoe", "wellie"]}


def test_the_order_of_a_document_does_not_matter_to_the_order_of_rules() -> None:
    one, _ = rules_of(sets=[["a", "b"], ["c", "d"]])
    other, _ = rules_of(sets=[["c", "d"], ["a", "b"]])
    assert one == other


def test_plain_keys_know_no_case_no_width_and_no_dashes() -> None:
    assert plain_key("Wi-Fi ＡＢ_c") == ("wi", "fi", "ab", "c")
