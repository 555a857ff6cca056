from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.catalogue.vocabulary import load_vocabulary
from searchsvc.sample.image import product_image
from searchsvc.sample.shape import SHAPES

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", [kind.slug for kind in load_vocabulary()])
def test_every_kind_of_the_catalogue_is_drawn_as_well_formed_svg(kind: str) -> None:
    image = product_image(kind, "22335c")
    assert image is not None
    root = ET.fromstring(image)  # noqa: S314 - our own drawing
    assert root.tag == f"{SVG}svg"
    assert root.attrib["color"] == "#22335c"
    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "g", "path", "rect", "circle", "ellipse")
    }


def test_every_shape_is_drawn_in_the_products_colour() -> None:
    for name in SHAPES:
        image = product_image(name, "AABBCC")
        assert image is not None
        assert b'color="#aabbcc"' in image


def test_the_catalogue_needs_every_shape_and_has_many() -> None:
    pictures = {product_image(kind.slug, "000000") for kind in load_vocabulary()}
    assert len(SHAPES) >= 60
    assert len(pictures) >= len(SHAPES)


@pytest.mark.parametrize("kind", ["", "unicorn", "../image", "Jacket", '"><script>'])
def test_an_unknown_kind_has_no_picture(kind: str) -> None:
    assert product_image(kind, "22335c") is None


@given(colour=st.text(max_size=12))
def test_no_text_but_six_hexadecimal_digits_gets_into_a_picture(colour: str) -> None:
    image = product_image("jacket", colour)
    digits = len(colour) == 6 and all(letter in "0123456789abcdefABCDEF" for letter in colour)
    assert (image is not None) == digits


@pytest.mark.parametrize("colour", ["22335c\n", "#22335c", "22335", "22335g", "red", "\uff12" * 6])
def test_a_malformed_colour_has_no_picture(colour: str) -> None:
    assert product_image("jacket", colour) is None
