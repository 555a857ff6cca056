"""Sections: what each kind of result file shows, as charts and tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.speed_report.axis import Axis
from benchmarks.speed_report.plots import Bar, Line, legend, lines_plot, stacked_bars
from benchmarks.speed_report.tables import Table, aims_table, figures_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from benchmarks.report.markup import Element

    _Make = Callable[[str, Iterable[float]], Axis]

_MILLISECONDS = "milliseconds"
_PRODUCTS = "products"
_PASSING = "share of the products that pass the filter"
_EVERYTHING = 1.0
_MEGA = 1e6


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, what its colours mean, a sentence, and its numbers."""

    caption: str
    picture: Element
    key: Element
    note: str
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """What is shown of one kind of result.

    Attributes:
        name: also of the link to it.
        aims: see `benchmarks.aims`.
        rest: tables without a picture.
    """

    name: str
    charts: list[Chart] = field(default_factory=list)
    aims: list[Mapping[str, Any]] = field(default_factory=list)
    rest: list[tuple[str, Table]] = field(default_factory=list)


def section_of(command: str, result: Any) -> Section:  # noqa: ANN401 - whatever JSON can say
    """The section of the result of `command`; its figures alone where it has no charts."""
    section = Section(command)
    if isinstance(result, dict):
        section.aims.extend(result.get("aims", ()))
        section.charts.extend(_CHARTS.get(command, _no_charts)(result))
    if not section.charts:
        section.rest.append(("Every figure", figures_table(result)))
    return section


def aims_of(section: Section) -> Element | None:
    """The table of the section's aims, if it has some."""
    return aims_table(section.aims) if section.aims else None


def _latency(result: Mapping[str, Any]) -> Iterator[Chart]:
    yield _stages(result["catalogues"])
    if len(result["catalogues"]) > 1:
        yield _by_size(result["catalogues"])
    yield _by_filter(result["catalogues"])
    yield from _build_seconds(
        (f"{it['products']:,} products", it["build"]["seconds"])
        for it in result["catalogues"]
        if "build" in it
    )


def _stages(catalogues: Iterable[Mapping[str, Any]]) -> Chart:
    rows = [
        (f"{catalogue['products']:,} products, {encoder}", workloads[0])
        for catalogue in catalogues
        for encoder, workloads in catalogue["encoders"].items()
    ]
    stages = list(dict.fromkeys(name for _, row in rows for name in row["stages"]))
    bars = [
        Bar(
            label,
            tuple(row["stages"].get(name, {}).get("median", 0.0) for name in stages),
            sum((it["budget"] or {}).get("median", 0.0) for it in row["stages"].values()),
        )
        for label, row in rows
    ]
    heads = ["stage", *(f"{label}: {column}" for label, _ in rows for column in ("median", "p99"))]
    table = Table(heads)
    for name in stages:
        stage = [row["stages"].get(name, {}) for _, row in rows]
        table.rows.append(
            [name, *(it.get(column) for it in stage for column in ("median", "p99"))]
        )
    return Chart(
        "Latency by stage",
        stacked_bars("Latency by stage", _MILLISECONDS, stages, bars),
        legend(stages),
        "Sums of the medians of each stage; the mark is the budget.",
        table,
    )


def _by_size(catalogues: Iterable[Mapping[str, Any]]) -> Chart:
    ordered = sorted(catalogues, key=lambda it: int(it["products"]))
    points: dict[str, list[tuple[float, float]]] = {}
    for catalogue in ordered:
        for encoder, workloads in catalogue["encoders"].items():
            for layer in ("engine", "http"):
                for column in ("median", "p99") if layer in workloads[0] else ():
                    place = (float(catalogue["products"]), workloads[0][layer][column])
                    points.setdefault(f"{encoder}, {layer}, {column}", []).append(place)
    note = "Both axes are logarithmic. All sizes were measured in turns in one run."
    return _lines("Latency by size", points, _PRODUCTS, _MILLISECONDS, note)


def _by_filter(catalogues: Iterable[Mapping[str, Any]]) -> Chart:
    points: dict[str, list[tuple[float, float]]] = {}
    for catalogue in catalogues:
        for encoder, workloads in catalogue["encoders"].items():
            name = f"{catalogue['products']:,} products, {encoder}"
            for row in sorted(workloads, key=_share):
                layer = "http" if "http" in row else "engine"
                place = (_share(row), row[layer]["median"])
                points.setdefault(name, []).append(place)
    note = "Medians; the rightmost points are without a filter. Both axes are logarithmic."
    return _lines("Latency by filter", points, _PASSING, _MILLISECONDS, note)


def _share(row: Mapping[str, Any]) -> float:
    found: float = row["filter"]["share"] if row["filter"] else _EVERYTHING
    return found


def _build_seconds(builds: Iterable[tuple[str, Mapping[str, float]]]) -> Iterator[Chart]:
    rows = list(builds)
    if not rows:
        return
    stages = list(dict.fromkeys(name for _, seconds in rows for name in seconds))
    bars = [Bar(label, tuple(seconds.get(it, 0.0) for it in stages)) for label, seconds in rows]
    table = Table(["stage", *(label for label, _ in rows)])
    table.rows.extend([name, *(seconds.get(name) for _, seconds in rows)] for name in stages)
    yield Chart(
        "Build time by stage",
        stacked_bars("Build time by stage", "seconds", stages, bars),
        legend(stages),
        "Texts that an earlier run has embedded are not embedded again.",
        table,
    )


def _build(result: Mapping[str, Any]) -> Iterator[Chart]:
    builds = result["builds"]
    yield from _build_seconds((f"{it['products']:,} products", it["seconds"]) for it in builds)
    if len(builds) > 1:
        sizes = {
            name: [(it["products"], it[f"{name}_bytes"] / _MEGA) for it in builds]
            for name in ("peak", "index")
        }
        note = "The most memory that the build had, and what it wrote; both axes are logarithmic."
        yield _lines("Memory of a build", sizes, _PRODUCTS, "megabytes", note)


def _memory(result: Mapping[str, Any]) -> Iterator[Chart]:
    products = result["products"]
    sizes = result["bytes_per_product_by_file"]
    rows = [("on disk", sizes, 0.0)]
    for it in result["services"]:
        resident = {name: size / products for name, size in it["resident_files"].items()}
        label = f"in memory, {it['workers']} workers"
        rows.append((label, resident, max(it["allocated"], 0) / products))
    series = [*sizes, "allocated"]
    parts = [[*(files.get(name, 0.0) for name in sizes), grown] for _, files, grown in rows]
    bars = [Bar(label, tuple(found)) for (label, *_), found in zip(rows, parts, strict=True)]
    table = Table(["file", *(label for label, *_ in rows)])
    table.rows.extend(
        [name, *(found[place] for found in parts)] for place, name in enumerate(series)
    )
    yield Chart(
        f"Memory by file, {products:,} products",
        stacked_bars("Memory by file", "bytes per product", series, bars),
        legend(series),
        "Files are counted once, since all processes map the same; what they allocate is added.",
        table,
    )


def _throughput(result: Mapping[str, Any]) -> Iterator[Chart]:
    curve = sorted(result["curve"], key=lambda row: float(row["offered"]))
    percentiles = [name for name in ("p50", "median", "p95", "p99") if name in curve[0]]
    points = {
        name: [(row["offered"], row[name]) for row in curve if row[name] is not None]
        for name in percentiles
    }
    label = "requests offered per second"
    note = "Of the answered requests, from when each was due; both axes are logarithmic."
    yield _lines("Latency under load", points, label, _MILLISECONDS, note)
    names = [name for name in ("answered", "shed") if name in curve[0]]
    rates = {name: [(row["offered"], row[name]) for row in curve] for name in names}
    note = "What is more than the service can do is refused at once."
    linear = (Axis.linear, Axis.linear)
    yield _lines("Load curve", rates, label, "requests per second", note, linear)


def _recall(result: Mapping[str, Any]) -> Iterator[Chart]:
    rows = sorted(result["curve"], key=lambda row: float(row["scanned"]))
    points = [(row["milliseconds"]["median"], row["recall_at_100"]) for row in rows]
    lines = {f"{result['products']:,} products": sorted(points)}
    note = "Each point goes through more of the vectors than the one left of it."
    axes = (Axis.linear, Axis.close)
    yield _lines("Recall against time", lines, _MILLISECONDS, "recall@100", note, axes)


def _filters(result: Mapping[str, Any]) -> Iterator[Chart]:
    rows = sorted(result["filters"], key=lambda row: float(row["share"]))
    legs = {
        f"{leg}, {column}": [(row["share"], row[leg][column]) for row in rows]
        for leg in ("semantic", "search")
        for column in ("median", "p99")
    }
    note = "The semantic leg alone and the whole search; the rightmost points have no filter."
    yield _lines("Time inside filters", legs, _PASSING, _MILLISECONDS, note)
    recalls = {"semantic leg": [(row["share"], row["recall_at_100"]) for row in rows]}
    note = "Of the 100 nearest that pass the filter, those that were found."
    axes = (Axis.logarithmic, Axis.close)
    yield _lines("Recall inside filters", recalls, _PASSING, "recall@100", note, axes)


def _readers(result: Mapping[str, Any]) -> Iterator[Chart]:
    rows = result["milliseconds"]
    columns = ["median", "p95", "p99"]
    bars = [
        Bar(f"{name}, {column}", (row[column],))
        for name, row in rows.items()
        for column in columns
    ]
    table = Table(["while", *columns])
    table.rows.extend([name, *(row[column] for column in columns)] for name, row in rows.items())
    yield Chart(
        "Searches during a reindex",
        stacked_bars("Searches during a reindex", _MILLISECONDS, [_MILLISECONDS], bars),
        legend([]),
        f"{result.get('failed', 0)} requests failed.",
        table,
    )


def _no_charts(_: Mapping[str, Any]) -> Iterator[Chart]:
    return iter(())


def _lines(
    caption: str,
    points: Mapping[str, Sequence[tuple[float, float]]],
    across: str,
    up: str,
    note: str,
    make: tuple[_Make, _Make] = (Axis.logarithmic, Axis.logarithmic),
) -> Chart:
    every = [point for series in points.values() for point in series]
    axes = make[0](across, [x for x, _ in every]), make[1](up, [y for _, y in every])
    lines = [Line(name, tuple(series)) for name, series in points.items()]
    table = Table([across, *points])
    for x in sorted({x for x, _ in every}):
        table.rows.append([x, *(dict(series).get(x) for series in points.values())])
    return Chart(
        caption,
        lines_plot(caption, *axes, lines),
        legend(list(points), lines=True),
        note,
        table,
    )


_CHARTS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Chart]]] = {
    "build": _build,
    "filters": _filters,
    "latency": _latency,
    "memory": _memory,
    "throughput": _throughput,
    "recall": _recall,
    "readers": _readers,
}
