"""Discovery: groups of shoppers who like the same things, found in what they bought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.likeness import metric_of
from searchsvc.learning.clustering import cluster
from searchsvc.learning.differences import LEAST_PEOPLE, is_large_enough
from searchsvc.learning.people import People

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from searchsvc.learning.holdings import Holdings

AFFINITIES_PER_FIELD = 40
"""That describe a group; the rest would hardly change who is in it."""
_DECIMALS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Shoppers who like the same things.

    Attributes:
        members: bool ``(users,)``, who has a likeness of `threshold` at least.
        affinities: what they like, by field and value; 1 for what they like most.
        threshold: of the likeness, see `searchsvc.learned.likeness`.
    """

    members: NDArray[np.bool_]
    affinities: Mapping[str, Mapping[str, float]]
    threshold: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    Attributes:
        groups: the largest first; none where nothing is stable.
        stability: see `searchsvc.learning.clustering`; ``None`` where nothing is.
        people: whose tastes are known well enough.
    """

    groups: tuple[Group, ...]
    stability: float | None
    people: int


def discover(tastes: Holdings, purchases: Holdings) -> Discovery:
    """The groups among the users.

    Args:
        tastes: what they like: decayed, and not capped, as `searchsvc.learned.tastes` counts.
        purchases: of the same users; a group of too few is not told.
    """
    people = People.of(tastes)
    points, axes = people.points()
    found = cluster(points) if len(people) >= 2 * LEAST_PEOPLE and len(axes) > 1 else None
    if found is None:
        return Discovery((), None, len(people))
    nearest = found.nearest(points)
    groups = []
    for number, centre in enumerate(found.centres):
        group = _group(
            people,
            tastes,
            nearest == number,
            dict(zip(axes.tolist(), centre.tolist(), strict=True)),
        )
        if group is not None and is_large_enough(purchases, group.members):
            groups.append(group)
    groups.sort(key=lambda it: -int(np.count_nonzero(it.members)))
    return Discovery(tuple(groups), found.stability, len(people))


def _group(
    people: People,
    tastes: Holdings,
    inside: NDArray[np.bool_],
    centre: Mapping[int, float],
) -> Group | None:
    """The group around a centre; ``None`` where too few like the same."""
    model, metric = tastes.model, metric_of(tastes.model)
    likers = np.bincount(people.traits[inside[people.whose]], minlength=len(metric))
    kept: dict[str, list[tuple[float, int]]] = {}
    for trait, weight in sorted(centre.items(), key=lambda it: (-it[1], it[0])):
        chosen = kept.setdefault(model.fields[model.field_of[trait]].name, [])
        # An affinity that few share would tell of these few.
        if weight > 0 and likers[trait] >= LEAST_PEOPLE and len(chosen) < AFFINITIES_PER_FIELD:
            chosen.append((weight / float(metric[trait]), trait))
    most = max((lift for chosen in kept.values() for lift, _ in chosen), default=0.0)
    lifts = {
        trait: round(lift / most, _DECIMALS) for chosen in kept.values() for lift, trait in chosen
    }
    lifts = {trait: lift for trait, lift in lifts.items() if lift}
    if not lifts:
        return None
    direction = {trait: lift * float(metric[trait]) for trait, lift in lifts.items()}
    likeness = people.likeness(direction)
    threshold = _best_threshold(likeness, inside)
    members = np.zeros(len(tastes.purchases), np.bool_)
    members[people.users[likeness >= threshold]] = True
    affinities: dict[str, dict[str, float]] = {}
    for trait, lift in lifts.items():
        field = model.fields[model.field_of[trait]].name
        affinities.setdefault(field, {})[model.values[int(trait)]] = lift
    return Group(members, affinities, threshold)


def _best_threshold(likeness: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The likeness that tells those `inside` from the others best (by F1), rounded down."""
    order = np.argsort(-likeness, kind="stable")
    hits = np.cumsum(inside[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + np.count_nonzero(inside))
    least = float(likeness[order][int(np.argmax(f1))])
    scale = 10**_DECIMALS
    return float(np.floor(least * scale) / scale)
