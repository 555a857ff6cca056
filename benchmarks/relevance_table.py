"""A relevance result for people, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.summary import MAIN_MEASURE, MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN_CLASSES = 15
_SHOWN_TITLES = 3
_TITLE_CHARS = 70


def relevance_table(result: Mapping[str, Any]) -> str:
    """Head, one line for each system, and the shipped system's classes of queries."""
    head = [
        MAIN_MEASURE, "95 % CI", "judged only", "Recall@100", "MRR@10", "P@10", "judged@10",
        "no result", "difference", "p", "median ms", "p95 ms",
    ]  # fmt: skip
    rows = [_row(system) for system in result["systems"].values()]
    lines = [*_head(result), *_aligned(["", *head], result["systems"], rows)]
    lines.append(
        f"CI: bootstrap over queries. Difference of {MAIN_MEASURE} to {result['baseline']}, p of "
        "a two-sided paired randomization test, not corrected for several comparisons."
    )
    return "\n".join([*lines, *_classes(result)])


def worst_queries(result: Mapping[str, Any], count: int) -> str:
    """The queries that the shipped system answers worst, with what it answered."""
    queries = result["systems"][result["shipped"]]["queries"]
    measured = [query_id for query_id in queries if MAIN_MEASURE in queries[query_id]]
    worst = sorted(measured, key=lambda query_id: queries[query_id][MAIN_MEASURE])[:count]
    lines = [f"{result['shipped']}: worst {len(worst)} of {len(measured)} queries"]
    for query_id in worst:
        query = queries[query_id]
        lines.append(f"{query[MAIN_MEASURE]:.3f}  {query['text']}  [{query_id}]")
        labels = result["qrels"][query_id]
        for product_id in query["top"][:_SHOWN_TITLES]:
            title = result["products"].get(product_id, {}).get("title", product_id)
            lines.append(f"       {labels.get(product_id, '-')!s:>2}  {_shortened(title)}")
        if not query["top"]:
            lines.append("           no result")
    return "\n".join(lines)


def _head(result: Mapping[str, Any]) -> list[str]:
    collection = result["collection"]
    gains = ", ".join(f"{label} → {gain:g}" for label, gain in result["gains"].items())
    lines = [
        (
            f"{collection['name']} ({collection['format']}): {collection['products']:,} products, "
            f"{collection['queries']:,} queries, {collection['judgments']:,} judgments, "
            f"digest {collection['digest'][:12]}"
        ),
        f"gain of labels: {gains}; relevant from {result['relevant_from']}",
    ]
    if collection["excluded_queries"]:
        lines.append(f"in no mean: {collection['excluded_queries']:,} queries, nothing relevant")
    if collection["missing_products"]:
        lines.append(f"judged but not in the index: {collection['missing_products']:,} products")
    return lines


def _row(system: Mapping[str, Any]) -> list[str]:
    statistics = system["statistics"][MAIN_MEASURE]
    difference = statistics.get("difference")
    return [
        f"{system[MAIN_MEASURE]:.3f}",
        f"{statistics['low']:.3f}–{statistics['high']:.3f}",  # noqa: RUF001 - a range's dash
        *(f"{system[name]:.3f}" for name in MEASURES if name != MAIN_MEASURE),
        f"{system['zero_result_rate']:.1%}",
        "baseline" if difference is None else f"{difference:+.3f}",
        "" if difference is None else f"{statistics['p']:.4f}",
        *(
            "-" if system[name] is None else f"{system[name]:.2f}"
            for name in ("median_ms", "p95_ms")
        ),
    ]


def _classes(result: Mapping[str, Any]) -> list[str]:
    shipped, baseline = result["shipped"], result["baseline"]
    names = [shipped] if shipped == baseline else [shipped, baseline]
    classes = [result["systems"][name]["classes"] for name in names]
    if not classes[0]:
        return []
    by_size = sorted(classes[0], key=lambda name: -classes[0][name]["queries"])
    shown = by_size[:_SHOWN_CLASSES]
    rows = [
        [
            f"{classes[0][name]['queries']:,}",
            *(f"{each[name][MAIN_MEASURE]:.3f}" for each in classes),
        ]
        for name in shown
    ]
    lines = ["", *_aligned([f"{MAIN_MEASURE} by class", "queries", *names], shown, rows)]
    if len(by_size) > len(shown):
        lines.append(f"and {len(by_size) - len(shown)} smaller classes")
    return lines


def _aligned(
    head: Sequence[str], names: Sequence[str], rows: Sequence[Sequence[str]]
) -> list[str]:
    """Lines of columns as wide as they need: names to the left, figures to the right."""
    table = [list(head), *([name, *row] for name, row in zip(names, rows, strict=True))]
    widths = [max(len(cells[column]) for cells in table) for column in range(len(head))]
    return [
        "  ".join(
            [cells[0].ljust(widths[0])]
            + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
        ).rstrip()
        for cells in table
    ]


def _shortened(title: str) -> str:
    return title if len(title) <= _TITLE_CHARS else f"{title[: _TITLE_CHARS - 1]}…"
