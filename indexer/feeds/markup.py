"""Plain text out of the text of feeds: no markup, no control characters, one Unicode form."""

from __future__ import annotations

import html
import re
import unicodedata
from html.parser import HTMLParser

# Without width and meaning to a reader, but enough to keep a word from being found: control
# characters, soft hyphen, word joiner, byte order mark. A zero-width space separates words.
_INVISIBLE = {
    code: None
    for code in (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x2060, 0xFEFF)
    if not chr(code).isspace()
} | {0x200B: " "}

_BLOCK_SPACE = " "
_ELEMENTS_WITHOUT_TEXT = frozenset({"script", "style"})
_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q ruby "
    "s samp small span strike strong sub sup time tt u var wbr"
)
_BLOCK = (
    "address article aside audio blockquote body br button canvas caption center col colgroup dd "
    "details dialog dir div dl dt embed fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
    "head header hgroup hr html iframe img input legend li link main map menu meta nav noscript "
    "object ol optgroup option p param picture pre progress section select source summary svg "
    "table tbody td template textarea tfoot th thead title tr track ul video"
)
_INLINE_ELEMENTS = frozenset(_INLINE.split())
_ELEMENTS = _INLINE_ELEMENTS | frozenset(_BLOCK.split()) | _ELEMENTS_WITHOUT_TEXT

_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:-]*)[\s/>]|<!(--|\[CDATA\[)")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")


def clean(text: str) -> str:
    """The text in NFC, without control characters, each run of white space as one space."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    if not text.isprintable():
        text = text.translate(_INVISIBLE)
    return " ".join(text.split())


def plain_text(text: str) -> str:
    """The text that a reader of the HTML sees, cleaned.

    Tags go, and so does the content of scripts and styles; elements that start a new line or box
    separate words. Text without an HTML tag stays as it is but for references that end in a
    semicolon (``&amp;``): "size < 5", "Vector<T>" and "R&D" survive. Markup that was escaped
    twice goes as well.
    """
    text = text.strip()  # XML does it anyway; a space would end a tag that is none
    if "<" not in text and "&" not in text:
        return clean(text)
    if not _has_tag(text):
        text = _REFERENCE.sub(_unescape, text)
    return clean(_without_tags(text) if _has_tag(text) else text)


def shorten(text: str, max_chars: int) -> str:
    """At most `max_chars` characters of a cleaned text, cut between words where it has any."""
    if len(text) <= max_chars:
        return text
    words, space, _ = text[: max_chars + 1].rpartition(" ")
    return words if space else text[:max_chars]


def _without_tags(text: str) -> str:
    text = text.replace("<![CDATA[", "").replace("]]>", "")
    # A description cut by its sender may end inside a tag. html.parser would keep that tag as
    # text, and take quadratic time for many of them.
    end = text.rfind(">") + 1
    rest = text[end:]
    if end and (unfinished := _TAG.search(rest)):
        rest = rest[: unfinished.start()]
    parser = _TextCollector()
    parser.feed(text[:end])
    parser.close()
    return "".join(parser.texts) + rest


def _unescape(reference: re.Match[str]) -> str:
    return html.unescape(reference[0])


def _has_tag(text: str) -> bool:
    return "<" in text and any(
        name is None or _is_element(name) for name in (tag[1] for tag in _TAG.finditer(text))
    )


def _is_element(name: str) -> bool:
    """Whether HTML, a custom element (``shop-box``) or a word processor (``o:p``) has it."""
    return name.lower() in _ELEMENTS or "-" in name or ":" in name


class _TextCollector(HTMLParser):
    """The text of an HTML fragment, in pieces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        # html.parser reads on to the end tag, without events for anything but text.
        self._is_hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _ELEMENTS_WITHOUT_TEXT:
            self._is_hidden = True
        elif not _is_element(tag):
            self.texts.append(self.get_starttag_text() or "")
        elif tag not in _INLINE_ELEMENTS:
            self.texts.append(_BLOCK_SPACE)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS_WITHOUT_TEXT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._is_hidden = False
        if not _is_element(tag):
            self.texts.append(f"</{tag}>")
        elif tag not in _INLINE_ELEMENTS:
            self.texts.append(_BLOCK_SPACE)

    def handle_data(self, data: str) -> None:
        if not self._is_hidden:
            self.texts.append(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:  # noqa: FBT001, FBT002 - theirs
        """``<![...>`` is a comment, as HTML has it; html.parser raises at what SGML has not."""
        return self.parse_bogus_comment(i, report)
