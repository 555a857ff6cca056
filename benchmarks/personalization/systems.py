"""The systems: the shipped search with more or less of the personalization switched on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.events.event import EventKind
from searchsvc.learned.likeness import alike
from searchsvc.learned.tastes import tastes_of
from searchsvc.preferences.preferences import Preferences
from searchsvc.preferences.session import Session
from searchsvc.query.query import Query
from searchsvc.retrieval import unrelated_cosine
from searchsvc.segments.document import DEFAULT_STRENGTH
from searchsvc.segments.profile import MAX_INTERACTIONS, Interaction
from searchsvc.segments.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.personalization.cases import Case, History
    from benchmarks.personalization.purchases import Purchases
    from searchsvc.learned.tastes import Tastes
    from searchsvc.personalizing.audience import Audience
    from searchsvc.policy import RankingPolicy
    from searchsvc.preferences.alignment import Alignment

PLAIN = "nothing learned"
POPULAR = "+ what sells"
SHIPPED = f"+ tastes, strength {DEFAULT_STRENGTH:.0f} (shipped)"
CONTROL = "+ tastes of somebody else (control)"
STRENGTHS = (25.0, 50.0, 100.0)
"""Others that are tried; parts and control have the shipped one."""
BOUGHT = "id"
"""The field whose only trait is being the product itself."""
VIEWED = 3
"""Products of the session."""
SEGMENTS = "+ discovered segments alone"
SESSION = f"+ session of {VIEWED} products alone"
_REMEMBERED = 64  # histories; the cases of an order come one after the other
_MEDIAN = 0.5


@dataclass(frozen=True, slots=True)
class System:
    """One way to answer.

    Attributes:
        policy: of the search.
        preferences: of whoever asks; for a control several, of which each ranks by itself.
    """

    name: str
    policy: RankingPolicy
    preferences: Callable[[Case], Sequence[Preferences | None]]


class Shoppers:
    """What the service would prefer for the user of a case, a moment before the order."""

    def __init__(self, purchases: Purchases, audience: Audience) -> None:
        """Know the shoppers.

        Args:
            purchases: of the shop.
            audience: with a model.
        """
        self._purchases = purchases
        self._snapshot = snapshot = audience.snapshot
        self._audience = audience
        self._alignment = require_alignment(audience)
        self._unrelated = unrelated_cosine(snapshot, _MEDIAN)
        self._tastes = lru_cache(_REMEMBERED)(self._new_tastes)

    @property
    def alignment(self) -> Alignment:
        """The model for the products of the snapshot."""
        return self._alignment

    def by_taste(
        self, history: History, time_ms: int, strength: float, fields: frozenset[str] | None = None
    ) -> Preferences:
        """The preferences that a history tells of.

        Args:
            history: of whoever asks.
            time_ms: when, in milliseconds since the epoch.
            strength: 0 to 100.
            fields: only these count; ``None`` for all that the model has in use.
        """
        tastes = self._tastes(history, time_ms)
        if tastes is not None and fields is not None:
            kept = np.array([field.name in fields for field in tastes.model.fields])
            tastes = replace(tastes, values=tastes.values * kept[tastes.model.field_of])
        return Preferences(strength, alignment=self._alignment, tastes=tastes)

    def by_segments(self, history: History, time_ms: int, strength: float) -> Preferences:
        """Those of somebody of whom only the learned segments are known that the history fits."""
        tastes = self._tastes(history, time_ms)
        if tastes is None:
            return Preferences(strength)
        names = alike(self._audience.centroids, tastes)
        segments = self._audience.segments
        shopper = Shopper(consent=True)
        situation = segments.situation(shopper, segments.history(None), Query(""), time_ms)
        in_force = segments.boosts(segments.active(situation, names), situation)
        return Preferences(strength, patterns=self._audience.patterns, active=in_force)

    def by_session(self, history: History, weight: float) -> Preferences:
        """Those of somebody unknown who just viewed what the history ends with."""
        products = self._products(history)[-VIEWED:]
        viewed = [self._snapshot.products.id(row) for row in reversed(products)]
        session = Session.of(viewed, self._snapshot, self._unrelated, weight)
        return Preferences(session=session)

    def _new_tastes(self, history: History, time_ms: int) -> Tastes | None:
        latest = history.places[::-1][:MAX_INTERACTIONS]
        interactions = [
            Interaction(
                product_id=self._snapshot.products.id(int(self._purchases.products[place])),
                kind=EventKind.PURCHASE,
                time_ms=int(self._purchases.times_ms[place]),
                quantity=int(self._purchases.quantities[place]),
            )
            for place in latest
        ]
        return tastes_of(interactions, self._alignment.model, time_ms)

    def _products(self, history: History) -> list[int]:
        places = history.places
        rows: list[int] = self._purchases.products[places.start : places.stop].tolist()
        return rows


def require_alignment(audience: Audience) -> Alignment:
    """The model of `audience`, which must have one, for its snapshot."""
    if audience.alignment is None:
        raise ValueError("the audience has no learned model; compile it with one")
    return audience.alignment


def systems_of(
    shoppers: Shoppers,
    policy: RankingPolicy,
    fields: Sequence[str],
    lent: Sequence[dict[int, History]],
) -> list[System]:
    """All that are compared: the two baselines, the whole, its parts, and the control.

    Args:
        shoppers: whose tastes are known.
        policy: of the service, without anything learned.
        fields: of the model; each is tried alone.
        lent: for each permutation of the control, a history by order.
    """
    popular = replace(policy, popularity=shoppers.alignment.popularity)

    def tastes(name: str, strength: float, only: frozenset[str] | None = None) -> System:
        return System(
            name,
            popular,
            lambda case: (shoppers.by_taste(case.history, case.time_ms, strength, only),),
        )

    def control(case: Case) -> list[Preferences | None]:
        return [
            shoppers.by_taste(histories[case.order], case.time_ms, DEFAULT_STRENGTH)
            for histories in lent
        ]

    shipped = DEFAULT_STRENGTH
    parts = [tastes(f"  {field} alone", shipped, frozenset({field})) for field in fields]
    if BOUGHT in fields and len(fields) > 1:
        parts.append(tastes(f"  all without {BOUGHT}", shipped, frozenset(fields) - {BOUGHT}))
    return [
        System(PLAIN, policy, lambda _: (None,)),
        System(POPULAR, popular, lambda _: (None,)),
        *(tastes(f"+ tastes, strength {it:.0f}", it) for it in STRENGTHS if it != shipped),
        tastes(SHIPPED, shipped),
        *parts,
        System(
            SEGMENTS,
            popular,
            lambda case: (shoppers.by_segments(case.history, case.time_ms, shipped),),
        ),
        System(
            SESSION,
            popular,
            lambda case: (shoppers.by_session(case.history, policy.session_weight),),
        ),
        System(CONTROL, popular, control),
    ]
