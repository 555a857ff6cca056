"""Where caseless characters stand in the text as it is written."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.analysis.text import caseless
from searchsvc.results.offsets import Offsets, combines

ODD = st.text(
    st.one_of(
        st.sampled_from(
            "ab é\u0301\u0308\u0323ßẞﬁﬀİ½ⅷ™…Ａ０ﾞﾊ가각\u1100\u1161\u11a8\u200d\u0bbe㎏’"
        ),
        st.characters(),
    ),
    max_size=30,
)


@given(ODD)
def test_each_part_of_a_text_has_the_caseless_form_that_it_is_mapped_from(text: str) -> None:
    whole = caseless(text)
    offsets = Offsets(text)
    spans = [offsets.span(place, place + 1) for place in range(len(whole))]
    distinct = list(dict.fromkeys(spans))
    assert "".join(text[begin:end] for begin, end in distinct) == text
    assert "".join(caseless(text[begin:end]) for begin, end in distinct) == whole


@given(ODD, st.data())
def test_a_span_never_parts_a_sign_from_what_it_stands_on(text: str, data: st.DataObject) -> None:
    whole = caseless(text)
    if not whole:
        return
    begin = data.draw(st.integers(0, len(whole) - 1))
    end = data.draw(st.integers(begin + 1, len(whole)))
    first, last = Offsets(text).span(begin, end)
    assert first == 0 or not combines(text[first])
    assert last == len(text) or not combines(text[last])
    assert whole[begin:end] in caseless(text[first:last])


@pytest.mark.parametrize(
    ("text", "word", "written"),
    [
        ("Große Straße 5", "strasse", "Straße"),
        ("İstanbul lamp", "lamp", "lamp"),
        ("ﬁne oﬃce", "office", "oﬃce"),
        ("Ｓｏｎｙ ＴＶ", "tv", "ＴＶ"),
        ("Cafe\u0301 mug", "caf\u00e9", "Cafe\u0301"),
        ("Cafe\u0301 mug", "mug", "mug"),
        ("Kids\u2019 bike\u2026 red", "red", "red"),
        ("plain ascii", "ascii", "ascii"),
    ],
)
def test_words_are_found_as_they_are_written(text: str, word: str, written: str) -> None:
    place = caseless(text).index(word)
    begin, end = Offsets(text).span(place, place + len(word))
    assert text[begin:end] == written


@pytest.mark.slow
def test_only_marks_and_jamo_ever_combine_with_what_is_before_them() -> None:
    """The rule that `combines` follows, checked against every character and its parts."""
    for number in range(sys.maxunicode + 1):
        parts = unicodedata.normalize("NFKD", chr(number))
        assert caseless(chr(number)) != ""
        if unicodedata.combining(parts[0]):
            assert combines(chr(number))
        composed = unicodedata.normalize("NFC", parts)
        if len(parts) > 1 and len(composed) == 1:
            assert combines(parts[1])
