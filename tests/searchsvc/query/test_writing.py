"""Every way of writing the same finds the same products, through the whole search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from searchsvc.query.query import Query
from searchsvc.query.slot import StepKind
from searchsvc.search import search
from tests.searchsvc.query.asking import (
    EMBEDDER,
    FILLING,
    WORDS_ONLY,
    Open,
    found,
    kinds,
    read,
    ways,
)

if TYPE_CHECKING:
    from indexer.settings import Language

ROWS = [
    ["head set", "headset", "head-set", "Head Sets", "HEADSETS", "head‐set"],
    ["t-shirt", "tshirt", "T Shirt", "t-shirts", "T SHIRTS", "tshirts", "t–shirt"],
    ["tn-2110", "tn2110", "TN 2110", "tn‑2110", "TN_2110"],
    ["rtx 2060", "rtx2060", "RTX-2060"],
    ["wi-fi", "wifi", "Wi Fi", "WI-FI"],
    ["SM-P615-N", "smp615n", "SM-P615N", "smp615-n"],
    ["17 inch", '17"', "17-inch", "43.2 cm", "17 in", "17”", "17inch"],
    ["2tb", "2 TB", "2000 gb", "2,000 GB"],
    ["5 l", "5L", "5 litre", "5000 ml", "5-liter"],
    ["1,5 l", "1.5 l", "1500 ml", "1.5-litre"],
    ["café", "cafe", "CAFÉ", "cafe\u0301"],
    ["women's", "womens", "Women’s"],
    ["1/2 inch", '½"', "0.5 in", "1.27 cm"],
    ["usb c", "usb-c", "USBC"],
    ["3.5mm", "3.5 mm", "0.35 cm"],
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_spelling_finds_every_other(opened: Open, row: list[str]) -> None:
    snapshot = opened(*(f"{spelling} gadget" for spelling in row), *FILLING)
    everything = {f"p{number}" for number in range(len(row))}
    for spelling in row:
        assert set(found(snapshot, spelling)) == everything, spelling


@pytest.mark.parametrize(
    ("said", "asked"),
    [(one, other) for row in ROWS for one in row for other in row if one != other],
)
def test_a_spelling_finds_the_only_product_with_another(
    opened: Open, said: str, asked: str
) -> None:
    # The parts of a compound are told apart where titles have them.
    parts = ["Ball head", "Drill set", "Metal head", "Tool set", "Wi man", "Fi man"]
    snapshot = opened(f"{said} gadget", *parts, *FILLING)
    assert found(snapshot, asked)[0] == "p0"


@pytest.mark.parametrize(
    ("language", "row"),
    [
        ("german", ["Kopfhörer", "Kopfhoerer", "Kopf-Hörer", "KOPFHÖRER", "Kopf Hörer"]),
        ("german", ["Bluetooth-Lautsprecher", "Bluetoothlautsprecher", "bluetooth lautsprecher"]),
        ("german", ["Straße", "Strasse", "STRASSE"]),
        ("german", ["1,5 Liter", "1.5 l", "1500 ml", "1,5 l", "1,5-Liter"]),
        ("german", ["17 Zoll", '17"', "43,2 cm", "17-Zoll"]),
        ("french", ["crème brûlée", "creme brulee", "CRÈME BRÛLÉE"]),
        ("french", ["l'huile", "huile", "L’huile"]),
        ("french", ["0,75 litre", "75 cl", "750 ml"]),
        ("spanish", ["camión", "camion", "camiones"]),
        ("dutch", ["fiets-tas", "fietstas", "fietstassen"]),
        ("swedish", ["jacka", "jackorna", "JACKA"]),
        ("none", ["naïve", "naive", "NAÏVE"]),
    ],
)
def test_every_spelling_of_a_language_finds_every_other(
    opened: Open, language: Language, row: list[str]
) -> None:
    snapshot = opened(*row, language=language)
    everything = {f"p{number}" for number in range(len(row))}
    for spelling in row:
        assert set(found(snapshot, spelling)) == everything, spelling


@pytest.mark.parametrize(
    ("text", "title", "stranger"),
    [
        ("2 in 1 laptop", "2 in 1 laptop", "5.08 cm laptop"),
        ("canon 5d", "Canon 5D camera", "Canon 6D camera"),
        ("iphone 5s", "iPhone 5s", "iPhone 6s"),
        ("4k tv", "4K TV", "2K TV"),
        ("1,5 l kettle", "1.5 l kettle", "5 l kettle"),
        ("1/2 inch hose", '0.5" hose', "2 inch hose"),
        ("tn2110", "Toner TN-2110", "Toner TN-2120"),
    ],
)
def test_what_is_asked_for_stands_before_what_merely_looks_like_it(
    opened: Open, text: str, title: str, stranger: str
) -> None:
    for titles, first in (((title, stranger), "p0"), ((stranger, title), "p1")):
        assert found(opened(*titles, *FILLING), text)[0] == first


def test_two_in_one_is_no_length(opened: Open) -> None:
    snapshot = opened("2 in 1 laptop", "Laptop 5.08 cm thick", "2 inch hose")
    assert StepKind.QUANTITY not in kinds(read(snapshot, "2 in 1 laptop"))


def test_a_number_before_in_may_be_a_model(opened: Open) -> None:
    snapshot = opened("Phone 11 black", "Ruler 27.9 cm", "Phone case")
    understood = read(snapshot, "phone 11 in black")
    assert found(snapshot, "phone 11 in black")[0] == "p0"
    weights = ways(understood, 1)
    assert weights["11",] == weights["#27.9cm",] == 1.0


def test_one_word_asks_for_a_quantity_however_it_is_written(opened: Open) -> None:
    snapshot = opened("Kettle 1.5 l", "Kettle 1500 ml", *FILLING)
    for text in ("1.5l", "1.5 l", "1,5 l", "1,500 ml"):
        clauses = read(snapshot, text).clauses
        assert [clause.optional for clause in clauses].count(False) == 1, text
        scores = [hit.score for hit in search(Query(text), snapshot, EMBEDDER, WORDS_ONLY).hits]
        assert len(scores) == 2


def test_a_quantity_that_no_product_has_is_left_as_words(opened: Open) -> None:
    snapshot = opened("Kettle 17 inch", *FILLING)
    understood = read(snapshot, "18 inch")
    assert StepKind.QUANTITY not in kinds(understood)
    assert not any(clause.optional for clause in understood.clauses)


def test_a_name_with_its_number_is_found_where_prose_parts_them(opened: Open) -> None:
    snapshot = opened("Gaming laptop", description="with a fast RTX 2060 inside")
    assert found(snapshot, "rtx2060") == ["p0"]
    understood = read(snapshot, "rtx2060")
    assert kinds(understood) == [StepKind.SPLIT]
    assert understood.corrected is None


def test_a_short_model_is_not_taken_apart(opened: Open) -> None:
    snapshot = opened("Camera 16 MP with 3 lenses", *FILLING)
    assert found(snapshot, "mp3") == []


def test_an_identifier_comes_first_whatever_else_looks_like_it(opened: Open) -> None:
    snapshot = opened("tn2110", "TN 2110 tn-2110 TN2110 toner", "tn2111", mpn="")
    assert found(snapshot, "p2")[0] == "p2"
    assert found(snapshot, "TN-2110")[:2] in (["p0", "p1"], ["p1", "p0"])


def test_a_joined_form_weighs_as_much_as_its_words_where_it_is_usual(opened: Open) -> None:
    rare = opened("Headset", "Head set", "Head set red", *FILLING)
    assert ways(read(rare, "head set"))["headset",] == 0.75
    usual = opened("Headset", "Headset red", "Headset blue", "Drill head", "Tool set", *FILLING)
    assert ways(read(usual, "head set"))["headset",] == 1.0
    assert set(found(usual, "head set")[:3]) == {"p0", "p1", "p2"}


def test_words_that_would_be_too_long_together_stay_apart(opened: Open) -> None:
    snapshot = opened("pneumono ultramicroscopic silico", *FILLING)
    assert read(snapshot, "pneumonoultramicroscopic-silicovolcanoconiosis").steps == ()


def test_a_name_and_a_number_of_different_products_are_not_put_together(opened: Open) -> None:
    snapshot = opened("Printer kit", "Part 20600", *FILLING)
    assert read(snapshot, "printer20600").steps == ()
