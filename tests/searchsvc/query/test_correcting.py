from __future__ import annotations

import pytest

from indexer.snapshot import Snapshot
from searchsvc.query.slot import StepKind
from tests.searchsvc.query.asking import FILLING, Open, found, kinds, read, ways


@pytest.fixture
def shop(opened: Open) -> Snapshot:
    return opened(
        "Mattress", "Mattress cover", "Mouse pad", "Soft mouse pad", "Gaming mouse",
        "Gaming chair", "House number", "House plant", "House plan", "Shorts", "Short shorts",
        "Travel tooth brush", "Tooth brush", "Car mirror", "Car seat", "Pet seat", "Pet bowl",
        *FILLING,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("matress", "mattress"),
        ("mattess", "mattress"),
        ("umbrela", "umbrella"),
        ("umberlla", "umbrella"),
        ("Garden HSOE", "garden hose"),
        ("(cerammic) flower-pot", "(ceramic) flower-pot"),
    ],
)
def test_a_misspelt_word_is_read_as_the_word_that_was_meant(
    shop: Snapshot, typed: str, meant: str
) -> None:
    understood = read(shop, typed)
    assert understood.corrected == understood.text == meant
    assert found(shop, typed) == found(shop, meant)


def test_the_word_that_fits_the_others_is_likelier(shop: Snapshot) -> None:
    assert read(shop, "mouze").corrected == "mouse"
    assert read(shop, "gaming xouse").corrected == "gaming mouse"
    assert read(shop, "xouse plant").corrected == "house plant"


def test_a_rare_word_near_to_a_short_one_is_no_correction_of_it(opened: Open) -> None:
    catalogue = [f"Plain ladder {number}" for number in range(1_200)]
    rare = opened("Sri Lanka tea", *catalogue)
    assert read(rare, "sari").corrected is None
    assert read(rare, "sari").text == "sari"
    assert ways(read(rare, "sari")).get(("sri",), 0) < 0.9  # at most looked for as well
    common = opened("Sri Lanka tea", "Sri spice", *catalogue)
    assert read(common, "sari").corrected == "sri"
    assert read(rare, "lankaa").corrected == "lanka"  # long enough to be meant


def test_guesses_weigh_less_than_what_was_typed_and_the_best_one_most(shop: Snapshot) -> None:
    weights = ways(read(shop, "nouse"))
    assert weights["nous",] == 1.0
    # The keys of n and m are neighbours.
    assert weights["mous",] == 0.9
    assert 0.2 <= weights["hous",] < 0.9


@pytest.mark.parametrize("text", ["mouse", "mattress cover", "shorts", "travel", "flowers"])
def test_a_word_of_the_catalogue_is_not_replaced(shop: Snapshot, text: str) -> None:
    assert read(shop, text).corrected is None


def test_a_word_of_the_catalogue_is_also_looked_for_as_a_far_likelier_one(opened: Open) -> None:
    snapshot = opened("Matress topper", *["Mattress"] * 400, *FILLING)
    understood = read(snapshot, "matress")
    assert kinds(understood) == [StepKind.EXPANDED]
    assert ways(understood) == {("matress",): 1.0, ("mattress",): 0.5}
    assert understood.corrected is None
    assert found(snapshot, "matress")[0] == "p0"
    assert ways(read(snapshot, "mattress")) == {("mattress",): 1.0}


def test_another_form_of_a_word_is_not_taken_for_an_error(opened: Open) -> None:
    snapshot = opened("Cable", "Head-set", *["Tables"] * 9, *["Handset"] * 9, *FILLING)
    assert ways(read(snapshot, "cables")) == {("cabl",): 1.0}
    assert ways(read(snapshot, "headset")) == {("headset",): 1.0}


def test_a_word_of_the_language_that_the_shop_lacks_is_no_error(shop: Snapshot) -> None:
    understood = read(shop, "blue shirt")
    assert understood.corrected is None
    assert understood.text == "blue shirt"
    assert StepKind.CORRECTED not in kinds(understood)
    assert read(shop, "blue shorks").corrected == "blue shorts"


def test_a_word_of_the_language_may_be_two_in_the_shop(shop: Snapshot) -> None:
    understood = read(shop, "toothbrush")
    assert kinds(understood) == [StepKind.SPLIT]
    assert understood.corrected is None
    assert set(found(shop, "toothbrush")) == {"p11", "p12"}


def test_a_forgotten_space_is_put_in(shop: Snapshot) -> None:
    understood = read(shop, "Mousepad (soft)")
    assert understood.corrected == "mouse pad (soft)"
    assert kinds(understood) == [StepKind.SPLIT]
    assert set(found(shop, "mousepad")) == {"p2", "p3"}
    assert set(found(shop, "mousepads")) == {"p2", "p3"}


def test_a_word_is_not_split_where_no_product_has_both_parts(shop: Snapshot) -> None:
    assert read(shop, "carpet").steps == ()
    assert read(shop, "chairmouse").corrected is None


def test_one_error_is_likelier_than_a_forgotten_space_and_two_are_not(opened: Open) -> None:
    snapshot = opened("Mouse pads", "Mouse pads", "Mousepod", *FILLING)
    assert read(snapshot, "mousepads").corrected == "mouse pads"
    snapshot = opened("Mouse pads", "Mouse pads", "Mousepadz", *FILLING)
    assert read(snapshot, "mousepads").corrected == "mousepadz"


@pytest.mark.parametrize("text", ["tn2110x", "rtx206o", "mattr3ss", "hs-2b", "m0use"])
def test_a_word_with_a_digit_is_never_corrected(shop: Snapshot, text: str) -> None:
    understood = read(shop, text)
    assert understood.corrected is None
    assert not {StepKind.CORRECTED, StepKind.EXPANDED} & set(kinds(understood))


def test_function_words_are_not_corrected(shop: Snapshot) -> None:
    assert read(shop, "house with your chair").corrected is None


def test_a_text_of_many_misspelt_words_is_corrected_at_its_beginning_only(shop: Snapshot) -> None:
    corrected = read(shop, "matress umbrela " * 10).corrected
    assert corrected == " ".join(["mattress umbrella"] * 8 + ["matress umbrela"] * 2)
