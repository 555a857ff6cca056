"""Naming: what to call a discovered segment, by what sets it apart."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.analysis.text import caseless, fold
from indexer.columns import PATH_SEPARATOR
from searchsvc.learning.traits import PRICE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from searchsvc.learning.differences import Difference

_MOST_KINDS = 3
_LONGEST_NAME = 48
_LONGEST_TITLE = 160
_NO_NAME = re.compile(r"[^a-z0-9]+")


def title_of(found: Sequence[Difference]) -> str:
    """Such as ``christmas, vintage; low prices``, by the most telling differences."""
    kinds = [it.value.split(PATH_SEPARATOR)[-1] for it in found if it.field != PRICE]
    kinds = list(dict.fromkeys(kinds))[:_MOST_KINDS]
    prices = next((f"{it.value} prices" for it in found if it.field == PRICE), "")
    title = "; ".join(part for part in (", ".join(kinds), prices) if part)
    return title[:_LONGEST_TITLE].strip() or "alike"


def name_of(title: str, taken: Collection[str]) -> str:
    """A segment's name for `title` that is not among those `taken`."""
    words = title.partition(";")[0] or title
    name = _NO_NAME.sub("-", fold(caseless(words))).strip("-")[:_LONGEST_NAME].strip("-")
    name = name or "segment"
    number, unique = 2, name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique
