from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.catalogue import vocabulary
from benchmarks.catalogue.schema import CommonFile, DepartmentFile
from benchmarks.catalogue.vocabulary import (
    VocabularyError,
    agree,
    department_kinds,
    load_vocabulary,
)

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.catalogue.kind import Kind

KINDS = load_vocabulary()
each_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.slug for kind in KINDS])


def test_there_are_departments_kinds_and_brands_enough_for_a_shop() -> None:
    assert len({kind.department.name for kind in KINDS}) >= 8
    assert len({kind.slug for kind in KINDS}) == len(KINDS) >= 60
    assert len({brand for kind in KINDS for brand in kind.department.brands}) >= 100


@each_kind
def test_no_model_says_two_things_of_one_attribute(kind: Kind) -> None:
    axes = [{trait.attribute for trait in axis} for axis in kind.axes]
    names = [*chain.from_iterable(axes), *(spec.attribute for spec in kind.specs)]
    assert len(names) == len(set(names))


@each_kind
def test_shoppers_ask_for_a_trait_in_other_words_than_titles_use(kind: Kind) -> None:
    for trait in chain.from_iterable(kind.axes):
        asked = {word for ask in trait.asks for word in re.findall(r"[a-z0-9]+", ask.lower())}
        assert not asked & set(re.findall(r"[a-z0-9]+", trait.title.lower())), trait


@each_kind
def test_every_phrase_agrees_with_its_kind_and_has_its_places(kind: Kind) -> None:
    for trait in chain.from_iterable(kind.axes):
        assert len(trait.says) >= 4
        assert len(set(trait.says)) == len(trait.says)
        assert all(ask.count("{noun}") == 1 for ask in trait.asks)
        assert not any(set("[]{|}") & set(text) for text in trait.says)
    for spec in kind.specs:
        assert spec.title.count("{}") == spec.says.count("{}") == 1


@each_kind
def test_a_kind_has_a_path_a_price_range_and_colours(kind: Kind) -> None:
    assert kind.product_type.count(" > ") == 2
    assert 0 < kind.price[0] < kind.price[1]
    assert len({colour.hex for colour in kind.colours}) == len(kind.colours) >= 3


@pytest.mark.parametrize(
    ("slug", "path"),
    [
        ("jacket", "Outdoor & Sports Clothing > Jackets > Jackets"),
        ("mattress", "Furniture & Home > Bedroom > Mattresses"),
        ("bookshelf", "Furniture & Home > Office > Bookshelves"),
        ("kitchen-knife", "Kitchen & Dining > Cutlery > Chef's Knives"),
        ("hiking-boots", "Footwear > Boots > Hiking Boots"),
    ],
)
def test_a_path_ends_in_the_plural(slug: str, path: str) -> None:
    assert next(kind for kind in KINDS if kind.slug == slug).product_type == path


def test_verbs_agree_in_number() -> None:
    text = "[is|are] dry and carr[ies|y] what need[s] to go"
    assert agree(text, plural=False) == "is dry and carries what needs to go"
    assert agree(text, plural=True) == "are dry and carry what need to go"


COMMON: dict[str, Any] = {
    "priced_scales": [],
    "colours": {"Red": {"hex": "ff0000", "family": "red", "shade": "red"}},
    "palettes": {"all": ["Red"]},
    "scales": {},
    "kids_scales": {},
    "audiences": {},
    "traits": {},
}
DEPARTMENT: dict[str, Any] = {
    "name": "Lights",
    "brands": ["Lux"],
    "lines": ["Ray"],
    "editions": [""],
    "palette": "all",
    "closings": ["Bye."],
    "materials": {"tin": "shiny"},
    "traits": {"dim": {"attribute": "a", "value": "b", "says": ["c"], "asks": ["{noun} d"]}},
    "kinds": [
        {
            "slug": "lamp",
            "name": "Lamp",
            "category": "Indoor",
            "nouns": ["lamp"],
            "pitches": ["x", "y"],
            "price": [1, 2],
            "materials": ["tin"],
            "axes": [["dim"]],
        }
    ],
}


def _kinds(**changes: object) -> list[Kind]:
    kind = DEPARTMENT["kinds"][0] | changes
    file = DepartmentFile.model_validate(DEPARTMENT | {"kinds": [kind]})
    return department_kinds(file, CommonFile.model_validate(COMMON))


def test_a_kind_is_resolved() -> None:
    (kind,) = _kinds()
    assert kind.colours[0].hex == "ff0000"
    assert kind.sizes == {"": ()}
    assert kind.axes[0][0].says == ("c",)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"materials": ["gold"]}, "gold"),
        ({"axes": [["bright"]]}, "bright"),
        ({"palette": "none"}, "none"),
        ({"scale": "feet"}, "feet"),
        ({"audiences": ["robots"]}, "robots"),
    ],
)
def test_a_name_that_nothing_defines_is_refused(change: dict[str, Any], name: str) -> None:
    with pytest.raises(VocabularyError, match=f"'lamp' of department 'Lights' names '{name}'"):
        _kinds(**change)


@pytest.mark.parametrize("content", ["name = ", 'name = "only"'])
def test_a_malformed_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "broken.toml"
    path.write_text(content)
    with pytest.raises(VocabularyError, match=r"broken\.toml"):
        vocabulary._read(path, DepartmentFile)  # noqa: SLF001 - the loader has a fixed folder
