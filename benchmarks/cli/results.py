"""Commands about results: two files compared, and any number of them shown on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli.frame import explained_failures
from benchmarks.compare import Limits, compare_results, comparison_table, read_result
from benchmarks.speed_report import write_speed_report


def compare(
    before: Annotated[Path, typer.Argument(help="What a command wrote with --json.")],
    after: Annotated[Path, typer.Argument(help="What the same command wrote later.")],
    threshold: Annotated[
        float, typer.Option(min=1, help="Times and sizes may become so many times as large.")
    ] = Limits.ratio,
    quality: Annotated[
        float, typer.Option(min=0, help="Relevance and recall may fall by so much.")
    ] = Limits.quality,
    every: Annotated[bool, typer.Option("--all", help="Print every figure.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Compare other machines and other data, too.")
    ] = False,
) -> None:
    """Compare two result files of one command; a regression is exit code 1.

    Example: python -m benchmarks compare before.json after.json --threshold 1.1
    """
    with explained_failures():
        limits = Limits(threshold, quality)
        changes = compare_results(read_result(before), read_result(after), limits, force=force)
    print(comparison_table(changes, every=every))
    if any(change.regressed for change in changes):
        raise typer.Exit(1)


def report(
    files: Annotated[list[Path], typer.Argument(help="What commands wrote with --json.")],
    html_file: Annotated[Path, typer.Option("--html", help="The page to write.")],
) -> None:
    """Show results of speed on one HTML page: charts, their numbers, aims and what came of them.

    Results of relevance have a page of their own: see `relevance --html`.

    Example: python -m benchmarks report latency.json memory.json --html speed.html
    """
    with explained_failures():
        write_speed_report(files, html_file)
    print(f"{html_file}: {len(files)} results")
