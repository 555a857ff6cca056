"""From products to the suggestions of a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from indexer.analysis.analyzer import Analyzer
from indexer.errors import SnapshotCorruptError
from indexer.layout import IndexLayout
from indexer.product import Product
from indexer.snapshot import SUGGESTIONS_FILE, open_snapshot
from indexer.suggestions import builder
from indexer.suggestions.builder import SuggestionsBuilder
from indexer.suggestions.reader import Suggestions

if TYPE_CHECKING:
    from tests.conftest import Build


def product(title: str, brand: str = "", *paths: str) -> Product:
    return Product(id="x", title=title, brand=brand, product_types=paths)


def write(path: Path, *products: Product) -> Suggestions:
    made = SuggestionsBuilder()
    for entry in products:
        made.add(entry)
    made.write(path / SUGGESTIONS_FILE, Analyzer("english"))
    return Suggestions.read(path / SUGGESTIONS_FILE)


def phrases(found: Suggestions) -> dict[str, int]:
    numbers = found.phrases.complete("", 1_000)
    return {found.phrases.text(number): found.phrases.weight(number) for number in numbers}


def test_brands_last_parts_of_categories_and_both_together_are_phrases(tmp_path: Path) -> None:
    found = phrases(
        write(
            tmp_path,
            product("MDR-1000X1", "Sony", "Audio > Over-Ear Headphones"),
            product("MDR-2000X1", "Sony", "Audio > Over-Ear Headphones", "Audio > Sale"),
            product("QC-4500X1", "Bose", "Audio > Over-Ear Headphones"),
        )
    )
    assert found == {
        "Over-Ear Headphones": 3,
        "Sony": 2,
        "Sony Over-Ear Headphones": 2,
        "Bose": 1,
        "Sale": 1,
    }


def test_names_that_differ_in_case_or_ending_are_one_phrase_with_all_products(
    tmp_path: Path,
) -> None:
    products = [product("12", "SONY"), product("12", "Sony"), product("12", "Sony")]
    assert phrases(write(tmp_path, *products)) == {"Sony": 3}


def test_a_phrase_of_titles_and_a_category_are_one_with_the_greater_weight(tmp_path: Path) -> None:
    products = [product("Desk Lamps", "", "Light > Desk Lamp"), product("Oak", "", "Desk Lamp")]
    found = phrases(write(tmp_path, *products))
    assert found["Desk Lamp"] == 2
    assert "Desk Lamps" not in found


@pytest.mark.parametrize("brand", ["12", "-", "a" * 65, "one two three four five six seven"])
def test_what_is_no_name_is_not_suggested(tmp_path: Path, brand: str) -> None:
    assert phrases(write(tmp_path, product("Lamp", brand))) == {"Lamp": 1}


def test_a_brand_is_not_repeated_before_a_category_that_names_it(tmp_path: Path) -> None:
    products = [product("12", "Nike", "Nike Shoes")] * 2
    assert phrases(write(tmp_path, *products)) == {"Nike": 2, "Nike Shoes": 2}


def test_there_are_never_more_phrases_than_the_limit_and_the_heaviest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "MOST_PHRASES", 2)
    products = [product("lamp"), product("lamp"), product("desk"), product("desk"), product("rug")]
    assert set(phrases(write(tmp_path, *products))) == {"lamp", "desk"}


RECORDS = [
    {"id": f"{n}", "title": f"{colour} {thing}", "brand": "Acme", "product_type": f"All > {thing}"}
    for n, (colour, thing) in enumerate(
        (colour, thing)
        for colour in ("Red", "Blue")
        for thing in ("desk lamp", "garden gnome", "T-Shirt")
    )
]


def test_two_builds_of_one_feed_are_the_same_bytes(build: Build, layout: IndexLayout) -> None:
    files = []
    for _ in range(2):
        build(RECORDS)
        generation = layout.generation_dir(layout.require_current())
        files.append((generation / SUGGESTIONS_FILE).read_bytes())
    assert files[0] == files[1]


def test_every_phrase_of_a_snapshot_finds_a_product(build: Build, layout: IndexLayout) -> None:
    build(RECORDS)
    snapshot = open_snapshot(layout)
    found = phrases(snapshot.suggestions)
    assert {"garden gnome", "Acme", "T-Shirt", "Acme desk lamp"} <= set(found)
    for text in found:
        rows = [set(snapshot.lexical.rows(it).tolist()) for it in snapshot.analyzer.terms(text)]
        assert set.intersection(*rows)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, product("Lamp"))
    path = tmp_path / SUGGESTIONS_FILE
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(SnapshotCorruptError):
        Suggestions.read(path)
