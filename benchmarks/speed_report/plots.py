"""Plots: stacked bars, and lines over two axes; SVG without a script."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.report.drawing import at, frame, line, picture, text
from benchmarks.report.markup import Element, element
from benchmarks.speed_report.axis import Axis, written

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLOURS = 12
"""Series beyond these repeat the colours of the first."""
_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 64, 20, 14, 44
_PLOT_HEIGHT = 300
_BAR, _GAP = 26, 24
_DOT = "3.5"
_MARKS = 4


@dataclass(frozen=True, slots=True)
class Bar:
    """A stacked bar.

    Attributes:
        parts: a value of each series, in their order; below zero counts as nothing.
        bound: a mark on it, such as its budget.
    """

    label: str
    parts: tuple[float, ...]
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A series of points, ascending in x."""

    name: str
    points: tuple[tuple[float, float], ...]


def stacked_bars(title: str, unit: str, series: Sequence[str], bars: Sequence[Bar]) -> Element:
    """Horizontal bars one below the other, their parts one after the other.

    Args:
        title: of the picture, for those who hear it.
        unit: of the values, below the axis.
        series: names of the parts.
        bars: at least one.
    """
    ends = [sum(max(part, 0) for part in bar.parts) for bar in bars]
    axis = Axis.linear(unit, [*ends, *(bar.bound for bar in bars if bar.bound is not None)])
    left, bottom = _GAP // 2, _TOP + len(bars) * (_BAR + _GAP)
    width = _WIDTH - left - _RIGHT

    def x(value: float) -> float:
        return left + axis.share(value) * width

    parts = [line((x(tick), _TOP), (x(tick), bottom), "grid") for tick in axis.ticks]
    for number, (bar, end) in enumerate(zip(bars, ends, strict=True)):
        top = _TOP + number * (_BAR + _GAP)
        parts.append(text(left, top + 13, f"{bar.label}: {end:,.4g}", "start"))
        parts += _segments(bar, top + _GAP - 5, x, series)
        if bar.bound is not None:
            bound = x(bar.bound)
            parts.append(line((bound, top + _GAP - 9), (bound, top + _GAP + _BAR - 1), "bound"))
    parts += [text(x(tick), bottom + 16, written(tick), "middle") for tick in axis.ticks]
    parts.append(text(left + width / 2, bottom + 36, unit, "middle"))
    described = "; ".join(f"{bar.label} {end:.4g}" for bar, end in zip(bars, ends, strict=True))
    return picture(frame(_WIDTH, bottom + _BOTTOM), title, described, parts)


def lines_plot(title: str, x_axis: Axis, y_axis: Axis, lines: Sequence[Line]) -> Element:
    """Lines through their points; each series has a colour and a dash of its own."""
    width, bottom = _WIDTH - _LEFT - _RIGHT, _TOP + _PLOT_HEIGHT

    def x(value: float) -> float:
        return _LEFT + x_axis.share(value) * width

    def y(value: float) -> float:
        return bottom - y_axis.share(value) * _PLOT_HEIGHT

    parts = [line((_LEFT, y(tick)), (_WIDTH - _RIGHT, y(tick)), "grid") for tick in y_axis.ticks]
    parts += [line((x(tick), _TOP), (x(tick), bottom), "grid") for tick in x_axis.ticks]
    parts += [text(_LEFT - 8, y(tick) + 4, written(tick), "end") for tick in y_axis.ticks]
    parts += [text(x(tick), bottom + 18, written(tick), "middle") for tick in x_axis.ticks]
    parts.append(text(_LEFT + width / 2, bottom + 38, x_axis.label, "middle"))
    parts.append(_upright(y_axis.label, bottom - _PLOT_HEIGHT / 2))
    for number, series in enumerate(lines):
        places = [(x(first), y(second)) for first, second in series.points]
        path = "L".join(f"{at(first)} {at(second)}" for first, second in places)
        name = f"series stroke-{number % COLOURS} dash-{number % _MARKS}"
        parts.append(element("path", {"class": name, "d": f"M{path}"}))
        parts += [
            _dot(place, point, series.name, number)
            for place, point in zip(places, series.points, strict=True)
        ]
    described = f"{y_axis.label} by {x_axis.label}: {', '.join(it.name for it in lines)}"
    return picture(frame(_WIDTH, bottom + _BOTTOM), title, described, parts)


def legend(names: Sequence[str], *, lines: bool = False) -> Element:
    """The names of series beside their colours."""
    items = []
    for number, name in enumerate(names):
        key: list[Element] = []
        if lines:
            classes = f"series stroke-{number % COLOURS} dash-{number % _MARKS}"
            key.append(line((0, 6), (26, 6), classes))
        else:
            box = {"width": "12", "height": "12", "class": f"fill-{number % COLOURS}"}
            key.append(element("rect", box))
        shape = {**frame(26 if lines else 12, 12, fixed_size=True), "aria-hidden": "true"}
        items.append(element("li", {}, element("svg", shape, *key), name))
    return element("ul", {"class": "legend"}, *items)


def _segments(
    bar: Bar, top: float, x: Callable[[float], float], series: Sequence[str]
) -> list[Element]:
    found = []
    begin = 0.0
    for number, (name, part) in enumerate(zip(series, bar.parts, strict=True)):
        if part <= 0:
            continue
        places = {
            "class": f"fill-{number % COLOURS}",
            "x": at(x(begin)),
            "y": at(top),
            "width": at(x(begin + part) - x(begin)),
            "height": at(_BAR - 6),
        }
        told = element("title", {}, f"{bar.label}, {name}: {part:,.4g}")
        found.append(element("rect", places, told))
        begin += part
    return found


def _dot(
    place: tuple[float, float], point: tuple[float, float], name: str, number: int
) -> Element:
    told = element("title", {}, f"{name}: {point[1]:,.4g} at {point[0]:,.4g}")
    places = {"cx": at(place[0]), "cy": at(place[1]), "r": _DOT}
    return element("circle", {"class": f"fill-{number % COLOURS}", **places}, told)


def _upright(label: str, middle: float) -> Element:
    written_up = text(0, 0, label, "middle")
    written_up.set("transform", f"translate(14 {at(middle)}) rotate(-90)")
    return written_up
