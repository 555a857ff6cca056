"""What each field is worth: weights fitted to held-out purchases, and which of them to trust."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.model import TraitField
from searchsvc.learning.features import features_of
from searchsvc.learning.logit import PRIOR_DEVIATION, Choices, fit

if TYPE_CHECKING:
    from searchsvc.learning.evidence import Evidence
    from searchsvc.learning.held_out import HeldOut
    from searchsvc.learning.traits import TraitTable

FALSE_ALARMS = 0.025
"""The chance that a shop without any tastes gets a field in use, over all fields together."""
LEAST_USERS = 20
"""Users whose purchases must be held out: what fewer do says nothing of others."""
_DECIMALS = 4  # the last bits depend on how the machine adds


def fields_of(purchases: HeldOut, evidence: Evidence, table: TraitTable) -> tuple[TraitField, ...]:
    """The fields of `table` with what they are worth in this shop.

    Fields are left out one by one, the least certain first, as long as one is not told from 0; the
    weights of the others are those without it. A field that is left out keeps the weight and the
    error that it last had.
    """
    names = [it.name for it in table.kinds]
    weights, errors = np.zeros(len(names)), np.full(len(names), PRIOR_DEVIATION)
    used: list[int] = []
    if len(np.unique(purchases.users)) >= LEAST_USERS:
        choices = Choices(
            features_of(purchases, evidence, table), purchases.valid, purchases.users
        )
        used = list(range(len(names)))
        certain = NormalDist().inv_cdf(1 - FALSE_ALARMS / len(names))
        while used:
            fitted = fit(choices.of(used), weights[used])
            weights[used], errors[used] = fitted.weights, fitted.errors
            least = int(np.argmin(fitted.weights / fitted.errors))
            if fitted.weights[least] > certain * fitted.errors[least]:
                break
            del used[least]
    return tuple(
        TraitField(
            name=kind.name,
            smoothing=kind.smoothing,
            ceiling=kind.ceiling,
            signed=kind.signed,
            weight=round(max(float(weights[place]), 0.0), _DECIMALS),
            error=round(float(errors[place]), _DECIMALS),
            in_use=place in used,
        )
        for place, kind in enumerate(table.kinds)
    )
