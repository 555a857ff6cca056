"""The items of an XML feed, collected from a parser's events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.errors import FeedUnreadableError
from indexer.feeds.raw import MAX_RECORD_BYTES, RawRecord, RawValue, shown
from indexer.product import Rejection

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ELEMENT_DEPTH = 64
"""Nesting of the whole document."""

MAX_ITEM_DEPTH = 8
"""Nesting inside an item; product_detail needs 2."""

_ROOTS = frozenset({"rss", "feed", "rdf:RDF", "RDF"})
_ITEM_NAMES = frozenset({"item", "entry"})
_MAX_ITEM_PARENTS = 2  # rss > channel > item

# Texts that may hold unescaped XHTML; it is kept as markup, to be removed like the escaped one.
_MARKUP_NAMES = frozenset(
    {"title", "g:title", "description", "g:description", "summary", "content", "content:encoded"}
)

# Which prefix stands for names of these namespaces; every other prefix stays as it is written.
_PREFIX_BY_NAMESPACE = {
    "http://base.google.com/ns/1.0": "g:",
    "http://base.google.com/cns/1.0": "",
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/rss/1.0/": "",
}


class _Element:
    """An open element inside an item."""

    __slots__ = ("address", "children", "name", "texts")

    def __init__(self, name: str, address: str = "") -> None:
        self.name = name
        self.address = address
        self.texts: list[str] = []
        self.children: dict[str, RawValue] = {}

    def add(self, name: str, value: RawValue) -> None:
        """Note a child's value; values of the same name become a list."""
        earlier = self.children.get(name)
        if earlier is None:
            self.children[name] = value
        elif isinstance(earlier, list):
            earlier.append(value)
        else:
            self.children[name] = [earlier, value]

    def value(self) -> RawValue:
        """The text; of an element without text its children or its address."""
        text = "".join(self.texts).strip()
        return text or self.children or self.address


class ItemCollector:
    """Turns element events into records; the events of one item are kept until it ends.

    Attributes:
        count: how many items have begun.
    """

    def __init__(self) -> None:
        self.count = 0
        self._complete: list[RawRecord | Rejection] = []
        self._depth = 0
        self._item: list[_Element] = []  # the item and what is open in it, outermost first
        self._item_depth = 0
        self._markup_depth = 0
        self._size = 0
        self._problem = ""
        self._prefixes = {"g": "g:"}  # many feeds forget to declare it
        self._names: dict[str, str] = {}

    def take(self) -> list[RawRecord | Rejection]:
        """The records completed since the last call."""
        complete, self._complete = self._complete, []
        return complete

    def start(self, qualified_name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth > MAX_ELEMENT_DEPTH:
            raise FeedUnreadableError(
                f"the XML nests more than {MAX_ELEMENT_DEPTH} elements in <{qualified_name}>; "
                "expected a feed of items"
            )
        if attributes:
            self._note_namespaces(attributes)
        name = self._names.get(qualified_name) or self._name(qualified_name)
        if self._item:
            self._start_inside(name, attributes)
        elif self._depth == 1 and name not in _ROOTS:
            raise FeedUnreadableError(
                f"the XML's root element is <{qualified_name}>, expected <rss>, <feed> or "
                "<rdf:RDF>; give a feed in Google's Merchant format"
            )
        elif name in _ITEM_NAMES and self._depth <= _MAX_ITEM_PARENTS + 1:
            self.count += 1
            self._item = [_Element(name)]
            self._item_depth = self._depth
            self._size = 0
            self._problem = ""

    def text(self, data: str) -> None:
        """Character data."""
        if self._item and self._has_room(len(data)):
            self._item[-1].texts.append(data)

    def end(self, qualified_name: str) -> None:
        """The element that began last and has not ended ends."""
        depth = self._depth
        self._depth -= 1
        if not self._item:
            return
        if depth == self._item_depth:
            self._complete.append(self._record())
            self._item = []
        elif self._markup_depth and depth > self._markup_depth:
            if not self._problem:
                self._item[-1].texts.append(f"</{qualified_name}>")
        elif depth - self._item_depth == len(self._item) - 1:
            self._markup_depth = 0
            element = self._item.pop()
            self._item[-1].add(element.name, element.value())

    def _start_inside(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._has_room(len(name) + sum(map(len, attributes.values()))):
            return
        depth = self._depth - self._item_depth
        if self._markup_depth:
            self._item[-1].texts.append(f"<{name}>")
        elif depth > MAX_ITEM_DEPTH:
            self._problem = f"expected at most {MAX_ITEM_DEPTH} nested elements"
        else:
            if depth == 1 and name in _MARKUP_NAMES:
                self._markup_depth = self._depth
            is_page = name == "link" and attributes.get("rel", "alternate") == "alternate"
            self._item.append(_Element(name, attributes.get("href", "") if is_page else ""))

    def _has_room(self, size: int) -> bool:
        """Whether the item takes something more; it does not once there is a problem."""
        self._size += size
        if self._size > MAX_RECORD_BYTES:
            self._problem = f"expected an item of at most {MAX_RECORD_BYTES:,} characters"
        return not self._problem

    def _record(self) -> RawRecord | Rejection:
        self._markup_depth = 0
        fields = self._item[0].children
        if self._problem:
            product_id = fields.get("g:id") or fields.get("id")
            known = product_id if isinstance(product_id, str) else ""
            return Rejection(self.count, "", shown(fields), self._problem, known)
        if self._item[0].name == "entry":
            # Atom's words for a description
            text = fields.pop("summary", "") or fields.pop("content", "")
            if text:
                fields.setdefault("description", text)
        return RawRecord(self.count, fields)

    def _note_namespaces(self, attributes: Mapping[str, str]) -> None:
        for name, value in attributes.items():
            prefix = _PREFIX_BY_NAMESPACE.get(value)
            if prefix is not None and name.startswith("xmlns:"):
                self._prefixes[name.removeprefix("xmlns:")] = prefix
                self._names.clear()

    def _name(self, qualified_name: str) -> str:
        prefix, colon, local = qualified_name.rpartition(":")
        known = self._prefixes.get(prefix) if colon else None
        name = qualified_name if known is None else known + local
        self._names[qualified_name] = name
        return name
