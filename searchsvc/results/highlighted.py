"""A highlighted text, and how its matches are marked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much of a query a text matches."""

    NONE = "none"
    PARTIAL = "partial"
    FULL = "full"  # every word, function words aside


@dataclass(frozen=True, slots=True)
class Tags:
    """What is put around a match.

    Attributes:
        before: a match.
        after: a match.
        escape: whether the text is escaped, so that it can be put into a page as HTML; tags that
            are not HTML leave that to whoever replaces them.
        ellipsis: on the sides on which a snippet was cut.
    """

    before: str = "<mark>"
    after: str = "</mark>"
    escape: bool = True
    ellipsis: str = "\u2026"


@dataclass(frozen=True, slots=True)
class Highlighted:
    """A text with its matches marked.

    Attributes:
        value: the text.
        level: how much of the query it matches.
        matched_words: words of the query that it matches, as typed but for their case.
        fully: whether every word of the text is marked.
    """

    value: str
    level: Level
    matched_words: tuple[str, ...]
    fully: bool


Shaped = Highlighted | list["Shaped"] | dict[str, "Shaped"]
"""A value of a product's JSON with its texts highlighted; what is no text is left out."""
