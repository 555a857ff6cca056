"""``python -m benchmarks``: relevance, latency, embedding speed, and catalogues to measure on."""

from __future__ import annotations

import typer

from benchmarks.cli.building import build, delta, readers
from benchmarks.cli.catalogues import fetch, generate
from benchmarks.cli.load import throughput
from benchmarks.cli.neighbours import filters, recall
from benchmarks.cli.peers import peers
from benchmarks.cli.personalization import interleave, personalization
from benchmarks.cli.relevance import distilled, keystrokes, relevance, robustness
from benchmarks.cli.results import compare, report
from benchmarks.cli.speed import boosts, embedding, facets, latency, memory, searchpage
from benchmarks.cli.suite import suite
from benchmarks.cli.words import lexical

app = typer.Typer(
    help="Prove relevance and speed.", no_args_is_help=True, pretty_exceptions_enable=False
)
for command in (
    relevance,
    fetch,
    robustness,
    keystrokes,
    distilled,
    build,
    delta,
    readers,
    latency,
    throughput,
    memory,
    lexical,
    filters,
    recall,
    peers,
    facets,
    boosts,
    personalization,
    searchpage,
    interleave,
    embedding,
    generate,
    compare,
    report,
    suite,
):
    app.command()(command)


if __name__ == "__main__":
    app()
