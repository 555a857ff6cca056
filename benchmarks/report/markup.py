"""Markup: HTML and SVG as trees, so that no text can become a tag."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, tostring

__all__ = ["Element", "Node", "element", "raw_text", "serialize", "unseen"]

Node = Element | str


def element(tag: str, attributes: dict[str, str] | None = None, *children: Node | None) -> Element:
    """A new element; texts among `children` are escaped, None is left out."""
    made = Element(tag, attributes or {})
    for child in children:
        if isinstance(child, Element):
            made.append(child)
        elif child is not None:
            _append_text(made, child)
    return made


def unseen(text: str) -> Element:
    """Text for those who hear the page."""
    return element("span", {"class": "unseen"}, text)


def raw_text(parent: Element, tag: str, text: str, attributes: dict[str, str]) -> None:
    """Append a ``script`` or ``style``, whose text HTML does not escape.

    Raises:
        ValueError: the text would end the element, or begin a comment in it.
    """
    lowered = text.lower()
    if f"</{tag}" in lowered or "<!--" in lowered:
        raise ValueError(f"text of <{tag}> contains </{tag} or <!--: expected it escaped")
    SubElement(parent, tag, attributes).text = text


def serialize(html: Element) -> bytes:
    """The document as UTF-8; half a surrogate pair, which UTF-8 has not, becomes ``?``."""
    text: str = tostring(html, encoding="unicode", method="html")
    return f"<!doctype html>\n{text}\n".encode(errors="replace")


def _append_text(parent: Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text
    else:
        parent.text = (parent.text or "") + text
