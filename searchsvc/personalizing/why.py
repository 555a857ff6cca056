"""Why this order: what a shopper may be told of it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import NARROW_FIELDS
from searchsvc.ranking.reason import ReasonKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from searchsvc.learned.tastes import Tastes
    from searchsvc.personalizing.personalization import Personalization

MOST_TASTES = 5
_FIELD_WORDS = {
    "brand": "the brand {}",
    "product_type": "{}",
    "price": "prices of {}",
    "words": "“{}”",
}


@dataclass(frozen=True, slots=True)
class Because:
    """One thing that the order depends on.

    Attributes:
        kind: a segment, a taste or the session.
        text: a sentence in English for the shopper.
        name: of the segment, or of the field; empty for the session.
        value: of the field; empty for anything else.
    """

    kind: ReasonKind
    text: str
    name: str = ""
    value: str = ""


def why(personal: Personalization) -> tuple[Because, ...]:
    """What the order depends on beside the query; nothing where it is that of everybody."""
    preferences = personal.preferences
    if preferences is None:
        return ()
    found = [
        Because(ReasonKind.SEGMENT, f"You are in the group “{segment.title}”.", segment.name)
        for segment in personal.segments
    ]
    if preferences.tastes is not None:
        for field, value in islice(top_tastes(preferences.tastes), MOST_TASTES):
            words = _FIELD_WORDS.get(field, "{}").format(value)
            text = f"You chose {words} more often than others do."
            found.append(Because(ReasonKind.TASTE, text, field, value))
    if preferences.session is not None:
        found.append(Because(ReasonKind.SESSION, "You looked at similar products just now."))
    return tuple(found)


def top_tastes(tastes: Tastes) -> Iterator[tuple[str, str]]:
    """The traits that somebody likes most, single products aside: field and value."""
    model = tastes.model
    names = [field.name for field in model.fields]
    for trait in np.argsort(-tastes.values, kind="stable"):
        if tastes.values[trait] <= 0:
            return
        name = names[model.field_of[trait]]
        if name not in NARROW_FIELDS:
            yield name, model.values[int(trait)]
