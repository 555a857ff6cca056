from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.report.markup import element, raw_text, serialize, unseen


class Reader(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.attributes: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: bytes) -> Reader:
    reader = Reader()
    reader.feed(html.decode())
    reader.close()
    return reader


# html.parser leaves what HTML would normalize: NUL, CR and the C1 references.
_TEXT = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc"]))


@given(_TEXT, _TEXT)
def test_no_text_becomes_a_tag(text: str, value: str) -> None:
    reader = read(serialize(element("p", {"title": value}, text, element("b", {}, text), text)))
    assert reader.tags == ["p", "b"]
    assert reader.text.removesuffix("\n") == f"\n{text * 3}"
    assert reader.attributes == {"title": value}


def test_children_keep_their_order() -> None:
    made = element("p", {}, "one", None, " two", element("b", {}, "three"), "four", " five")
    assert serialize(made) == b"<!doctype html>\n<p>one two<b>three</b>four five</p>\n"


def test_unseen_text_is_for_those_who_hear_the_page() -> None:
    assert b'<span class="unseen">label</span>' in serialize(unseen("label"))


def test_scripts_are_not_escaped() -> None:
    page = element("body")
    raw_text(page, "script", 'if (1 < 2 && "x") {}', {"type": "module"})
    assert b'<script type="module">if (1 < 2 && "x") {}</script>' in serialize(page)


@pytest.mark.parametrize("text", ["a</script>b", "a</SCRIPT b", "<!-- x"])
def test_a_script_that_would_end_early_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="escaped"):
        raw_text(element("body"), "script", text, {})


def test_half_a_surrogate_pair_does_not_spoil_the_file() -> None:
    assert b"<p>a?b</p>" in serialize(element("p", {}, "a\ud800b"))
