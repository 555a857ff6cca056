"""Shoppers, their pasts and their situations for tests of segments."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from searchsvc.events.event import EventKind
from searchsvc.query.filters import parse_filter
from searchsvc.query.query import Query
from searchsvc.segments.compiler import compile_segments
from searchsvc.segments.document import SegmentsDocument
from searchsvc.segments.profile import Interaction, Profile
from searchsvc.segments.segments import Segments
from searchsvc.segments.shopper import Shopper
from searchsvc.segments.situation import Situation

NOW = 1_767_268_800_000
"""2026-01-01T12:00:00Z, a Thursday."""
DAY = 86_400_000
HOUR = 3_600_000


def moment(text: str) -> int:
    """Milliseconds since the epoch."""
    return int(datetime.fromisoformat(text).timestamp() * 1_000)


def document(*segments: dict[str, Any], **more: Any) -> SegmentsDocument:
    return SegmentsDocument.model_validate({"segments": list(segments), **more})


def ruled(when: Any, **more: Any) -> Segments:
    """One segment with a rule, where there is no snapshot."""
    return compile_segments(document({"name": "one", "when": when}, **more), None)


def situation(
    segments: Segments,
    /,
    *,
    profile: Profile | None = None,
    text: str = "",
    filters: Any = None,
    now_ms: int = NOW,
    **shopper: Any,
) -> Situation:
    who = Shopper(**{"consent": True, "token": "t", **shopper})
    query = Query(text, filter=None if filters is None else parse_filter(filters))
    return segments.situation(who, segments.history(profile), query, now_ms)


def names(segments: Segments, /, alike: tuple[str, ...] = (), **given: Any) -> list[str]:
    """The segments that a shopper is in."""
    return [it.name for it in segments.active(situation(segments, **given), alike)]


def is_in(when: Any, **given: Any) -> bool:
    """Whether a shopper fulfils a condition."""
    return names(ruled(when), **given) == ["one"]


def did(product: str, kind: EventKind, days_ago: float = 0) -> Interaction:
    return Interaction(product, kind, NOW - int(days_ago * DAY))


def past(*interactions: Interaction, **more: Any) -> Profile:
    times = [it.time_ms for it in interactions] or [NOW]
    given = {"first_ms": min(times), "last_ms": max(times), **more}
    return Profile(interactions=tuple(interactions), **given)
