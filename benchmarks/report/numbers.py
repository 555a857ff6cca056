"""Numbers as the report writes them: aligned, with a true minus sign."""

from __future__ import annotations

ABSENT = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"
_SMALLEST_P = 0.001


def fixed(value: float | None, decimals: int = 3) -> str:
    """``0.847``, or a dash where there is no value."""
    return ABSENT if value is None else f"{value:.{decimals}f}"


def signed(value: float | None) -> str:
    """``+0.012``; zero has no sign, also when it only rounds to zero."""
    if value is None:
        return ABSENT
    text = f"{value:+.3f}"
    return "0.000" if float(text) == 0 else text.replace("-", _MINUS)


def probability(p: float | None) -> str:
    """A p-value; below a thousandth only that it is."""
    if p is None:
        return ABSENT
    return f"<{_SMALLEST_P}" if p < _SMALLEST_P else f"{p:.3f}"


def percent(share: float | None) -> str:
    """``1.6 %``."""
    return ABSENT if share is None else f"{100 * share:.1f} %"


def compact(value: float) -> str:
    """``1``, ``0.5``: no more digits than it takes."""
    return f"{value:g}"
