"""Tastes: what one shopper likes more or less than others, as a weight of each trait."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from searchsvc.learned.model import Learned
    from searchsvc.segments.profile import Interaction

FULL_LOG_ODDS = 4.0
"""Log-odds of being bought that are worth a full boost: fifty times as likely."""
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """What one shopper likes.

    Attributes:
        model: that the traits belong to.
        lifts: float32 ``(traits,)``, -1 to 1: each trait's lift as a share of its field's ceiling.
        values: float32 ``(traits,)``, the same as shares of a full boost: what having the trait
            and no other of its field is worth.
        purchases: the weighted purchases behind them.
    """

    model: Learned
    lifts: NDArray[np.float32]
    values: NDArray[np.float32]
    purchases: float


def tastes_of(interactions: Sequence[Interaction], model: Learned, now_ms: int) -> Tastes | None:
    """The tastes that `interactions` tell of; ``None`` where they tell nothing.

    Args:
        interactions: of one shopper; products that the model does not know are passed over.
        model: of the index.
        now_ms: when, in milliseconds since the epoch. Older interactions count less; ages are
            counted from the newest event that the model knows where that is earlier, as they were
            when it was learned: whoever was in a discovered segment then still is, in a shop whose
            events have ended, too.
    """
    known = [(model.ids.find(it.product_id), it) for it in interactions]
    found = [(product, it) for product, it in known if product is not None]
    if not found:
        return None
    products = np.array([product for product, _ in found], np.int64)
    kinds = np.array([model.origin.event_weights.get(it.kind, 0.0) for _, it in found])
    until_ms = min(now_ms, model.origin.newest_ms)
    ages = np.array([max(until_ms - it.time_ms, 0) for _, it in found]) / _DAY_MS
    weights = kinds * 0.5 ** (ages / model.origin.half_life_days)
    return tastes_from(model, products, weights)


def tastes_from(
    model: Learned, products: NDArray[np.int64], weights: NDArray[np.float64]
) -> Tastes | None:
    """The tastes of whoever had to do with `products`.

    Args:
        model: of the index.
        products: int64 ``(n,)``, rows of the model; may repeat.
        weights: float64 ``(n,)``, what each counts beside a purchase.

    Returns:
        ``None`` where they count nothing.
    """
    total = float(weights.sum())
    if total <= 0:
        return None
    lifts = lifts_of(model, products, weights)
    worth = np.array([it.weight * it.in_use for it in model.fields], np.float32)
    values = lifts * (worth / np.float32(FULL_LOG_ODDS))[model.field_of]
    return Tastes(model, lifts, values, total)


def lifts_of(
    model: Learned, products: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The smoothed lift of each trait as a share of its field's ceiling.

    Args:
        model: of the index.
        products: int64 ``(n,)``, rows of the model; may repeat.
        weights: float64 ``(n,)``, what each counts beside a purchase.

    Returns:
        float32 ``(traits,)``, -1 to 1; from 0 where the field is not signed.
    """
    entries, owners = entries_of(model.starts, products)
    counts = np.bincount(
        model.traits[entries], weights=weights[owners], minlength=len(model.field_of)
    )
    smoothing, ceiling, floor = _by_field(model)
    shares = model.shares.astype(np.float64)
    # Only products that have a trait of a field say anything about the field.
    totals = _field_totals(model, entries, owners, weights)[model.field_of]
    lifts = np.log((counts + smoothing * shares) / ((totals + smoothing) * shares))
    return np.clip(lifts / ceiling, floor, 1.0).astype(np.float32)


def entries_of(
    starts: NDArray[np.int64], products: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the traits of `products` are, all in a row.

    Returns:
        int64 ``(m,)`` places in `Learned.traits`, and int64 ``(m,)`` whose of `products` each is.
    """
    counts = starts[products + 1] - starts[products]
    owners = np.repeat(np.arange(len(products)), counts)
    before = np.cumsum(counts) - counts
    entries = np.arange(len(owners)) + (starts[products] - before)[owners]
    return entries, owners


def _by_field(
    model: Learned,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    smoothing = np.array([it.smoothing for it in model.fields])
    ceiling = np.array([it.ceiling for it in model.fields])
    floor = np.array([-1.0 if it.signed else 0.0 for it in model.fields])
    return smoothing[model.field_of], ceiling[model.field_of], floor[model.field_of]


def _field_totals(
    model: Learned,
    entries: NDArray[np.int64],
    owners: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The weight of all products with a trait of each field: float64 ``(fields,)``."""
    # The parts of a product's traits in one field add up to one.
    share = model.parts[entries] * weights[owners]
    fields = model.field_of[model.traits[entries]]
    totals = np.bincount(fields, weights=share, minlength=len(model.fields))
    return totals.astype(np.float64)
