"""Commands about relevance: judged collections, misspellings, typing, query encoders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.cli.frame import DataDir, JsonFile, workplace, write_json
from benchmarks.distilled import distilled_table, measure_distilled
from benchmarks.formats.source import Choice
from benchmarks.keystrokes import keystrokes_table, measure_keystrokes
from benchmarks.relevance import Options, measure_relevance
from benchmarks.relevance_table import relevance_table, worst_queries
from benchmarks.report import write_report
from benchmarks.robustness.measure import Sampling, measure_robustness
from benchmarks.robustness.table import robustness_table
from searchsvc.settings import Settings


def relevance(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    *,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this system; by default plain RRF.")
    ] = None,
    systems: Annotated[
        list[str] | None, typer.Option(help="Only this system; repeat it for several.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(help="Not this system; repeat it for several.")
    ] = None,
    run: Annotated[
        list[Path] | None, typer.Option(help="A TREC run that joins the table; repeatable.")
    ] = None,
    write_runs: Annotated[
        Path | None, typer.Option(help="Write every ranking here as a TREC run.")
    ] = None,
    ablate: Annotated[
        bool, typer.Option("--ablate", help="Also our search without each of its parts.")
    ] = False,
    worst: Annotated[int, typer.Option(min=0, help="Print the worst queries, so many.")] = 0,
    split: Annotated[str, typer.Option(help="Judged queries of BEIR and ESCI.")] = "test",
    locale: Annotated[str, typer.Option(help="Market of ESCI: us, es or jp.")] = "us",
    large: Annotated[bool, typer.Option("--large", help="The large version of ESCI.")] = False,
    json_file: JsonFile = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", help="Write a report with all queries here.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Rank judged collections with every system and compare.

    Example: python -m benchmarks relevance searchsvc/sample --json relevance.json
    """
    policy = Settings().ranking_policy()
    options = Options(
        choice=Choice(split, locale, is_large=large),
        baseline=baseline,
        only=tuple(systems or ()),
        without=tuple(without or ()),
        run_files=tuple(run or ()),
        runs_dir=write_runs,
        with_ablations=ablate,
    )
    with workplace(data_dir) as (folder, embedder):
        results = [
            measure_relevance(directory, folder, embedder, policy, options)
            for directory in directories
        ]
        for result in results:
            print(relevance_table(result), end="\n\n")
            if worst:
                print(worst_queries(result, worst), end="\n\n")
        write_json(json_file, results)
        if html_file is not None:
            write_report(results, html_file)


def robustness(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    per_query: Annotated[int, typer.Option(min=1, help="Misspellings of each query.")] = 20,
    identifiers: Annotated[int, typer.Option(min=1, help="Identifiers of the catalogue.")] = 2_000,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
    *,
    rank_bm25: Annotated[
        bool, typer.Option("--rank-bm25", help="Ask rank-bm25, too: many times slower.")
    ] = False,
) -> None:
    """Measure what typing errors cost, and find identifiers in every writing.

    Example: python -m benchmarks robustness searchsvc/sample --json robustness.json
    """
    policy = Settings().ranking_policy()
    sampling = Sampling(per_query, identifiers, rank_bm25=rank_bm25)
    with workplace(data_dir) as (folder, embedder):
        results = [
            measure_robustness(directory, folder, embedder, policy, sampling)
            for directory in directories
        ]
    for result in results:
        print(robustness_table(result), end="\n\n")
    write_json(json_file, results)


def keystrokes(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Measure search as you type: judged queries, their last word letter by letter.

    Example: python -m benchmarks keystrokes searchsvc/sample --json keystrokes.json
    """
    policy = Settings().ranking_policy()
    with workplace(data_dir) as (folder, embedder):
        results = [
            measure_keystrokes(directory, folder, embedder, policy) for directory in directories
        ]
    for result in results:
        print(keystrokes_table(result), end="\n\n")
    write_json(json_file, results)


def distilled(
    directories: Annotated[
        list[Path], typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ],
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Compare the distilled query encoder with the transformer: nDCG@10, cosine, time.

    Example: python -m benchmarks distilled searchsvc/sample --json distilled.json
    """
    policy = Settings().ranking_policy()
    with workplace(data_dir) as (folder, embedder):
        results = [
            measure_distilled(directory, folder, embedder, policy) for directory in directories
        ]
    for result in results:
        print(distilled_table(result), end="\n\n")
    write_json(json_file, results)
