"""Commands about building: its speed and memory, and what it costs those who search meanwhile."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.build_speed import (
    HASHING,
    build_table,
    document_texts,
    feed_of,
    measure_build,
)
from benchmarks.cli.frame import (
    DataDir,
    Documents,
    JsonFile,
    sizes,
    subjects_of,
    workplace,
    write_json,
)
from benchmarks.delta import delta_table, measure_delta
from benchmarks.embedding import embedding_table, measure_embedding
from benchmarks.readers import Plan, measure_readers, readers_table
from indexer.embedding.acquire import install_default_model
from indexer.layout import IndexLayout
from searchsvc.settings import Settings


def build(
    products: Annotated[
        str, typer.Option(metavar="N[,N...]", help="Sizes of the catalogues.")
    ] = "10000,100000",
    model: Annotated[
        str, typer.Option(help="That embeds; by default one that takes no time.")
    ] = HASHING,
    reference: Annotated[
        str | None,
        typer.Option(
            help="Also time the default model beside this one of sentence-transformers' (needs "
            "the export extra)."
        ),
    ] = None,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time each stage of a build from nothing, and take its largest memory.

    Example: python -m benchmarks build --products 10000,100000 --json build.json
    """
    with workplace(data_dir) as (folder, _):
        models = Settings().models_dir
        result = measure_build(sizes(products), folder, models, model)
        print(build_table(result))
        if reference is not None:
            texts = document_texts(feed_of(sizes(products)[0], folder))
            result["embedding"] = measure_embedding(
                install_default_model(models), texts, reference
            )
            print(embedding_table(result["embedding"]))
    write_json(json_file, result)


def delta(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 100_000,
    index: Annotated[
        str | None, typer.Option(help="Change a copy of this index of --data-dir.")
    ] = None,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time deltas, of prices until they are visible, of texts beside a build of everything.

    Example: python -m benchmarks delta --products 100000 --json delta.json
    """
    with workplace(data_dir) as (folder, embedder):
        if index is None:
            (subject,) = subjects_of([products], 1, documents, folder, embedder)
            layout = subject.layout
        else:
            layout = IndexLayout.of(folder, index)
        # On the disk of the index: what is linked cannot be elsewhere.
        with tempfile.TemporaryDirectory(dir=folder, prefix="delta-") as scratch:
            result = measure_delta(layout, embedder, Path(scratch))
    print(delta_table(result))
    write_json(json_file, result)


def readers(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    rate: Annotated[float, typer.Option(min=1, help="Requests per second.")] = Plan.rate,
    rounds: Annotated[int, typer.Option(min=1, help="Reindexes.")] = Plan.rounds,
    workers: Annotated[int, typer.Option(min=1, help="Of the service.")] = Plan.workers,
    nice: Annotated[int, typer.Option(min=0, max=19, help="Of the reindexes.")] = Plan.nice,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Search over HTTP while the same index is rebuilt from another feed and swapped.

    Example: python -m benchmarks readers --products 20000 --json readers.json
    """
    plan = Plan(rate=rate, rounds=rounds, workers=workers, nice=nice)
    with workplace(data_dir) as (folder, embedder):
        result = measure_readers(products, plan, folder, embedder)
    print(readers_table(result))
    write_json(json_file, result)
