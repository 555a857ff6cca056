"""What was typed so far, and what of a suggestion was not."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.suggestions.table import key_words
from searchsvc.suggesting.typed import Typed


@pytest.mark.parametrize(
    ("text", "words", "prefix", "head"),
    [
        ("", (), "", ""),
        ("head", (), "head", ""),
        ("  Sony HEAD", ("sony",), "head", "Sony "),
        ("sony head ", ("sony", "head"), "", "sony head "),
        ("usb-c", ("usb",), "c", "usb-"),
        ("Crème Brû", ("creme",), "bru", "Crème "),
        ("levi'", (), "levi", ""),
        ("levi's", (), "levi's", ""),
        ("3.5 m", ("3.5",), "m", "3.5 "),
        ("...", (), "", "..."),
    ],
)
def test_finished_words_and_the_beginning_of_another(
    text: str, words: tuple[str, ...], prefix: str, head: str
) -> None:
    typed = Typed.of(text)
    assert (typed.words, typed.prefix, typed.head) == (words, prefix, head)
    assert typed.key == "".join(f"{word} " for word in words) + prefix
    assert typed.every_word == words + ((prefix,) if prefix else ())


@pytest.mark.parametrize(
    ("typed", "text", "marked"),
    [
        ("head", "gaming headset", "<mark>gaming </mark>head<mark>set</mark>"),
        ("sony ", "Sony headphones", "Sony<mark> headphones</mark>"),
        ("headphones so", "Sony headphones", "So<mark>ny </mark>headphones"),
        ("gaming headset", "Gaming Headset", "Gaming Headset"),
        ("s", "Samsung S7", "S<mark>amsung S7</mark>"),
        ("cre", "Crème", "Crè<mark>me</mark>"),
        ("strass", "Straße", "Straß<mark>e</mark>"),
        ("", "lamp", "<mark>lamp</mark>"),
        ("salt", "Salt & <Pepper>", "Salt<mark> &amp; &lt;Pepper&gt;</mark>"),
    ],
)
def test_what_was_not_typed_is_marked(typed: str, text: str, marked: str) -> None:
    assert Typed.of(typed).mark_rest(text) == marked


@given(st.text(max_size=20), st.text(max_size=30))
def test_marked_text_is_the_text_and_has_no_other_markup(typed: str, text: str) -> None:
    marked = Typed.of(typed).mark_rest(text)
    assert not re.search(r"<(?!/?mark>)", marked)
    assert marked.count("<mark>") == marked.count("</mark>")
    assert html.unescape(re.sub("</?mark>", "", marked)) == html.unescape(html.escape(text))


@given(st.text(max_size=20))
def test_the_words_are_those_that_phrases_are_found_by(text: str) -> None:
    assert list(Typed.of(text).every_word) == key_words(text)


def test_a_correction_reads_as_if_it_had_been_typed() -> None:
    typed = Typed.of("sny hedph").replaced(("sony",), "headph")
    assert (typed.text, typed.head, typed.key) == ("sony headph", "sony ", "sony headph")
    assert typed.from_word(1).key == "headph"
