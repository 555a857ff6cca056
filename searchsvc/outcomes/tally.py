"""The tally of an experiment: what each user of each arm did, from the recorded events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.events.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from searchsvc.events.event import Event
    from searchsvc.experiments.assignment import Experiment


class Column(IntEnum):
    """What is counted of a user."""

    USERS = 0  # 1 for each: so that every measure is a ratio of two columns
    SEARCHES = 1
    CLICKED = 2  # searches with a click
    CLICKS = 3
    CARTS = 4
    ORDERS = 5
    BUYERS = 6  # 1 for those with an order
    REVENUE = 7


_COUNTED = {
    EventKind.SEARCH: Column.SEARCHES,
    EventKind.CLICK: Column.CLICKS,
    EventKind.ADD_TO_CART: Column.CARTS,
    EventKind.PURCHASE: Column.ORDERS,
}


@dataclass(frozen=True, slots=True)
class Tally:
    """What the users of an experiment did.

    Attributes:
        rows: of each arm, in the experiment's order: float64 ``(users, len(Column))``.
        switched: users that were seen in more than one arm; each of these has a row in each.
        currency: that the revenue is in; ``None`` where no purchase names one.
        other_currencies: orders in other currencies, whose revenue is left out.
        unpriced: orders with a product whose price is not known, which counts as nothing.
    """

    rows: tuple[NDArray[np.float64], ...]
    switched: int
    currency: str | None
    other_currencies: int
    unpriced: int


def tally(events: Iterable[Event], experiment: Experiment) -> Tally:
    """Count the events of an experiment by user and arm.

    An event counts for the arm that it records, else for the arm that its user was last seen in.
    What a user did before being seen in an arm is no effect of it, and is not counted.

    Args:
        events: in the order of their times.
        experiment: whose arms to look for, by their labels.
    """
    counting = _Counting({arm.label: place for place, arm in enumerate(experiment.arms)})
    for event in events:
        counting.add(event)
    return counting.result(len(experiment.arms))


_Row = list[float]
_Key = tuple[int, str]  # arm and user


@dataclass(slots=True)
class _Counting:
    numbers: dict[str, int]
    rows: dict[_Key, _Row] = field(default_factory=dict)
    arm_of: dict[str, int] = field(default_factory=dict)
    switched: set[str] = field(default_factory=set)
    # A click may carry an earlier time than its search: two clocks.
    searches: dict[str, _Row] = field(default_factory=dict)
    clicked: set[str] = field(default_factory=set)
    revenue: dict[tuple[str | None, _Key], float] = field(default_factory=dict)
    orders: Counter[str | None] = field(default_factory=Counter)
    unpriced: int = 0

    def add(self, event: Event) -> None:
        before = self.arm_of.get(event.user)
        arm = self.numbers.get(event.arm or "", before)
        if arm is None:
            return
        if before is not None and before != arm:
            self.switched.add(event.user)
        self.arm_of[event.user] = arm
        key = arm, event.user
        row = self.rows.setdefault(key, [1.0] + [0.0] * (len(Column) - 1))
        if event.kind in _COUNTED:
            row[_COUNTED[event.kind]] += 1
        if event.kind is EventKind.PURCHASE:
            self._add_order(event, key, row)
        elif event.query_id is not None:
            self._join(event, event.query_id, row)

    def _join(self, event: Event, query_id: str, row: _Row) -> None:
        """Find the searches that were followed by a click, each once."""
        if event.kind is EventKind.SEARCH:
            self.searches[query_id] = row
        elif event.kind is EventKind.CLICK:
            self.clicked.add(query_id)

    def _add_order(self, event: Event, key: _Key, row: _Row) -> None:
        row[Column.BUYERS] = 1.0
        value = sum(item.quantity * (item.price or 0.0) for item in event.items)
        place = event.currency, key
        self.revenue[place] = self.revenue.get(place, 0.0) + value
        self.orders[event.currency] += 1
        self.unpriced += not event.items or any(item.price is None for item in event.items)

    def result(self, arms: int) -> Tally:
        for query_id in self.clicked & self.searches.keys():
            self.searches[query_id][Column.CLICKED] += 1
        currency = max(self.orders, key=lambda it: (self.orders[it], it or ""), default=None)
        for (paid_in, key), value in self.revenue.items():
            if paid_in == currency:
                self.rows[key][Column.REVENUE] = value
        by_arm: list[list[_Row]] = [[] for _ in range(arms)]
        for (arm, _), row in self.rows.items():
            by_arm[arm].append(row)
        return Tally(
            tuple(np.array(rows, np.float64).reshape(-1, len(Column)) for rows in by_arm),
            len(self.switched),
            currency,
            self.orders.total() - self.orders[currency],
            self.unpriced,
        )
