"""Commands about results: comparing two files of figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli.frame import explained_failures
from benchmarks.compare import Limits, compare_results, comparison_table, read_result


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
