"""The table of peers: for each mode our engine first, then the others by their medians."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.timing import COLUMNS, cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = 26
_MEGABYTE = 1e6


def peers_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    return "\n".join(_lines(result))


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{result['products']:,} products, {result['dimension']} dimensions, "
        f"{result['queries']} queries of two to four words, one client thread; milliseconds"
    )
    yield (
        "vector searches give the 100 nearest at the least effort with recall@100 of "
        f"{result['recall_wanted']:g}, where they reach it; hybrids give 20"
    )
    ours = result["rows"][0]["peer"]
    for mode in dict.fromkeys(row["mode"] for row in result["rows"]):
        rows = [row for row in result["rows"] if row["mode"] == mode]
        rows.sort(key=lambda row: (row["peer"] != ours, row["median"]))
        yield ""
        yield f"{mode:<{_NAME}}{COLUMNS}{'ratio':>8}{'recall':>8}{'effort':>8}"
        for row in rows:
            yield (
                f"{'  ' + row['peer']:<{_NAME}}{cells(row)}"
                f"{_number(row['ratio_to_ours'], '.2f'):>8}"
                f"{_number(row['recall'], '.3f'):>8}{_number(row['effort'], ',d'):>8}"
            )
    yield ""
    yield f"{'engine':<{_NAME}}{'build s':>9}{'MB':>9}"
    built = {row["peer"]: row for row in result["rows"]}
    for name, remark in result["peers"].items():
        row = built[name]
        megabytes = row["bytes"] / _MEGABYTE
        seconds = _number(row["build_seconds"], ".1f")
        yield f"{'  ' + name:<{_NAME}}{seconds:>9}{megabytes:>9,.0f}  {remark}"
    for name, reason in result.get("absent", {}).items():
        yield f"  {name} is not here: {reason}"


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
