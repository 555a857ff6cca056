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

    from searchsvc.learned.model import Learned
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
        stability: see `searchsvc.learning.clustering.LEAST_STABILITY`.
    """

    members: NDArray[np.bool_]
    affinities: Mapping[str, Mapping[str, float]]
    threshold: float
    stability: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found.

    Attributes:
        groups: the largest first; none where nothing is stable.
        agreement: see `searchsvc.learning.clustering.Clustering`; ``None`` without clusters.
        people: whose tastes are known well enough.
    """

    groups: tuple[Group, ...]
    agreement: float | None
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
    for centre, inside, stability in zip(
        found.centres.tolist(),
        nearest == np.arange(len(found.centres))[:, None],
        found.stabilities.tolist(),
        strict=True,
    ):
        affinities = _affinities(
            people, tastes.model, inside, dict(zip(axes.tolist(), centre, strict=True))
        )
        if affinities:
            group = _group(people, tastes, inside, affinities, stability)
            if is_large_enough(purchases, group.members):
                groups.append(group)
    groups.sort(key=lambda it: -int(np.count_nonzero(it.members)))
    return Discovery(tuple(groups), found.agreement, len(people))


def _affinities(
    people: People, model: Learned, inside: NDArray[np.bool_], centre: Mapping[int, float]
) -> dict[int, float]:
    """What those `inside` a cluster like, by trait; what few of them share would tell of these."""
    metric = metric_of(model)
    likers = np.bincount(people.traits[inside[people.whose]], minlength=len(metric))
    chosen: dict[str, list[int]] = {}
    for trait in sorted(centre, key=lambda it: (-centre[it], it)):
        of_field = chosen.setdefault(model.fields[model.field_of[trait]].name, [])
        shared = centre[trait] > 0 and likers[trait] >= LEAST_PEOPLE
        if shared and len(of_field) < AFFINITIES_PER_FIELD:
            of_field.append(trait)
    lifts = {
        trait: centre[trait] / float(metric[trait])
        for of_field in chosen.values()
        for trait in of_field
    }
    most = max(lifts.values(), default=1.0)
    rounded = {trait: round(lift / most, _DECIMALS) for trait, lift in lifts.items()}
    return {trait: lift for trait, lift in rounded.items() if lift}


def _group(
    people: People,
    tastes: Holdings,
    inside: NDArray[np.bool_],
    lifts: Mapping[int, float],
    stability: float,
) -> Group:
    """The group of whoever likes what those `inside` a cluster like."""
    model, metric = tastes.model, metric_of(tastes.model)
    likeness = people.likeness({trait: lift * metric[trait] for trait, lift in lifts.items()})
    threshold = _best_threshold(likeness, inside)
    members = np.zeros(len(tastes.purchases), np.bool_)
    members[people.users[likeness >= threshold]] = True
    affinities: dict[str, dict[str, float]] = {}
    for trait, lift in lifts.items():
        field = model.fields[model.field_of[trait]].name
        affinities.setdefault(field, {})[model.values[trait]] = lift
    return Group(members, affinities, threshold, stability)


def _best_threshold(likeness: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """The likeness that tells those `inside` from the others best (by F1), rounded down."""
    order = np.argsort(-likeness, kind="stable")
    hits = np.cumsum(inside[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + np.count_nonzero(inside))
    least = float(likeness[order][int(np.argmax(f1))])
    scale = 10**_DECIMALS
    return float(np.floor(least * scale) / scale)
