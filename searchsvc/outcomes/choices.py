"""Recorded choices: the products that users chose from answers to known queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from searchsvc.events.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from searchsvc.events.event import Event

CHOOSING = frozenset({EventKind.CLICK, EventKind.ADD_TO_CART, EventKind.PURCHASE})
"""Kinds of events that are a choice."""


@dataclass(frozen=True, slots=True)
class Search:
    """A recorded search.

    Attributes:
        arm: as the event calls it; ``None`` outside of an experiment.
        chosen: products that were chosen from its answer, each with its position there, from 1;
            ``None`` where no event tells it.
    """

    user: str
    query: str
    time_ms: int
    arm: str | None
    chosen: dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Choices:
    """What is recorded of an index.

    Attributes:
        searches: those with a query, with or without a choice, by time.
        events: of all kinds.
        without_search: choices that name no recorded search.
    """

    searches: tuple[Search, ...]
    events: int
    without_search: int

    def chosen_from(self) -> list[Search]:
        """The searches from which something was chosen."""
        return [search for search in self.searches if search.chosen]


def read_choices(events: Iterable[Event], kinds: Collection[EventKind] = CHOOSING) -> Choices:
    """Join events to the searches whose query id they name.

    A product that was chosen several times from one answer, such as clicked and then bought, is
    one choice.

    Args:
        events: by time; a choice may come before its search by the clocks of two machines.
        kinds: that count as choices.
    """
    searches: dict[str, Search] = {}
    choices: list[Event] = []
    seen: Counter[bool] = Counter()
    for event in events:
        is_choice = event.kind in kinds
        seen[is_choice] += 1
        if is_choice and event.query_id is not None:
            choices.append(event)
        elif event.kind is EventKind.SEARCH and event.query_id is not None and event.query:
            searches[event.query_id] = Search(
                event.user, event.query, event.time_ms, event.arm, {}
            )
    joined = 0
    for event in choices:
        search = searches.get(event.query_id or "")
        if search is None or search.user != event.user:
            continue
        joined += 1
        for item in event.items:
            if search.chosen.get(item.product_id) is None:
                search.chosen[item.product_id] = item.position
    return Choices(tuple(searches.values()), seen.total(), seen[True] - joined)
