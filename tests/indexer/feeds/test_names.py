from __future__ import annotations

from dataclasses import fields

import pytest

from indexer.errors import FeedUnreadableError, SettingsError
from indexer.feeds.names import CUSTOM_LABELS, PRODUCT_DETAIL, FieldNames
from indexer.product import Product

NAMES = FieldNames({})


@pytest.mark.parametrize(
    "name", ["image_link", "Image Link", "image-link", "g:image_link", "G:Image Link", "imageLink"]
)
def test_googles_names_are_known_in_every_spelling(name: str) -> None:
    assert NAMES.target(name).field == "image_link"


def test_every_product_field_and_googles_repeated_ones_are_known() -> None:
    for field in fields(Product):
        assert NAMES.target(field.name).field == field.name
    assert NAMES.target("product_type").field == "product_types"
    for name in (*CUSTOM_LABELS, PRODUCT_DETAIL):
        assert NAMES.target(name).field == name


def test_an_unknown_name_is_a_free_attribute_of_that_name() -> None:
    assert NAMES.target("g:Farb Ton").attribute == "Farb Ton"
    assert NAMES.target("Farbe") is NAMES.target("Farbe")


def test_a_mapping_goes_before_googles_names_in_any_spelling() -> None:
    names = FieldNames(
        {"Artikel-Nr": "id", "farbe": "attributes.colour", "title": "item_group_title"}
    )
    assert names.target("Artikel-Nr").field == "id"
    assert names.target("artikel nr").field == "id"
    assert names.target("farbe").attribute == "colour"
    assert names.target("title").field == "item_group_title"
    assert names.target("id").rank < names.target("artikel nr").rank


@pytest.mark.parametrize("target", ["colour", "", "attributes.", "attributes." + "x" * 101])
def test_a_mapping_to_no_such_target_is_refused_with_both_names(target: str) -> None:
    with pytest.raises(SettingsError, match="'farbe'"):
        FieldNames({"farbe": target})


def test_an_endless_number_of_names_is_not_remembered() -> None:
    names = FieldNames({})
    for number in range(30_000):
        names.target(str(number))
    assert len(names._known) <= 20_000  # noqa: SLF001 - the bound is what is tested


def test_a_header_has_to_name_the_id_and_the_title() -> None:
    assert NAMES.id_column(["Title", "", "g:id"]) == 2
    with pytest.raises(FeedUnreadableError, match="at most 100 characters"):
        NAMES.id_column(["id", "title", "x" * 101])
    with pytest.raises(FeedUnreadableError, match="no column for id and title, only: sku, name"):
        NAMES.id_column(["sku", "name"])
