"""Searches of queries that are still being typed: only what came of the typing is kept.

A page that searches at each keystroke asks ``j``, ``jac`` and ``jacket``. Who typed them meant the
last; the others would teach nothing, and are nobody's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from searchsvc.events.event import Event

PAUSE_SECONDS = 4.0
"""After which a query was meant as it stands."""


@dataclass(frozen=True, slots=True)
class Offered:
    """An event that the service records itself.

    Attributes:
        typing: whether it is a search whose query may still be being typed.
    """

    event: Event
    typing: bool = False


class TypedSearches:
    """Holds searches back until their query was meant; to be used from one thread.

    Worker processes do not know of each other: where several answer the keystrokes of one shopper,
    each keeps what it saw last.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._held: dict[tuple[str, str], tuple[Event, float]] = {}

    def take(self, offered: Iterable[Offered], *, every: bool = False) -> list[Event]:
        """What is to be stored now, in the order of its arrival.

        Args:
            offered: since the last call.
            every: hold nothing back.
        """
        now = self._clock()
        ready: list[Event] = []
        for one in offered:
            event = one.event
            key = event.user, event.index
            held = self._held.pop(key, None)
            if held is not None and not _goes_on(held[0], event):
                ready.append(held[0])
            if one.typing:
                self._held[key] = (event, now)
            else:
                ready.append(event)
        meant = [
            key for key, (_, since) in self._held.items() if every or now - since >= PAUSE_SECONDS
        ]
        return ready + [self._held.pop(key)[0] for key in meant]


def _goes_on(before: Event, after: Event) -> bool:
    """Whether one query is the beginning of the other: typed on, or deleted letter by letter."""
    earlier, later = before.query or "", after.query or ""
    return later.startswith(earlier) or earlier.startswith(later)
