"""The personalizer: from a shopper to the preferences of the search.

=====================  ================================================================
without consent        nothing of the shopper is looked at
anonymous (no token)   segments by context or by name, and the session
new user (no events)   the same, and an arm of the experiment
returning user         also lists, rules on the past, learned segments, and tastes
=====================  ================================================================
"""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from searchsvc.experiments.assignment import arm_of
from searchsvc.learned.likeness import alike
from searchsvc.learned.tastes import tastes_of
from searchsvc.personalizing.personalization import NotApplied, Personalization
from searchsvc.personalizing.portrait import MOST_PORTRAYED, Portrait
from searchsvc.personalizing.profiles import Known
from searchsvc.personalizing.why import top_tastes
from searchsvc.preferences.preferences import Preferences
from searchsvc.preferences.session import Session
from searchsvc.query.query import Query
from searchsvc.retrieval import unrelated_cosine
from searchsvc.segments.profile import Profile
from searchsvc.segments.shopper import Shopper
from searchsvc.visible import Visible

if TYPE_CHECKING:
    from searchsvc.learned.tastes import Tastes
    from searchsvc.personalizing.audience import Audience
    from searchsvc.personalizing.profiles import Profiles
    from searchsvc.policy import RankingPolicy
    from searchsvc.segments.segments import ActiveSegment, Segments
    from searchsvc.segments.situation import History

_MEDIAN = 0.5


class Personalizer:
    """Finds out what whoever asks prefers."""

    def __init__(self, profiles: Profiles, *, enabled: bool = True) -> None:
        """Make a personalizer.

        Args:
            profiles: of the users.
            enabled: the service's switch; off, everybody gets the order of everybody.
        """
        self._profiles = profiles
        self._enabled = enabled

    def personalize(
        self, shopper: Shopper, audience: Audience, query: Query, now_ms: int | None = None
    ) -> Personalization:
        """What to answer `query` of `shopper` by.

        Args:
            shopper: who asks.
            audience: of the index.
            query: that is asked.
            now_ms: milliseconds since the epoch; the clock's by default.
        """
        if not shopper.consent:
            return Personalization(audience.policy)
        visible = None if query.scope is None else Visible.of(audience.snapshot, query.scope)
        if visible is not None:
            shopper = _within_sight(shopper, visible)
        now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
        user = None if shopper.token is None else self._profiles.user_key(shopper.token)
        if shopper.strength == 0 or not self._enabled:  # the order of everybody, whatever runs
            return Personalization(audience.policy, reason=NotApplied.SWITCHED_OFF, user=user)
        arm = arm_of(audience.experiment, user)
        policy = audience.policy_of(arm)
        strength = _strength(shopper, arm.strength if arm else None, audience.segments)
        if not strength:
            return Personalization(policy, None, NotApplied.SWITCHED_OFF, arm=arm, user=user)
        known = None if user is None else self._profiles.get(audience.snapshot.index, user)
        complete = known is not None or shopper.token is None
        if known is not None and visible is not None:
            known = _known_within_sight(known, visible)
        tastes = None if known is None else _tastes(known, audience, now_ms)
        active, boosts = _segments(shopper, known, tastes, audience, query, now_ms)
        preferences = Preferences(
            strength=strength,
            patterns=audience.patterns,
            active=boosts,
            alignment=audience.alignment,
            tastes=tastes,
            session=_session(shopper, audience, policy),
        )
        reason = None
        if preferences.are_none:
            reason = NotApplied.NOTHING_KNOWN if complete else NotApplied.PROFILE_UNAVAILABLE
        return Personalization(
            policy,
            None if reason else preferences,
            reason,
            strength,
            active,
            arm,
            user,
            complete,
        )

    def portrait(self, user: str, audience: Audience) -> Portrait | None:
        """What is made of the stored events of the user with the key `user`; nothing of none.

        Raises:
            SearchServiceError: the profile cannot be read.
        """
        known = self._profiles.read(audience.snapshot.index, user)
        if known.profile == Profile():
            return None
        now_ms = time.time_ns() // 1_000_000
        tastes = _tastes(known, audience, now_ms)
        active, _ = _segments(Shopper(consent=True), known, tastes, audience, Query(""), now_ms)
        liked = () if tastes is None else tuple(islice(top_tastes(tastes), MOST_PORTRAYED))
        return Portrait(known.profile.orders, known.profile.spent, active, liked)


def _within_sight(shopper: Shopper, visible: Visible) -> Shopper:
    """The shopper without the products that are not there to be viewed: what they did tells."""
    viewed = tuple(product for product in shopper.viewed if visible.row(product) is not None)
    return replace(shopper, viewed=viewed)


def _known_within_sight(known: Known, visible: Visible) -> Known:
    """What is known of the user without what was done to products that are not there to be seen.

    Whoever may send events makes up users, and what is made of these would tell what a hidden
    product is like. Orders, what was spent and the times stay: they are what the events say, of
    whichever products. It is another object, since what is made of the whole profile is kept.
    """
    profile, row = known.profile, visible.row
    seen = tuple(it for it in profile.interactions if row(it.product_id) is not None)
    return Known(replace(profile, interactions=seen), known.read_at)


def _strength(shopper: Shopper, of_arm: float | None, segments: Segments) -> float:
    """That of the request before that of the arm before that of the index, 0 to 100."""
    if shopper.strength is not None:
        return shopper.strength
    return segments.document.strength if of_arm is None else of_arm


def _tastes(known: Known, audience: Audience, now_ms: int) -> Tastes | None:
    if audience.alignment is None:
        return None
    model = audience.alignment.model
    kept = known.tastes
    if kept is None or kept[0] is not model:
        kept = known.tastes = (model, tastes_of(known.profile.interactions, model, now_ms))
    return kept[1]


def _segments(
    shopper: Shopper,
    known: Known | None,
    tastes: Tastes | None,
    audience: Audience,
    query: Query,
    now_ms: int,
) -> tuple[tuple[ActiveSegment, ...], tuple[int, ...]]:
    """The segments that the shopper is in, and the boosts that are in force."""
    segments = audience.segments
    if not segments.segments:
        return (), ()
    situation = segments.situation(shopper, _history(known, segments), query, now_ms)
    active = segments.active(situation, _alike(known, tastes, audience))
    return active, segments.boosts(active, situation)


def _alike(known: Known | None, tastes: Tastes | None, audience: Audience) -> tuple[str, ...]:
    """The learned segments that the shopper is in: kept, for it looks at every trait."""
    if known is None:
        return ()
    centroids = audience.centroids
    kept = known.alike
    if kept is None or kept[0] is not centroids:
        kept = known.alike = (centroids, alike(centroids, tastes))
    return kept[1]


def _history(known: Known | None, segments: Segments) -> History:
    if known is None:
        return segments.history(None)
    kept = known.history
    if kept is None or kept[0] is not segments:
        kept = known.history = (segments, segments.history(known.profile))
    return kept[1]


def _session(shopper: Shopper, audience: Audience, policy: RankingPolicy) -> Session | None:
    if not shopper.viewed:
        return None
    unrelated = unrelated_cosine(audience.snapshot, _MEDIAN)
    return Session.of(shopper.viewed, audience.snapshot, unrelated, policy.session_weight)
