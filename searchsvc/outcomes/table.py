"""The report of an experiment, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from searchsvc.outcomes.comparison import MEASURES
from searchsvc.outcomes.trimming import QUANTILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from searchsvc.outcomes.comparison import Comparison, Difference, Estimate

_TOTALS = ("users", "searches", "clicks", "carts", "orders", "revenue")
_CLEAR_P = 0.05


def report_lines(found: Comparison) -> Iterator[str]:
    """The lines of a report: totals, measures, differences, and what to beware of."""
    width = max(len(arm.name) for arm in found.arms)
    yield from _aligned([
        ["", "share", *_TOTALS],
        *(
            [arm.name, f"{100 * arm.share:g} %", *(f"{arm.totals[it]:,.0f}" for it in _TOTALS)]
            for arm in found.arms
        ),
    ])  # fmt: skip
    for measure in MEASURES:
        yield ""
        yield f"{measure}:"
        estimates = [_estimate(arm.measures[measure]) for arm in found.arms]
        wide = max(map(len, estimates))
        for arm, estimate in zip(found.arms, estimates, strict=True):
            difference = _difference(arm.differences, measure)
            yield f"  {arm.name:<{width}}  {estimate:>{wide}}{difference}".rstrip()
    yield ""
    yield from _remarks(found)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of a table, however long its cells are: the first column to the left, others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "   ".join([f"{first:<{widths[0]}}", *cells])


def _estimate(it: Estimate) -> str:
    if it.value is None:
        return "nothing to measure"
    return f"{it.value:,.4f} {_interval(it.low, it.high)}"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"[{low:,.4f}, {high:,.4f}]"


def _difference(differences: Mapping[str, Difference], measure: str) -> str:
    if measure not in differences:
        return "   control"
    it = differences[measure]
    if it.value is None or it.p is None or it.p_corrected is None:
        return ""
    relative = "" if it.relative is None else f" ({100 * it.relative:+.1f} %)"
    verdict = "  *" if it.p_corrected < _CLEAR_P else ""
    return (
        f"   {it.value:+,.4f}{relative} {_interval(it.low, it.high)}"
        f"  p {it.p:.4f}, corrected {it.p_corrected:.4f}{verdict}"
    )


def _remarks(found: Comparison) -> Iterator[str]:
    yield (
        "Intervals: 95 %, bootstrap over users. p: permutation test over users, two-sided; "
        "corrected by Holm for the number of arms, not for that of measures. * below 0.05."
    )
    if not any(arm.totals["users"] for arm in found.arms):
        yield (
            f"Nobody was seen in an arm of {found.experiment} yet: events tell of searches only "
            "of users who consented, with a token."
        )
        return
    counts = ", ".join(f"{arm.name} {arm.totals['users']:,.0f}" for arm in found.arms)
    if found.is_mismatched:
        yield (
            f"WARNING: the arms do not have their shares of the users ({counts}; chi-square "
            f"p {found.mismatch_p:.2g}). Something loses users of one arm, or the shares were "
            "changed: do not trust these figures before you know."
        )
    else:
        yield f"Users are divided as planned ({counts}; chi-square p {found.mismatch_p:.2g})."
    if found.trimmed:
        yield (
            f"revenue_per_user is trimmed: whoever brought more than {found.revenue_cap:,.2f}, "
            f"the {100 * QUANTILE:g}th percentile of the buyers of all arms, counts as that "
            f"({found.trimmed:,} users). The totals are whole."
        )
    if found.switched:
        yield (
            f"{found.switched:,} users were seen in several arms, and count in each: shares, "
            "name or salt were changed. Give --since the time of the change."
        )
    if found.other_currencies:
        yield (
            f"Revenue is that of orders in {found.currency or 'no stated currency'}; "
            f"{found.other_currencies:,} orders in others are left out of it."
        )
    if found.unpriced:
        yield f"{found.unpriced:,} orders have products without a price, which count as nothing."
