from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.feeds.markup import clean, plain_text, shorten


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a<br>b", "a b"),
        ("a<br/>b", "a b"),
        ("<ul><li>one<li>two</ul>", "one two"),
        ("H<sub>2</sub>O", "H2O"),
        ("<P CLASS=x>Fish &amp; chips</P>", "Fish & chips"),
        ("<p>x<script>alert('<b>')</script>y<style>p{}</style>z</p>", "x y z"),
        ("<p>x<script/>y</p>", "xy"),
        ("x<!-- no -->y", "xy"),
        ("<![CDATA[<p>hey</p>]]>", "hey"),
        ("&lt;p&gt;Hi &amp;amp; you&lt;/p&gt;", "Hi & you"),
        ("<o:p>word</o:p> <shop-box>custom</shop-box>", "word custom"),
        ("<svg/onload=alert(1)>x", "x"),
        ("<p>cut by the sender <a href='http", "cut by the sender"),
        ("<p>a<T>b</T>c</p>", "a<T>b</t>c"),
        ("&#65;&#x42;&nbsp;C", "AB C"),
        ("<b>x</b><![if gte mso 9]>y<![endif]>", "xy"),
        ("<b>x</b> <![CDA3A[<b>bold</b>] y", "x bold] y"),
        ("<b>x</b><![", "x<!["),
    ],
)
def test_markup_goes_and_words_stay_apart(given_text: str, expected: str) -> None:
    assert plain_text(given_text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "size < 5", "5<6 and 7>3", "<3 love", "Vector<T> rocks", "R&D", "AT&T", "a & b", "x<y",
        "http://shop.example/?a=1&copy=2&reg=3", "a <", "<>", "&", "&;", "A > B > C",
    ],
)  # fmt: skip
def test_plain_text_with_signs_of_markup_survives(text: str) -> None:
    assert plain_text(text) == text


def test_control_and_invisible_characters_go_and_white_space_is_one_space() -> None:
    given_text = "\x00a\u00adb\t\r\n c\u200bd\ufeff\x7f\u00a0\u0085e\x1b"
    assert clean(given_text) == "ab c d e"


def test_text_is_in_nfc() -> None:
    assert clean("Cafe\N{COMBINING ACUTE ACCENT}") == "Café"


@given(st.text())
def test_cleaning_is_idempotent_and_leaves_no_control_character(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(character) == "Cc" for character in cleaned)
    assert cleaned == cleaned.strip()


@given(st.text("<>/!-[]&;#xaptb='\" \n", max_size=60))
def test_any_soup_of_markup_gives_text(soup: str) -> None:
    text = plain_text(soup)
    assert text == clean(text)


@given(st.text(st.characters(codec="utf-8"), max_size=40))
def test_escaped_text_in_a_paragraph_is_that_text(text: str) -> None:
    escaped = html.escape(text.replace("&", "and").replace("<", "less"))
    expected = clean(text.replace("&", "and").replace("<", "less"))
    assert clean(plain_text(f"<p>{escaped}</p>")) == clean(html.unescape(html.escape(expected)))


@pytest.mark.parametrize("piece", ["<a ", "<!--", "<a b='", "</", "<script>", "&#", "<![CDATA["])
def test_much_broken_markup_is_read_once(piece: str) -> None:
    # Each of them takes a bare html.parser a minute.
    assert isinstance(plain_text("<p>" + piece * 100_000), str)


def test_a_long_text_is_cut_between_words() -> None:
    assert shorten("one two three", 9) == "one two"
    assert shorten("one two three", 7) == "one two"
    assert shorten("unbroken", 4) == "unbr"
    assert shorten("short", 5) == "short"


@given(st.text("ab ", max_size=30).map(clean), st.integers(1, 30))
def test_a_cut_text_is_a_prefix_within_the_limit(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    assert text.startswith(cut)
    assert len(cut) <= limit
