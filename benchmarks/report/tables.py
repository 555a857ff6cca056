"""Tables of a result: what was searched, every system's means, the main measure by query class."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any

from benchmarks.report.charts import Axis, interval_axis, interval_chart
from benchmarks.report.markup import Element, Node, element, unseen
from benchmarks.report.numbers import ABSENT, compact, fixed, percent, probability, signed
from benchmarks.report.result import SHIPPED_MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from benchmarks.report.result import Result, System

_DIGEST_DIGITS = 12
_NOT_SHOWN = "measured_at"  # equal measurements are equal reports


def facts(result: Result) -> Element:
    """What was searched, at a glance."""
    collection = result.collection
    asked = len(result.query_ids)
    queries = "" if collection.queries in {None, asked} else f" of {collection.queries:,}"
    return _definitions(
        "facts",
        {
            "products": _count(collection.products),
            "queries": f"{asked:,}{queries}",
            "judgments": _count(collection.judgments),
            "gain of each label": _gains(result),
        },
    )


def circumstances(result: Result) -> Element:
    """How it was measured: enough to do it again."""
    machine = {name: value for name, value in result.machine.items() if name != _NOT_SHOWN}
    versions = machine.pop("versions", {})
    collection = result.collection
    rows = {
        "digest of the collection": collection.digest[:_DIGEST_DIGITS] or ABSENT,
        "format": collection.format or ABSENT,
        "queries without a relevant product, in no mean": _count(collection.excluded_queries),
        "judged products that the catalogue lacks": _count(collection.missing_products),
        "machine": _pairs(machine),
        "versions": _pairs(versions),
        "ranking policy": _pairs(result.policy),
    }
    return element(
        "details",
        {"class": "circumstances"},
        element("summary", {}, "How it was measured"),
        _definitions("settings", {name: text for name, text in rows.items() if text != ABSENT}),
    )


def systems_table(result: Result) -> Element:
    """Every system's means, the main one with its interval, difference to the baseline and p."""
    main, *others = result.measures
    axis = Axis.around(_shown_values(result, main))
    with_statistics = any(main in system.statistics for system in result.systems.values())
    head = element(
        "tr",
        {},
        element("th", {"scope": "col"}, "System"),
        _number_head(main),
        element(
            "th",
            {"scope": "col", "class": "interval"},
            unseen(f"Interval of {main}"),
            interval_axis(axis),
        ),
        *([_number_head("Difference"), _number_head("p")] if with_statistics else []),
        *(_number_head(name) for name in (*others, "No result", "Median ms")),
    )
    rows = [
        _system_row(result, name, axis, with_statistics=with_statistics) for name in result.systems
    ]
    table = element(
        "table", {"class": "systems"}, element("thead", {}, head), element("tbody", {}, *rows)
    )
    return _scrollable(table, "Systems")


def classes_table(result: Result) -> Element | None:
    """The mean of the main measure by class of query; None when no query has a class."""
    main = result.measures[0]
    members: dict[str, list[str]] = {}
    for query_id in result.query_ids:
        answers = list(result.answers(query_id))
        if not any(main in answer.measures for answer in answers):
            continue
        name = next((answer.query_class for answer in answers if answer.query_class), "")
        members.setdefault(name, []).append(query_id)
    if not any(members):
        return None
    head = [_number_head("Queries"), *(_number_head(name) for name in result.systems)]
    rows = [
        element(
            "tr",
            {},
            element("th", {"scope": "row"}, name or "without a class"),
            _number(f"{len(query_ids):,}"),
            *_class_cells(result, name, query_ids),
        )
        for name, query_ids in members.items()
    ]
    table = element(
        "table",
        {"class": "classes"},
        element("thead", {}, element("tr", {}, element("th", {"scope": "col"}, "Class"), *head)),
        element("tbody", {}, *rows),
    )
    return _scrollable(table, f"{main} by class")


def system_name(result: Result, name: str) -> list[Node]:
    """A system's name, and what it is in this comparison."""
    marks: list[Node] = [name.removesuffix(SHIPPED_MARK).rstrip()]
    if name == result.shipped:
        marks += [" ", element("span", {"class": "mark own"}, "shipped")]
    if name == result.baseline:
        marks += [" ", element("span", {"class": "mark"}, "baseline")]
    return marks


def _class_cells(result: Result, name: str, query_ids: Iterable[str]) -> list[Element]:
    measure = result.measures[0]
    means = [_class_mean(system, name, measure, query_ids) for system in result.systems.values()]
    best = max((fixed(mean) for mean in means if mean is not None), default="")
    return [_number(text, best=text == best) for text in map(fixed, means)]


def _class_mean(system: System, name: str, measure: str, query_ids: Iterable[str]) -> float | None:
    """The mean in the file, which was rounded once only; else that of the rounded values."""
    if name in system.classes:
        return system.classes[name].measures.get(measure)
    answers = (system.queries[q].measures for q in query_ids if q in system.queries)
    values = [measures[measure] for measures in answers if measure in measures]
    return fmean(values) if values else None


def _shown_values(result: Result, measure: str) -> Iterable[float]:
    for system in result.systems.values():
        if measure in system.measures:
            yield system.measures[measure]
        yield from _interval(system, measure) or ()


def _interval(system: System, measure: str) -> tuple[float, float] | None:
    known = system.statistics.get(measure)
    if known is None or known.low is None or known.high is None:
        return None
    return known.low, known.high


def _system_row(result: Result, name: str, axis: Axis, *, with_statistics: bool) -> Element:
    main, *others = result.measures
    system = result.systems[name]
    mean = system.measures.get(main)
    baseline = result.systems[result.baseline].measures.get(main)
    chart = [] if mean is None else [interval_chart(axis, mean, _interval(system, main), baseline)]
    return element(
        "tr",
        {"class": "own"} if name == result.shipped else {},
        element("th", {"scope": "row"}, *system_name(result, name)),
        _number(fixed(mean), best=True),
        element("td", {"class": "interval"}, *chart),
        *(_against_baseline(result, name) if with_statistics else []),
        *(_number(fixed(system.measures.get(measure))) for measure in others),
        _number(percent(system.zero_result_rate)),
        _latency(system),
    )


def _against_baseline(result: Result, name: str) -> list[Element]:
    known = result.systems[name].statistics.get(result.measures[0])
    if known is None or known.difference is None or name == result.baseline:
        return [_number(ABSENT), _number(ABSENT)]
    bounds = None
    if known.difference_low is not None and known.difference_high is not None:
        text = f"{signed(known.difference_low)} to {signed(known.difference_high)}"
        bounds = element("small", {}, text)
    difference = element("td", {"class": "number"}, signed(known.difference), " ", bounds)
    return [difference, _number(probability(known.p))]


def _latency(system: System) -> Element:
    p95 = None if system.p95_ms is None else element("small", {}, f"p95 {system.p95_ms:.2f}")
    return element("td", {"class": "number"}, fixed(system.median_ms, 2), " ", p95)


def _gains(result: Result) -> str:
    if not result.gains:
        return result.collection.gain or ABSENT
    return ", ".join(f"{label} → {compact(result.gains[label])}" for label in sorted(result.gains))


def _count(value: int | None) -> str:
    return ABSENT if value is None else f"{value:,}"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items()) or ABSENT


def _definitions(name: str, rows: Mapping[str, str]) -> Element:
    pairs = [
        element("div", {}, element("dt", {}, term), element("dd", {}, text))
        for term, text in rows.items()
    ]
    return element("dl", {"class": name}, *pairs)


def _number_head(text: str) -> Element:
    return element("th", {"scope": "col", "class": "number"}, text)


def _number(text: str, *, best: bool = False) -> Element:
    return element("td", {"class": "number best" if best else "number"}, text)


def _scrollable(table: Element, label: str) -> Element:
    """A table that is wider than a phone scrolls by itself, by keyboard as well."""
    attributes = {"class": "scroll", "role": "region", "aria-label": label, "tabindex": "0"}
    return element("div", attributes, table)
