"""Facts: what is known of a shopper by name, sent with the request or computed from the past."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from indexer.columns import Kind
    from searchsvc.segments.profile import Profile
    from searchsvc.segments.shopper import Fact, Shopper

DAY_MS = 86_400_000
VISIT_MS = 4 * 3_600_000
"""So long after its first event a user counts as visiting for the first time."""

COMPUTED: Mapping[str, Kind] = MappingProxyType(
    {
        "orders": "number",
        "spent": "number",
        "days_since_first": "number",
        "days_since_last": "number",
        "first_visit": "bool",
    }
)
"""The kinds of the facts that are computed where the request does not say them."""


def facts_of(shopper: Shopper, profile: Profile | None, now_ms: int) -> dict[str, Fact]:
    """Everything known of a shopper; the request knows better than the past.

    Texts are without case. A ``referrer`` that is an address is its host.

    Args:
        shopper: who asks.
        profile: ``None`` for somebody who sent no token, of whom nothing is computed.
        now_ms: milliseconds since the epoch.
    """
    facts: dict[str, Fact] = dict(_computed(profile, now_ms)) if profile else {}
    for name, value in shopper.context.items():
        facts[name] = value.casefold() if isinstance(value, str) else value
    referrer = facts.get("referrer")
    if isinstance(referrer, str):
        facts["referrer"] = _host(referrer)
    return facts


def _computed(profile: Profile, now_ms: int) -> Iterator[tuple[str, Fact]]:
    yield "orders", profile.orders
    yield "spent", profile.spent
    first, last = profile.first_ms, profile.last_ms
    yield "first_visit", first is None or now_ms - first < VISIT_MS
    if first is not None:
        yield "days_since_first", _days(first, now_ms)
    if last is not None:
        yield "days_since_last", _days(last, now_ms)


def _days(then_ms: int, now_ms: int) -> int:
    """Whole days; none where clocks disagree."""
    return max(0, (now_ms - then_ms) // DAY_MS)


def _host(referrer: str) -> str:
    if "//" not in referrer:
        return referrer.partition("/")[0]
    try:
        return urlsplit(referrer).hostname or ""
    except ValueError:  # not every text with slashes is an address
        return referrer
