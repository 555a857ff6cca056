"""The command about load: how much is answered in time, and what becomes of more."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmarks.cli.frame import DataDir, Documents, JsonFile, subjects_of, workplace, write_json
from benchmarks.load import CONNECTIONS
from benchmarks.throughput import Plan, measure_throughput, throughput_table
from indexer.layout import IndexLayout

_LEAST_QUERIES = 10


def throughput(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    index: Annotated[
        str | None, typer.Option(help="Measure this index of --data-dir as it is.")
    ] = None,
    rate: Annotated[
        list[float] | None,
        typer.Option(min=1, help="Requests per second; repeatable. By default a rising curve."),
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="That each rate is counted.")] = 5.0,
    workers: Annotated[int, typer.Option(min=1, help="Processes of the service.")] = 2,
    connections: Annotated[
        int, typer.Option(min=1, max=900, help="That are kept open.")
    ] = CONNECTIONS,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Offer searches at rising rates to a service of several workers: the curve.

    Arrivals are random (a Poisson process) and do not wait for answers; a latency counts from
    when a request was due. Queries were never seen before and ask for 20 hits and four facets, for
    a shopper in 20 segments with 200 boosts. Whoever asks has the same cores as the service.

    Example: python -m benchmarks throughput --products 100000 --json throughput.json
    """
    plan = Plan(tuple(sorted(rate or ())), seconds, workers, connections)
    with workplace(data_dir) as (folder, embedder):
        if index is None:
            (subject,) = subjects_of([products], _LEAST_QUERIES, documents, folder, embedder)
            layout = subject.layout
        else:
            layout = IndexLayout.of(folder, index)
        result = measure_throughput(layout, plan)
    print(throughput_table(result))
    write_json(json_file, result)
