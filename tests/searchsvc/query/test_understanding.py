"""What queries are taken for."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.analysis.words import has_digit
from indexer.build.reindex import ReindexOptions, reindex
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.slot import OPTIONAL_IMPORTANCE, StepKind
from searchsvc.query.understanding import understand
from tests.searchsvc.query.asking import (
    EMBEDDER,
    FILLING,
    Open,
    found,
    kinds,
    read,
    with_synonyms,
)

# Function words


def test_a_title_of_function_words_is_found_by_them(opened: Open) -> None:
    snapshot = opened("The Who", "The lamp", "Who is it", *FILLING)
    assert found(snapshot, "the who")[0] == "p0"
    assert not any(clause.optional for clause in read(snapshot, "the who").clauses)
    assert read(snapshot, "the who").steps == ()


def test_function_words_do_not_stand_for_a_word_that_no_product_has(opened: Open) -> None:
    snapshot = opened("The Who", "The lamp", "The chair", *FILLING)
    assert found(snapshot, "the zyzzyva") == []


def test_a_title_with_the_function_word_stands_before_one_without(opened: Open) -> None:
    snapshot = opened("Boys", "The Boys", "Boys too", *FILLING)
    assert set(found(snapshot, "the boys")) == {"p0", "p1", "p2"}
    assert found(opened("Boys box", "The Boys", "Boys too"), "the boys")[0] == "p1"


def test_filler_counts_next_to_nothing(opened: Open) -> None:
    snapshot = opened("Cheap ladder", "Warm winter jacket", "Son of a ladder", *FILLING)
    assert found(snapshot, "cheap warm jacket for my son") == ["p1"]
    understood = read(snapshot, "cheap jacket for my son")
    assert [step.typed for step in understood.steps] == ["cheap", "for", "my", "son"]
    assert [clause.importance for clause in understood.clauses] == [
        OPTIONAL_IMPORTANCE, 1.0, *[OPTIONAL_IMPORTANCE] * 3,
    ]  # fmt: skip


def test_policies_switch_each_step_off(opened: Open) -> None:
    snapshot = opened("Headset 17 inch", "Headset", "The mouse", "Mouse", *FILLING)
    text = 'the head set 17" mose'
    assert set(kinds(understand(text, snapshot, RankingPolicy()))) == {
        StepKind.DISCOUNTED, StepKind.JOINED, StepKind.QUANTITY, StepKind.CORRECTED,
    }  # fmt: skip
    plain = RankingPolicy(
        discount_fillers=False, join_words=False, convert_units=False, correct_spelling=False
    )
    understood = understand(text, snapshot, plain)
    assert understood.steps == ()
    assert [clause.alternatives[0].terms for clause in understood.clauses] == [
        ("the",), ("head",), ("set",), ("17",), ("mose",),
    ]  # fmt: skip


# Synonyms and prohibitions


def test_synonyms_of_phrases_are_found_both_ways(opened: Open) -> None:
    snapshot = opened("Cell phone", "Mobile", "Notebook", *FILLING)
    policy = with_synonyms(snapshot, sets=[["cell phone", "mobile"]])
    assert set(found(snapshot, "cell phone", policy)) == {"p0", "p1"}
    assert set(found(snapshot, "mobile", policy)) == {"p0", "p1"}
    assert found(snapshot, "notebook", policy) == ["p2"]


def test_a_one_way_synonym_works_one_way(opened: Open) -> None:
    snapshot = opened("Sneaker", "Shoe", *FILLING)
    policy = with_synonyms(snapshot, one_way=[{"from": "shoe", "to": ["sneaker"]}])
    assert set(found(snapshot, "shoes", policy)) == {"p0", "p1"}
    assert found(snapshot, "sneakers", policy) == ["p0"]


def test_a_phrase_needs_all_its_words_to_be_a_synonym(opened: Open) -> None:
    snapshot = opened("Cell battery", "Desk phone", "Cell phone", *FILLING)
    policy = with_synonyms(snapshot, sets=[["cell phone", "mobile"]])
    assert found(snapshot, "mobile", policy) == ["p2"]


def test_each_reading_is_embedded_up_to_four_of_them(opened: Open) -> None:
    snapshot = opened("Couch", "Sofa", *FILLING)
    words = ["couch", "sofa", "settee", "divan", "chesterfield", "lounge"]
    understood = read(snapshot, "Blue couch, big", sets=[words])
    assert understood.text == "Blue couch, big"
    assert understood.readings == ("blue sofa, big", "blue settee, big", "blue divan, big")
    ways = {way.terms for way in understood.clauses[1].alternatives}
    assert len(ways) == len(words)


def test_a_misspelt_word_has_the_synonyms_of_what_was_meant(opened: Open) -> None:
    snapshot = opened("Mattress", "Mattress cover", "Futon", *FILLING)
    policy = with_synonyms(snapshot, sets=[["mattress", "futon"]])
    assert set(found(snapshot, "matress", policy)) == {"p0", "p1", "p2"}
    understood = understand("a matress", snapshot, policy)
    assert understood.corrected == "a mattress"
    assert understood.readings == ("a futon",)


def test_a_word_with_synonyms_is_right_even_if_no_product_has_it(opened: Open) -> None:
    snapshot = opened("Loud speakers", "Speakers", "Trainer", *FILLING)
    assert read(snapshot, "sneakers").corrected == "speakers"
    policy = with_synonyms(snapshot, one_way=[{"from": "sneaker", "to": ["trainer"]}])
    assert understand("sneakers", snapshot, policy).corrected is None
    assert found(snapshot, "sneakers", policy) == ["p2"]


def test_a_split_word_has_no_synonyms_of_its_first_part(opened: Open) -> None:
    snapshot = opened("Mouse pad", "Soft mouse pad", "Rodent", "Mouse", *FILLING)
    understood = read(snapshot, "mousepad", sets=[["mouse", "rodent"]])
    assert understood.corrected == "mouse pad"
    assert understood.readings == ()


def test_a_word_is_not_corrected_into_what_it_must_never_be_taken_for(opened: Open) -> None:
    snapshot = opened("Glowes", "Globes", "Gloves", "Gloves red", *FILLING)
    assert read(snapshot, "glovess").corrected == "gloves"
    understood = read(snapshot, "glovess", never=[["glovess", "gloves"]])
    assert understood.corrected != "gloves"
    assert ("glove",) not in {way.terms for way in understood.clauses[0].alternatives}


def test_two_words_are_not_joined_into_what_they_must_never_be_taken_for(opened: Open) -> None:
    snapshot = opened("Headset", "Drill head", "Tool set", *FILLING)
    assert StepKind.JOINED in kinds(read(snapshot, "head set"))
    understood = read(snapshot, "head set", never=[["head set", "headset"]])
    assert StepKind.JOINED not in kinds(understood)
    assert "p0" not in found(
        snapshot, "head set", with_synonyms(snapshot, never=[["head set", "headset"]])
    )


def test_a_word_without_its_accents_stays_itself_even_where_that_is_forbidden(
    opened: Open,
) -> None:
    snapshot = opened("Creme brulee", "Brulee torch", language="french")
    assert read(snapshot, "brûlée").corrected is None
    assert set(found(snapshot, "brûlée")) == {"p0", "p1"}
    assert read(snapshot, "brûlée", never=[["brûlée", "brulee"]]).clauses[0].alternatives


def test_a_part_of_a_phrase_stays_what_was_typed(opened: Open) -> None:
    snapshot = opened("Moving van", "Van", *FILLING)
    understood = read(snapshot, "moving van", never=[["moving van", "van"]])
    assert [clause.alternatives[0].terms for clause in understood.clauses] == [
        ("move",), ("van",),
    ]  # fmt: skip


def test_what_must_never_be_meant_is_not_found_by_meaning_either(opened: Open) -> None:
    snapshot = opened("Case", "Case study", "Suitcase", "Suitcase case", *FILLING)
    document = {"never": [["case", "suitcase"]]}
    policy = RankingPolicy(
        semantic_weight=0.5, min_cosine=-1.0, min_cosine_share=0.0,
        synonyms=with_synonyms(snapshot, **document).synonyms,
    )  # fmt: skip
    everything = found(snapshot, "case", RankingPolicy(min_cosine=-1.0, min_cosine_share=0.0))
    assert "p2" in everything
    kept = found(snapshot, "case", policy)
    assert "p2" not in kept
    assert {"p0", "p1", "p3"} <= set(kept)


def test_a_prohibition_of_a_misspelt_word_is_that_of_what_was_meant(opened: Open) -> None:
    snapshot = opened("Mattress", "Mattress cover", "Cover", *FILLING)
    understood = read(snapshot, "matress", never=[["mattress", "cover"]])
    assert [(it.terms, it.unless) for it in understood.prohibitions] == [
        (("cover",), ("mattress",))
    ]
    assert kinds(understood)[-1] is StepKind.FORBIDDEN


# Texts of all kinds


def test_a_correction_replaces_the_word_and_nothing_else(opened: Open) -> None:
    snapshot = opened("Mattress", "Straße", "Mattress fine", *FILLING)
    text = "  ﬁne MATRESS, (Größe ½) ß "
    assert read(snapshot, text).corrected == "fine mattress, (grösse 1⁄2) ss"
    assert read(snapshot, text).text == "fine mattress, (grösse 1⁄2) ss"


def test_a_text_without_words_asks_for_nothing(opened: Open) -> None:
    understood = read(opened(*FILLING), " !?! ")
    assert understood.clauses == ()
    assert understood.text == "!?!"
    assert understood.steps == ()


texts = st.text(max_size=60) | st.lists(
    st.sampled_from(
        [
            "the",
            "for",
            "wirless",
            "mouse",
            "mousepad",
            "head",
            "set",
            "17",
            "inch",
            "1,5",
            "l",
            "½",
            "tn-2110",
            "rtx2060",
            "garden",
            "hosereel",
            "umbrela",
            "l'eau",
            '"',
            "'",
            "-",
            "ß",
            "ﬁ",
            "2",
            "in",
            "1",
            "shirt",
            "trousers",
            "matress",
            "brûlée",
        ]
    ),
    max_size=8,
).map(" ".join)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One index for all examples of the properties."""
    directory = tmp_path_factory.mktemp("shop")
    titles = [
        *FILLING, "Wireless mouse", "Mouse pad", "The mouse pad", "Headset 17 inch", "Head lamp",
        "Kettle 1.5 l", "Toner TN-2110", "RTX 2060 card", "Mattress", "Shorts", "Blue shorts",
        "Tool set", "Hose 1/2 inch", "Eau de parfum",
    ]  # fmt: skip
    feed = directory / "feed.jsonl"
    records = [{"id": f"p{n}", "title": title} for n, title in enumerate(titles)]
    feed.write_bytes(b"\n".join(map(orjson.dumps, records)))
    layout = IndexLayout.of(directory, "shop")
    reindex(str(feed), layout, IndexSettings(), EMBEDDER, ReindexOptions())
    return open_snapshot(layout)


@given(texts)
@settings(max_examples=300)
def test_any_text_is_understood(shop: Snapshot, text: str) -> None:
    understood = read(
        shop, text, sets=[["mouse pad", "mat"], ["set", "kit"]], never=[["head set", "set"]]
    )
    assert len(understood.clauses) == len(shop.analyzer.terms(text))
    for clause in understood.clauses:
        assert clause.alternatives
        assert all(way.terms and 0 < way.weight <= 1 for way in clause.alternatives)
    assert shop.lexical.match(understood.clauses).ceiling >= 0
    assert all(step.typed and step.meant for step in understood.steps)
    if understood.clauses:
        assert not all(clause.optional for clause in understood.clauses)


@given(texts)
@settings(max_examples=300)
def test_a_query_is_corrected_if_and_only_if_a_word_is_replaced(shop: Snapshot, text: str) -> None:
    understood = read(shop, text)
    replaced = [
        step
        for step in understood.steps
        if step.kind in {StepKind.CORRECTED, StepKind.SPLIT} and not has_digit(step.typed)
        and step.weight > 0.5
    ]  # fmt: skip
    assert (understood.corrected is not None) == bool(replaced)
    if understood.corrected is not None:
        assert understood.text == understood.corrected
        assert read(shop, understood.corrected).corrected is None
    else:
        assert understood.text == text.strip()


@given(texts)
@settings(max_examples=200)
def test_words_with_digits_are_never_corrected(shop: Snapshot, text: str) -> None:
    corrections = {StepKind.CORRECTED, StepKind.EXPANDED}
    steps = read(shop, text).steps
    assert not any(has_digit(step.typed) for step in steps if step.kind in corrections)
