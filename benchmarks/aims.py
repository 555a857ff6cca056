"""Aims: what was to be reached beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def aim(name: str, wanted: float, measured: float, *, least: bool = False) -> dict[str, Any]:
    """An aim as result files have it.

    Args:
        name: what is measured, with its unit.
        wanted: the bound.
        measured: that came of it.
        least: whether more is better.
    """
    return {
        "aim": name,
        "bound": "at least" if least else "at most",
        "wanted": wanted,
        "measured": measured,
        "met": measured >= wanted if least else measured <= wanted,
    }


def aims_lines(aims: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A head, and a line for each aim; those that were not reached are marked."""
    yield f"{'aim':<54}{'wanted':>18}{'measured':>12}"
    for it in aims:
        wanted = f"{it['bound']} {it['wanted']:g}"
        missed = "" if it["met"] else "  missed"
        yield f"{it['aim']:<54}{wanted:>18}{it['measured']:>12g}{missed}"
