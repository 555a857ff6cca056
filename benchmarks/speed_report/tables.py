"""Tables of numbers, and of aims beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.figures import figures
from benchmarks.report.markup import Element, element
from benchmarks.report.numbers import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Cell = str | float | None
_LARGE = 10_000


@dataclass(frozen=True, slots=True)
class Table:
    """Names of columns, and rows that begin with a name."""

    heads: list[str]
    rows: list[list[Cell]] = field(default_factory=list)

    def markup(self) -> Element:
        """The table as HTML."""
        heads = [
            element("th", {"scope": "col", **({"class": "number"} if place else {})}, head)
            for place, head in enumerate(self.heads)
        ]
        rows = [
            element(
                "tr",
                {},
                element("th", {"scope": "row"}, _written(first)),
                *(element("td", {"class": "number"}, _written(cell)) for cell in rest),
            )
            for first, *rest in self.rows
        ]
        return element(
            "div",
            {"class": "scroll"},
            element(
                "table",
                {},
                element("thead", {}, element("tr", {}, *heads)),
                element("tbody", {}, *rows),
            ),
        )


def aims_table(aims: Iterable[Mapping[str, Any]]) -> Element:
    """Each aim with its bound, what was measured, and whether it was reached."""
    table = Table(["aim", "wanted", "measured", ""])
    for aim in aims:
        verdict = "reached" if aim["met"] else "missed"
        table.rows.append(
            [aim["aim"], f"{aim['bound']} {aim['wanted']:g}", aim["measured"], verdict]
        )
    made = table.markup()
    for cell in made.iter("td"):
        if cell.text in {"reached", "missed"}:
            cell.set("class", f"number {cell.text}")
    return made


def figures_table(result: object) -> Table:
    """Every measured figure of a result by its path."""
    table = Table(["figure", "value"])
    table.rows.extend([figure.path, figure.value] for figure in figures(result).values())
    return table


def _written(cell: Cell) -> str:
    if cell is None:
        return ABSENT
    if isinstance(cell, str):
        return cell
    # Four digits, but no powers of ten for what has more before the point.
    return f"{cell:,.4g}" if abs(cell) < _LARGE else f"{cell:,.0f}"
