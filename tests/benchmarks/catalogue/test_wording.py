from __future__ import annotations

import pytest

from benchmarks.catalogue.kind import Colour, Size
from benchmarks.catalogue.wording import one, title, variant_sentences

NAVY = Colour("Navy", "22335c", "blue", "a dark blue")
LARGE = Size("L", "a chest of 100 to 106 cm")


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [
        ("jacket", "a jacket"),
        ("armchair", "an armchair"),
        ("USB hub", "a USB hub"),
        ("RC car", "an RC car"),
        ("espresso maker", "an espresso maker"),
    ],
)
def test_the_article_follows_the_sound(noun: str, phrase: str) -> None:
    assert one(noun, plural=False) == phrase


def test_several_things_have_no_article() -> None:
    assert one("earbuds", plural=True) == "earbuds"


@pytest.mark.parametrize(
    ("style", "expected"), [(0, "Storm Navy L"), (1, "Storm, Navy, L"), (2, "Storm - Navy / L")]
)
def test_a_title_ends_in_colour_and_size(style: int, expected: str) -> None:
    assert title("Storm", "Navy", "L", style) == expected
    assert title("Storm", "", "", style) == "Storm"


def test_colour_and_size_are_put_into_words() -> None:
    for style in range(15):
        text = variant_sentences(NAVY, LARGE, style)
        assert "Navy" in text
        assert "dark blue" in text
        assert "chest" in text
    assert variant_sentences(None, None, 3) == ""
