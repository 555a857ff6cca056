"""Features: how much each product that might be bought is to a shopper's taste, field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.learned.tastes import entries_of
from searchsvc.learning.evidence import DAY_MS, TASTE_HALF_LIFE_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from searchsvc.learning.evidence import Evidence
    from searchsvc.learning.held_out import HeldOut
    from searchsvc.learning.traits import TraitTable

_ENTRIES_AT_ONCE = 2_000_000
"""Traits of histories that are counted together, about 100 MB."""


def features_of(purchases: HeldOut, evidence: Evidence, table: TraitTable) -> NDArray[np.float64]:
    """The mean lift of each product's traits in each field, by the history before the purchase.

    It is what `searchsvc.learned.tastes.lifts_of` gives for that history, for the traits of the
    products at hand only.

    Returns:
        float64 ``(n, 1 + alternatives, fields)``, -1 to 1; 0 where the product has no such trait.
    """
    found = np.zeros((*purchases.rows.shape, len(table.kinds)))
    for begin, end in _chunks(purchases, evidence, table):
        found[begin:end] = _features(purchases, evidence, table, slice(begin, end))
    return found


def _chunks(
    purchases: HeldOut, evidence: Evidence, table: TraitTable
) -> Iterator[tuple[int, int]]:
    """Parts of the purchases whose histories have about as many traits as are counted at once."""
    widths = np.diff(table.starts)[evidence.rows]
    until = np.concatenate(([0], np.cumsum(widths)))
    entries = np.cumsum(until[purchases.ends] - until[purchases.begins])
    begin = 0
    while begin < len(purchases):
        done = entries[begin - 1] if begin else 0
        end = int(np.searchsorted(entries, done + _ENTRIES_AT_ONCE, "right"))
        end = max(end, begin + 1)
        yield begin, end
        begin = end


def _features(
    purchases: HeldOut, evidence: Evidence, table: TraitTable, part: slice
) -> NDArray[np.float64]:
    traits, fields = len(table.field_of), len(table.kinds)
    rows = purchases.rows[part]
    keys, counts, totals = _history(purchases, evidence, table, part)
    entries, owners = entries_of(table.starts, rows.ravel())
    asked = table.traits[entries]
    whose = owners // rows.shape[1]
    wanted = whose * traits + asked
    places = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = np.where(keys[places] == wanted, counts[places], 0.0)
    field_of = table.field_of[asked]
    smoothing = np.array([it.smoothing for it in table.kinds])[field_of]
    ceiling = np.array([it.ceiling for it in table.kinds])[field_of]
    floor = np.array([-1.0 if it.signed else 0.0 for it in table.kinds])[field_of]
    shares = table.shares[asked].astype(np.float64)
    total = totals[whose * fields + field_of]
    lifts = np.log((found + smoothing * shares) / ((total + smoothing) * shares)) / ceiling
    lifts = np.clip(lifts, floor, 1.0) * table.parts[entries]
    means = np.bincount(owners * fields + field_of, lifts, minlength=rows.size * fields)
    return means.astype(np.float64).reshape(*rows.shape, fields)


def _history(
    purchases: HeldOut, evidence: Evidence, table: TraitTable, part: slice
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """What was bought of each trait before the purchases of `part`.

    Returns:
        int64 keys, ascending, of a purchase's place and a trait; float64 weighted purchases of
        each; and float64 weighted purchases by place and field.
    """
    begins, ends = purchases.begins[part], purchases.ends[part]
    lengths = ends - begins
    owners = np.repeat(np.arange(len(begins)), lengths)
    places = np.arange(len(owners)) + (begins - (np.cumsum(lengths) - lengths))[owners]
    ages = (purchases.times_ms[part][owners] - evidence.times_ms[places]) / DAY_MS
    weights = evidence.weights[places] * 0.5 ** (ages / TASTE_HALF_LIFE_DAYS)
    entries, of = entries_of(table.starts, evidence.rows[places])
    traits = table.traits[entries]
    whose = owners[of]
    keys, inverse = np.unique(whose * len(table.field_of) + traits, return_inverse=True)
    counts = np.bincount(inverse, weights[of], minlength=len(keys))
    by_field = whose * len(table.kinds) + table.field_of[traits]
    size = len(begins) * len(table.kinds)
    totals = np.bincount(by_field, weights[of] * table.parts[entries], minlength=size)
    return keys, counts.astype(np.float64), totals.astype(np.float64)
