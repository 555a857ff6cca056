"""A personalization: what was made of who asks, for the search and for the answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from searchsvc.experiments.assignment import Arm
    from searchsvc.policy import RankingPolicy
    from searchsvc.preferences.preferences import Preferences
    from searchsvc.segments.segments import ActiveSegment


class NotApplied(StrEnum):
    """Why the order is that of everybody."""

    NO_CONSENT = "no_consent"
    SWITCHED_OFF = "switched_off"  # the strength is 0, or the service's switch is off
    NOTHING_KNOWN = "nothing_known"  # in no segment, no history, nothing viewed
    PROFILE_UNAVAILABLE = "profile_unavailable"  # and nothing else is known


@dataclass(frozen=True, slots=True)
class Personalization:
    """What was made of who asks.

    Attributes:
        policy: to answer by.
        preferences: ``None`` where the order is that of everybody.
        reason: why it is; ``None`` where it is not.
        strength: 0 to 100.
        segments: that the shopper is in.
        arm: of the experiment that runs; ``None`` for whoever has no part in one.
        user: the key of the shopper, to store events of; ``None`` where nothing may be stored.
        complete: whether the profile could be had in time.
    """

    policy: RankingPolicy
    preferences: Preferences | None = None
    reason: NotApplied | None = NotApplied.NO_CONSENT
    strength: float = 0.0
    segments: tuple[ActiveSegment, ...] = ()
    arm: Arm | None = None
    user: str | None = None
    complete: bool = True
