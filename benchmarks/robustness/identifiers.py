"""Product identifiers as people write them, and whether the search puts their product first."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from indexer.identifiers import MOST_SHARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from indexer.product import Product

_GROUP = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_MPN = 32
_MOST_WORDS = 3
_PRINTED_GTIN = {8: (4, 4), 12: (1, 5, 5, 1), 13: (1, 6, 6), 14: (1, 2, 5, 5, 1)}
"""How the digits stand below the bar code, by their number."""
_PADDED_GTIN = 14


class Kind(StrEnum):
    """The fields that identify a product."""

    ID = "id"
    SKU = "SKU"
    GTIN = "GTIN"
    MPN = "MPN"


class Style(StrEnum):
    """A way to write an identifier; see `writings`."""

    AS_IS = "as is"
    LOWER = "lower case"
    CLOSED = "closed up"
    SPACED = "spaced"
    DASHED = "dashes, zeros"


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of the catalogue.

    Attributes:
        text: as the feed has it.
        product_ids: all products that it identifies, by any of their fields; at least one.
    """

    kind: Kind
    text: str
    product_ids: frozenset[str]


class Identifiers:
    """All identifiers of a catalogue; products are added one by one."""

    def __init__(self) -> None:
        self._owners: defaultdict[str, set[str]] = defaultdict(set)
        self._texts: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
        self.names = 0
        """Products whose MPN is left out because it looks like a name."""

    def add(self, product: Product) -> None:
        """Take the identifiers of `product`."""
        for kind, text in _identifiers(product):
            key = identity(text)
            if not key or (key == "0" and kind is not Kind.ID):
                continue
            self._owners[key].add(product.id)
            if kind is Kind.MPN and not _like_an_identifier(text):
                self.names += 1
            else:
                self._texts[kind].setdefault(key, text)

    def draw(self, count: int, seed: int) -> list[Identifier]:
        """`count` different identifiers, or all there are, as many of each kind as possible.

        What more than `MOST_SHARED` products share is a placeholder and not drawn. An identifier
        in several fields is drawn as the first kind that it is.
        """
        rng = np.random.default_rng(seed)
        pools = self._pools()
        drawn: list[Identifier] = []
        # The smallest pool first: what it lacks falls to the others.
        for turn, kind in enumerate(sorted(pools, key=lambda kind: len(pools[kind]))):
            share = (count - len(drawn)) // (len(pools) - turn)
            drawn += [pools[kind][place] for place in rng.permutation(len(pools[kind]))[:share]]
        return drawn

    def _pools(self) -> dict[Kind, list[Identifier]]:
        pools: dict[Kind, list[Identifier]] = {kind: [] for kind in Kind}
        seen: set[str] = set()
        for kind, texts in self._texts.items():
            for key, text in texts.items():
                owners = self._owners[key]
                if key not in seen and len(owners) <= MOST_SHARED:
                    pools[kind].append(Identifier(kind, text, frozenset(owners)))
            seen |= texts.keys()
        return pools


def identity(text: str) -> str:
    """What all writings of an identifier share: letters and digits, no case, no leading zeros.

    Wider than what the index takes for equal: a style may drop a stroke or a point, and then any
    product that could have been meant will do. Two identifiers that differ in nothing else are
    one here.
    """
    bare = "".join(_groups(text)).casefold()
    return (bare.lstrip("0") or bare[-1:]) if bare.isdecimal() else bare


def writings(kind: Kind, text: str) -> Mapping[str, Style]:
    """The different writings of an identifier, each with the first style that gives it.

    As is; in lower case; closed up, without any separator; with spaces for separators and between
    letters and digits; with dashes there. The digits of a GTIN are spaced as below a bar code and
    have no place for dashes: there the last style leaves out the leading zeros or, where there
    are none, pads to 14 digits.
    """
    groups = _groups(text)
    bare = "".join(groups)
    spaced, dashed = " ".join(groups), "-".join(groups)
    if kind is Kind.GTIN and bare.isdecimal():
        spaced = " ".join(_printed(bare))
        dashed = identity(bare) if bare.startswith("0") else bare.zfill(_PADDED_GTIN)
    styles = zip(Style, (text, text.lower(), bare, spaced, dashed), strict=True)
    different: dict[str, Style] = {}
    for style, writing in styles:
        different.setdefault(writing, style)
    return different


def _identifiers(product: Product) -> Iterator[tuple[Kind, str]]:
    yield Kind.ID, product.id
    yield Kind.GTIN, product.gtin
    yield Kind.MPN, product.mpn
    for name, value in product.attributes.items():
        if name.casefold() == "sku":
            for text in _texts(value):
                yield Kind.SKU, text


def _texts(value: str | float | bool | tuple[str, ...]) -> Iterable[str]:  # noqa: FBT001 - a JSON value
    """A SKU as text; numbers as they were in the feed, lists and switches are no SKU."""
    if isinstance(value, bool | tuple):
        return ()
    return (value if isinstance(value, str) else f"{value:.15g}",)


def _like_an_identifier(text: str) -> bool:
    """Whether an MPN is one, and not the product's name in the wrong field.

    Each word of a part number has a digit or stands in capitals.
    """
    words = text.split()
    return (
        len(text) <= _LONGEST_MPN
        and len(words) <= _MOST_WORDS
        and all(word.isupper() or any(char.isdigit() for char in word) for word in words)
    )


def _groups(text: str) -> list[str]:
    """The runs of letters and of digits, in their order."""
    return _GROUP.findall(unicodedata.normalize("NFKC", text))


def _printed(digits: str) -> Iterator[str]:
    begin = 0
    for size in _PRINTED_GTIN.get(len(digits), (len(digits),)):
        yield digits[begin : begin + size]
        begin += size
