"""The tables of latency: each catalogue's stages beside the budget, then the aims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.aims import aims_lines
from benchmarks.timing import COLUMNS, cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAME = 44
_LAYERS = {"http": "http", "engine": "engine", "engine_processor": "engine, processor time"}
_OVER = "  over budget: "


def latency_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    lines: list[str] = []
    for catalogue in result["catalogues"]:
        lines += [*_catalogue(catalogue), ""]
    lines += aims_lines(result["aims"])
    return "\n".join(lines)


def _catalogue(catalogue: Mapping[str, Any]) -> Iterator[str]:
    recalled = catalogue["recall_at_100"][0]["recall"]
    yield (
        f"{catalogue['products']:,} products, vectors by {catalogue['documents_by']}, "
        f"{catalogue['bytes_per_product']:,.0f} bytes per product, recall@100 {recalled:.3f}"
        f"{_built(catalogue.get('build'))}"
    )
    for encoder, workloads in catalogue["encoders"].items():
        yield from _encoder(encoder, workloads)
    for name, row in catalogue["baselines"].items():
        part = "" if row["products"] == catalogue["products"] else f", from {row['products']:,}"
        yield f"{name + part:<{_NAME}}{cells(row)}"


def _built(build: Mapping[str, Any] | None) -> str:
    if build is None:
        return ""
    seconds = sum(build["seconds"].values())
    speed = build["products"] / seconds
    return f"; built in {seconds:.0f} s, {speed:,.0f} products/s, {build['embedded']:,} embedded"


def _encoder(encoder: str, workloads: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    plain, *filtered = workloads
    title = f"{encoder}, {plain['queries']:,} queries, milliseconds"
    yield f"{title:<{_NAME}}{COLUMNS}{'budget':>9}{'p99':>9}  at a million products"
    for name, label in _LAYERS.items():
        if name in plain:
            yield f"{label:<{_NAME}}{cells(plain[name])}"
    for name, row in plain["stages"].items():
        budget = row["budget"]
        allowed = f"{budget['median']:>9.3f}{budget['p99']:>9.3f}" if budget else ""
        over = f"{_OVER}{', '.join(row['over'])}" if row["over"] else ""
        yield f"{'  ' + name:<{_NAME}}{cells(row)}{allowed}{over}"
    for row in filtered:
        for name, ratio in row["ratio_to_unfiltered"].items():
            label = f"{name}, filter of {row['filter']['share']:.3%}"
            yield f"{label:<{_NAME}}{cells(row[name])}{ratio:>9.2f} times"
    degraded = sum(row["degraded"] for row in (plain, *filtered))
    if degraded:
        yield f"{degraded:,} answers without the model, which was late"
