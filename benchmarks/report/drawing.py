"""Drawing: the elements that every chart is made of, in user units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.report.markup import Element, element
from benchmarks.report.numbers import compact

if TYPE_CHECKING:
    from collections.abc import Sequence


def at(value: float) -> str:
    """A coordinate, to a hundredth."""
    return compact(round(value, 2))


def frame(width: float, height: float, *, fixed_size: bool = False) -> dict[str, str]:
    """The attributes of a picture of this size; scaled to its place unless it is fixed."""
    size = {"width": at(width), "height": at(height)} if fixed_size else {}
    return {"viewBox": f"0 0 {at(width)} {at(height)}", **size}


def line(start: tuple[float, float], end: tuple[float, float], name: str) -> Element:
    """A line of the class `name`."""
    (x1, y1), (x2, y2) = start, end
    places = {"x1": at(x1), "y1": at(y1), "x2": at(x2), "y2": at(y2)}
    return element("line", {"class": name, **places})


def text(x: float, y: float, content: str, anchor: str) -> Element:
    """A text whose ``start``, ``middle`` or ``end`` is at `x`, and its base line at `y`."""
    return element("text", {"x": at(x), "y": at(y), "text-anchor": anchor}, content)


def picture(
    box: dict[str, str], title: str, description: str, parts: Sequence[Element]
) -> Element:
    """The parts in a `frame`, with a name and a description for those who hear the page."""
    head = (element("title", {}, title), element("desc", {}, description))
    return element("svg", {**box, "role": "img"}, *head, *parts)
