"""A replay: recorded searches asked again, with other settings, as if it were then."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from searchsvc.events.event import EventKind
from searchsvc.personalizing.audience import Audience
from searchsvc.personalizing.personalizer import Personalizer
from searchsvc.personalizing.profiles import Known, Profiles, no_profiles
from searchsvc.query.query import Query
from searchsvc.search import search as search_snapshot
from searchsvc.segments.profile import MAX_INTERACTIONS, MAX_SEARCHES, Interaction, Profile
from searchsvc.segments.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from indexer.snapshot import Snapshot
    from searchsvc.events.event import Event
    from searchsvc.live import Live
    from searchsvc.outcomes.choices import Search
    from searchsvc.policy import RankingPolicy
    from searchsvc.routing import QueryEmbedder


@dataclass(frozen=True, slots=True)
class Side:
    """Settings that searches are asked again with.

    Attributes:
        name: for the report; sides with the same name are the same.
        overrides: ranking settings that differ from the index's.
        strength: of the personalization; ``None`` for that of the index.
    """

    name: str
    overrides: Mapping[str, Any]
    strength: float | None = None


@dataclass(slots=True)
class Past:
    """The events of every user, to tell what was known of one at a time.

    Attributes:
        members: the listed segments of a user. They have no history: those of today are taken.
    """

    members: Callable[[str], frozenset[str]]
    _events: dict[str, list[Event]] = field(default_factory=dict)

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Pass events on, and remember them; they come by time."""
        for event in events:
            self._events.setdefault(event.user, []).append(event)
            yield event

    def profile(self, user: str, time_ms: int) -> Profile:
        """What was known of a user before a moment: a choice must not explain itself."""
        events = self._events.get(user, [])
        before = events[: bisect_left(events, time_ms, key=lambda it: it.time_ms)]
        segments = self.members(user)
        if not before:
            return Profile(segments=segments)
        latest = sorted(before, key=lambda it: (-it.time_ms, it.id))
        bought = [it for it in before if it.kind is EventKind.PURCHASE]
        return Profile(
            tuple(islice(_interactions(latest), MAX_INTERACTIONS)),
            tuple(
                islice((it.query for it in latest if _is_searched(it) and it.query), MAX_SEARCHES)
            ),
            len(bought),
            sum((it.price or 0.0) * it.quantity for event in bought for it in event.items),
            before[0].time_ms,
            before[-1].time_ms,
            segments,
        )


def _is_searched(event: Event) -> bool:
    return event.kind is EventKind.SEARCH


def _interactions(latest: Iterable[Event]) -> Iterator[Interaction]:
    for event in latest:
        for it in event.items:
            yield Interaction(it.product_id, event.kind, event.time_ms, it.quantity, it.price)


class _PastProfiles(Profiles):
    """Profiles as they were at the moment of a search; a token is a key already here."""

    def __init__(self, past: Past) -> None:
        super().__init__(no_profiles, 0.0)
        self._past = past
        self.now_ms = 0

    def user_key(self, token: str) -> str | None:
        """See `Profiles.user_key`."""
        return token

    def get(self, index: str, user: str) -> Known | None:  # noqa: ARG002 - all are of one index
        """See `Profiles.get`."""
        return Known(self._past.profile(user, self.now_ms), 0.0)


class Replay:
    """Asks recorded searches of an index again."""

    def __init__(
        self, snapshot: Snapshot, live: Live, policy: RankingPolicy, embedder: QueryEmbedder
    ) -> None:
        """Make a replay.

        Args:
            snapshot: the catalogue of today.
            live: the live settings of the index.
            policy: of the index.
            embedder: for its queries.
        """
        self._snapshot = snapshot
        self._live = replace(live, experiment=None)  # the sides take the place of the arms
        self._policy = policy
        self._embedder = embedder
        self._audiences: dict[str, Audience] = {}
        self._everybodys: dict[tuple[str, str], tuple[str, ...]] = {}

    def asker(self, past: Past, depth: int) -> Callable[[Search, Side], tuple[str, ...]]:
        """What answers a search with the settings of a side.

        Args:
            past: what is known of the users.
            depth: products of an answer.

        Returns:
            Gives ids, best first.
        """
        profiles = _PastProfiles(past)
        personalizer = Personalizer(profiles)

        def ask(search: Search, side: Side) -> tuple[str, ...]:
            profiles.now_ms = search.time_ms
            query = Query(search.query, limit=depth)
            shopper = Shopper(consent=True, token=search.user, strength=side.strength)
            audience = self._audience(side)
            made = personalizer.personalize(shopper, audience, query, search.time_ms)
            key = side.name, search.query
            if made.preferences is None and key in self._everybodys:
                return self._everybodys[key]
            found = search_snapshot(
                query, self._snapshot, self._embedder, made.policy, made.preferences
            )
            ids = tuple(hit.id for hit in found.hits)
            if made.preferences is None:
                self._everybodys[key] = ids
            return ids

        return ask

    def _audience(self, side: Side) -> Audience:
        if side.name not in self._audiences:
            policy = replace(self._policy, **side.overrides)
            self._audiences[side.name] = Audience.compile(self._live, self._snapshot, policy, None)
        return self._audiences[side.name]
