from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest

from benchmarks.speed_report.axis import Axis
from benchmarks.speed_report.plots import Bar, Line, legend, lines_plot, stacked_bars


def of_class(chart: Element, tag: str, beginning: str) -> list[Element]:
    return [e for e in chart.iter(tag) if (e.get("class") or "").startswith(beginning)]


def test_parts_of_a_bar_stand_one_after_the_other_in_proportion() -> None:
    chart = stacked_bars("t", "ms", ["a", "b", "c"], [Bar("bar", (1.0, 3.0, 2.0))])
    first, second, third = of_class(chart, "rect", "fill-")
    widths = [float(rect.attrib["width"]) for rect in (first, second, third)]
    assert widths[1] == pytest.approx(3 * widths[0], abs=0.05)
    assert float(second.attrib["x"]) == pytest.approx(
        float(first.attrib["x"]) + widths[0], abs=0.05
    )
    assert [rect[0].text for rect in (first, second, third)] == [
        "bar, a: 1",
        "bar, b: 3",
        "bar, c: 2",
    ]
    assert any(text.text == "bar: 6" for text in chart.iter("text"))


def test_what_took_no_time_or_less_has_no_part() -> None:
    chart = stacked_bars("t", "ms", ["a", "b"], [Bar("bar", (-1.0, 2.0)), Bar("none", (0, 0))])
    assert [rect.get("class") for rect in of_class(chart, "rect", "fill-")] == ["fill-1"]


def test_a_bound_is_marked_where_it_is_also_beyond_the_bar() -> None:
    bars = [Bar("within", (1.0,), bound=4.0), Bar("without", (2.0,))]
    chart = stacked_bars("t", "ms", ["a"], bars)
    (mark,) = of_class(chart, "line", "bound")
    ends = [float(r.attrib["x"]) + float(r.attrib["width"]) for r in of_class(chart, "rect", "")]
    assert float(mark.attrib["x1"]) > max(ends)


def test_a_line_goes_through_its_points_and_names_them() -> None:
    axis = Axis.linear("requests", [10]), Axis.linear("ms", [10])
    lines = [Line("one", ((0, 0), (10, 10))), Line("two", ((5, 5),))]
    chart = lines_plot("t", *axis, lines)
    paths = of_class(chart, "path", "series")
    assert [path.attrib["d"].count("L") for path in paths] == [1, 0]
    assert len({path.get("class") for path in paths}) == 2
    dots = list(chart.iter("circle"))
    assert [dot[0].text for dot in dots] == ["one: 0 at 0", "one: 10 at 10", "two: 5 at 5"]
    left, right = float(dots[0].attrib["cx"]), float(dots[1].attrib["cx"])
    assert float(dots[2].attrib["cx"]) == pytest.approx((left + right) / 2)
    texts = [text.text for text in chart.iter("text")]
    assert {"requests", "ms"} <= set(texts)


def test_everything_is_inside_the_picture() -> None:
    axis = Axis.logarithmic("products", [1e3, 1e6]), Axis.logarithmic("ms", [0.1, 40])
    chart = lines_plot("t", *axis, [Line("one", ((1e3, 0.1), (1e6, 40)))])
    width, height = map(float, chart.attrib["viewBox"].split()[2:])
    for dot in chart.iter("circle"):
        assert 0 < float(dot.attrib["cx"]) < width
        assert 0 < float(dot.attrib["cy"]) < height


@pytest.mark.parametrize("lines", [True, False])
def test_a_legend_names_every_series_beside_its_colour(*, lines: bool) -> None:
    made = legend(["one", "two"], lines=lines)
    assert ["".join(item.itertext()) for item in made] == ["one", "two"]
    keys = [item[0][0].attrib["class"] for item in made]
    assert all(str(number) in key for number, key in enumerate(keys))
