"""The command of the whole suite: every benchmark of speed in a short form, and their report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from benchmarks.suite import Step, steps
from searchsvc.cli.output import stderr

_PAGE = "speed.html"


def suite(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="Where results, report and indexes go.")] = Path(
        "bench"
    ),
    products: Annotated[int, typer.Option(min=1_000, help="Of the catalogue.")] = 10_000,
    only: Annotated[
        list[str] | None, typer.Option(help="Only this benchmark; repeat it for several.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="As little of each as shows that it runs.")
    ] = False,
) -> None:
    """Run every benchmark of speed in a short form; write their JSON files and one HTML report.

    The first run embeds the catalogue; indexes stay in the folder for the next one.

    Example: python -m benchmarks suite --out bench
    """
    out.mkdir(parents=True, exist_ok=True)
    written: list[Step] = []
    failed: list[Step] = []
    for step in steps(products, out, quick=quick):
        if only and step.name not in only:
            continue
        stderr.print(f"{step.name} ...", markup=False)
        begin = perf_counter()
        code = _run(context, step.arguments)
        stderr.print(f"{step.name}: {perf_counter() - begin:.0f} s", markup=False)
        (failed if code else written).append(step)
    if written:
        files = [str(step.json_file) for step in written]
        _run(context, ["report", *files, "--html", str(out / _PAGE)])
    if failed:
        stderr.print(f"failed: {', '.join(step.name for step in failed)}", markup=False)
        raise typer.Exit(1)


def _run(context: typer.Context, arguments: Sequence[str]) -> int:
    """Run another command of this program, which says itself what is wrong; its exit code."""
    try:
        context.find_root().command.main(list(arguments), prog_name="benchmarks")
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0
