"""The word that is being typed is completed, and no order flickers."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis.function_words import is_function_word
from indexer.analysis.text import fold
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.query.slot import StepKind
from searchsvc.query.understanding import Understanding, understand
from searchsvc.search import search
from tests.searchsvc.query.asking import Open, with_synonyms

EMBEDDER = HashingEmbedder(256)
POLICY = RankingPolicy(min_cosine=0.3, neighbours=10_000)
WORDS = RankingPolicy(semantic_weight=0.0, min_cosine=1.0)


@pytest.fixture(scope="module")
def sample(sample_data_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(sample_data_dir, "demo"))


def found(
    snapshot: Snapshot, text: str, policy: RankingPolicy = WORDS, *, typing: bool = True
) -> list[str]:
    query = Query(text, limit=1_000, typing=typing)
    embedder = EMBEDDER if snapshot.manifest.embedder.dimension == 256 else HashingEmbedder(64)
    return [hit.id for hit in search(query, snapshot, embedder, policy).hits]


def typed(snapshot: Snapshot, text: str, policy: RankingPolicy = WORDS) -> Understanding:
    return understand(text, snapshot, policy, typing=True)


def completed(snapshot: Snapshot, text: str, policy: RankingPolicy = WORDS) -> dict[str, float]:
    steps = typed(snapshot, text, policy).steps
    return {step.meant: step.weight for step in steps if step.kind is StepKind.COMPLETED}


def word_of(snapshot: Snapshot, number: int) -> str:
    """Any word of the catalogue."""
    initial = string.ascii_lowercase[number % 26]
    words = snapshot.spelling.completions(initial, 10_000) or [("jacket", 1)]
    return words[number // 26 % len(words)][0]


@given(st.integers(0, 10**9), st.sampled_from(["", "red ", "warm jacket ", "brand new "]))
@settings(max_examples=60, deadline=None)
def test_letters_that_add_nothing_change_nothing(
    sample: Snapshot, number: int, before: str
) -> None:
    word = word_of(sample, number)
    answers: dict[frozenset[str], list[str]] = {}
    for length in range(1, len(word) + 1):
        begun = word[:length]
        if len(sample.lexical.rows(sample.analyzer.stems([begun])[0])):
            continue  # a word of its own: those that it is, too, come first
        if not begun[-1].isalnum() or is_function_word(begun, "english"):
            continue  # finished, by a quotation mark that may follow or by what it is
        choices = words_beginning(sample, begun)
        if before and length > 1:  # both words may be the beginning of one
            together = before.rsplit(maxsplit=1)[-1] + begun
            choices |= frozenset(sample.lexical.completions(together, 10_000))
        ids = found(sample, before + begun, POLICY)
        if 0 < len(choices) <= 20:
            assert answers.setdefault(choices, ids) == ids


def words_beginning(snapshot: Snapshot, begun: str) -> frozenset[str]:
    """All words of the catalogue that begin so."""
    return frozenset(word for word, _ in snapshot.spelling.completions(begun, 10_000))


def test_further_letters_of_the_only_word_leave_the_order_alone(opened: Open) -> None:
    snapshot = opened("umbrella stand", "blue umbrella", "garden umbrellas", "oak desk")
    answers = [found(snapshot, "umbrella"[:length]) for length in range(1, 9)]
    assert answers == [answers[0]] * 8
    assert sorted(answers[0]) == ["p0", "p1", "p2"]
    assert {typed(snapshot, "umbrella"[:length]).text for length in range(1, 9)} <= {
        "umbrella",
        "umbrellas",
    }


def test_every_word_that_begins_so_is_looked_for(opened: Open) -> None:
    snapshot = opened("copper pot", "copy paper", "copra oil", "oak desk")
    assert sorted(found(snapshot, "cop")) == ["p0", "p1", "p2"]
    assert set(completed(snapshot, "cop").values()) == {0.8}
    assert completed(snapshot, "copp") == {"copper": 1.0}
    assert typed(snapshot, "cop").prefix == "cop"


@given(st.sampled_from(["w", "wa", "jack", "wirel", "hea", "re", "blu", "wid", "QUA-", "P00"]))
@settings(max_examples=10, deadline=None)
def test_what_the_completions_find_is_in_the_match_set(sample: Snapshot, text: str) -> None:
    clauses = typed(sample, text).clauses
    matches = sample.lexical.match(clauses, coverage=WORDS.min_coverage)
    query = Query(text, limit=0, typing=True)
    result = search(query, sample, EMBEDDER, WORDS)
    assert result.total >= len(matches)
    assert not completed(sample, text) or len(matches) > 0


@pytest.mark.parametrize("text", ["cop ", "cop,", "cop oak", "oak cop "])
def test_a_finished_word_is_not_completed(opened: Open, text: str) -> None:
    snapshot = opened("copper pot", "copy paper", "oak desk")
    assert completed(snapshot, text) == {}
    assert typed(snapshot, text).prefix == ""
    plain = understand(text, snapshot, WORDS)
    assert typed(snapshot, text) == plain


def test_nothing_is_completed_unless_it_is_being_typed(opened: Open) -> None:
    snapshot = opened("copper pot", "copy paper")
    as_typed = RankingPolicy(semantic_weight=0, min_cosine=1.0, correct_spelling=False)
    assert found(snapshot, "copp", as_typed, typing=False) == []
    assert found(snapshot, "copp", as_typed) == ["p0"]


def test_the_text_to_embed_has_the_completion_that_goes_with_the_other_words(
    opened: Open,
) -> None:
    snapshot = opened("oak desk", "oak desk", "oak desk lamp", "copper dessert spoon", "desk")
    assert typed(snapshot, "des").text == "desk"
    assert typed(snapshot, "copper des").text == "copper dessert"
    assert typed(snapshot, "copper des").corrected is None


@pytest.mark.parametrize("text", ["TN", "TN-", "TN-2", "TN-21", "tn-211", "tn2110", "TN 2110"])
def test_a_part_number_is_found_by_its_beginning(opened: Open, text: str) -> None:
    snapshot = opened("Toner TN-2110 black", "Toner TN-3380 black", "oak desk")
    ids = found(snapshot, text)
    assert ids[0] == "p0"
    assert ("p1" in ids) == (text in ("TN", "TN-"))
    assert "p2" not in ids


def test_a_finished_word_is_corrected_while_the_next_is_typed(opened: Open) -> None:
    snapshot = opened("waterproof jacket", "waterproof jacket", "oak desk", "copper lamp")
    understood = typed(snapshot, "waterprof jack")
    assert understood.corrected == "waterproof jack"
    assert understood.text == "waterproof jacket"
    assert sorted(found(snapshot, "waterprof jack")) == ["p0", "p1"]


def test_a_beginning_with_a_typing_error_is_corrected_when_nothing_begins_so(
    opened: Open,
) -> None:
    snapshot = opened("waterproof jacket", "waterproof jacket", "oak desk", "copper lamp")
    assert sorted(found(snapshot, "jakcet")) == ["p0", "p1"]


@given(st.integers(0, 10**9))
@settings(max_examples=40, deadline=None)
def test_typing_a_whole_word_finds_all_that_the_word_finds(sample: Snapshot, number: int) -> None:
    word = word_of(sample, number)
    plain, begun = (
        set(sample.lexical.match(understood.clauses, coverage=WORDS.min_coverage).rows.tolist())
        for understood in (understand(word, sample, WORDS), typed(sample, word))
    )
    assert plain
    assert plain <= begun


def test_a_function_word_behind_others_stays_one(opened: Open) -> None:
    snapshot = opened("copper pot with lid", "inkwell", "copper ink", "oak desk")
    assert completed(snapshot, "copper in") == {}
    assert "ink" in {fold(word) for word in completed(snapshot, "ink")} | {"ink"}
    assert sorted(found(snapshot, "in")) == ["p1", "p2"]


def test_what_has_synonyms_is_not_the_beginning_of_something_else(opened: Open) -> None:
    snapshot = opened("television set", "tvtropes mug", "oak desk")
    policy = with_synonyms(snapshot, sets=[["tv", "television"]])
    assert completed(snapshot, "tv", policy) == {}
    assert found(snapshot, "tv", policy)[0] == "p0"


def test_nothing_at_all_is_not_completed(opened: Open) -> None:
    snapshot = opened("copper pot")
    for text in ("", "  ", "!!!", "-"):
        assert completed(snapshot, text) == {}


def test_two_words_may_be_the_beginning_of_one(opened: Open) -> None:
    snapshot = opened("sunglasses for men", "sunglasses round", "sun cream global", "glass bowl")
    understood = typed(snapshot, "sun gl")
    assert understood.text == "sunglasses"
    assert {"p0", "p1"} <= set(found(snapshot, "sun gl"))
    assert typed(snapshot, "sun gl ").text == "sun gl"  # both are finished


def test_what_is_one_word_already_is_not_completed(opened: Open) -> None:
    snapshot = opened("t-shirt blue", "usb-c cable", "usb-c charger", "attachment", "at&t phone")
    assert typed(snapshot, "usb-c").text == "usb-c"
    assert typed(snapshot, "at&t").text == "at&t"
    assert not completed(snapshot, "at&t")


def test_function_words_complete_nothing(opened: Open) -> None:
    snapshot = opened("foot works", "foot with care", "foot with style", "foot wash")
    assert "with" not in completed(snapshot, "foot w")
    assert "wash" in completed(snapshot, "foot w")


def test_words_before_decide_what_a_word_is_the_beginning_of(opened: Open) -> None:
    snapshot = opened("mac book", "mac mini", "mac pro", "coffee machine", "coffee machine red")
    assert typed(snapshot, "coffee mac").text == "coffee machine"
    assert typed(snapshot, "mac").text == "mac"


def test_a_corrected_beginning_says_so_and_a_word_of_the_language_is_right(opened: Open) -> None:
    snapshot = opened(*(["headphones black", "headphones white"] * 10), "banarasi saree")
    understood = typed(snapshot, "hedpho")
    assert understood.corrected == understood.text == "headphones"
    assert typed(snapshot, "headpho").corrected is None
