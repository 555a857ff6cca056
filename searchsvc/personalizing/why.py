"""Why this order: what a shopper may be told of it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import NARROW_FIELDS
from searchsvc.ranking.reason import TRAIT_SEPARATOR, ReasonKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from searchsvc.learned.tastes import Tastes
    from searchsvc.personalizing.personalization import Personalization
    from searchsvc.ranking.reason import Reason

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


def why(personal: Personalization, reasons: Iterable[Reason]) -> tuple[Because, ...]:
    """What the order of a page depends on beside the query; nothing where it is everybody's.

    Args:
        personal: what was made of who asked.
        reasons: of all hits of the page, explained. What moved none of them is no reason.
    """
    if personal.preferences is None:
        return ()
    gains: dict[tuple[ReasonKind, str], float] = {}
    for reason in reasons:
        key = reason.kind, reason.segment or reason.name
        gains[key] = gains.get(key, 0.0) + reason.gain
    found = [
        Because(ReasonKind.SEGMENT, f"You are in the group “{segment.title}”.", segment.name)
        for segment in personal.segments
        if (ReasonKind.SEGMENT, segment.name) in gains
    ]
    tastes = [(gain, name) for (kind, name), gain in gains.items() if kind is ReasonKind.TASTE]
    tastes.sort(key=lambda it: (-abs(it[0]), it[1]))
    found += [_taste(name, gain) for gain, name in tastes[:MOST_TASTES]]
    if any(kind is ReasonKind.SESSION for kind, _ in gains):
        found.append(Because(ReasonKind.SESSION, "You looked at similar products just now."))
    return tuple(found)


def _taste(name: str, gain: float) -> Because:
    field, _, value = name.partition(TRAIT_SEPARATOR)
    if not value:
        return Because(ReasonKind.TASTE, "It fits what you chose before.")
    words = _FIELD_WORDS.get(field, "{}").format(value)
    text = f"You chose {words} {'more' if gain > 0 else 'less'} often than others do."
    return Because(ReasonKind.TASTE, text, field, value)


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
