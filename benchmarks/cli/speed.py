"""Commands about speed: queries by stage, what facets and boosts add, the embedding model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.boosts import boosts_table, measure_boosts
from benchmarks.cli.frame import (
    LEAST_PRODUCTS,
    DataDir,
    Documents,
    JsonFile,
    sizes,
    subjects_of,
    workplace,
    write_json,
)
from benchmarks.embedding import embedding_table, measure_embedding
from benchmarks.facets import facets_table, measure_facets
from benchmarks.latency import Plan as LatencyPlan
from benchmarks.latency import measure_latency, query_encoders
from benchmarks.latency_table import latency_table
from benchmarks.memory import measure_memory, memory_table
from benchmarks.searchpage import (
    collection_subject,
    generated_subject,
    measure_searchpage,
    searchpage_table,
)
from benchmarks.subject import Subject
from indexer.embedding.acquire import install_default_model
from indexer.feeds.reader import FeedOptions, open_feed
from indexer.layout import IndexLayout
from indexer.product import Product
from searchsvc.settings import Settings


def latency(
    products: Annotated[
        str, typer.Option(metavar="N[,N...]", help="Sizes of the catalogues.")
    ] = "20000",
    index: Annotated[
        list[str] | None,
        typer.Option(help="Measure this index of --data-dir as it is; repeatable."),
    ] = None,
    queries: Annotated[int, typer.Option(min=10, help="Of each kind, none asked twice.")] = 500,
    encoder: Annotated[
        list[str] | None, typer.Option(help="Of queries: transformer, distilled; repeatable.")
    ] = None,
    documents: Documents = "",
    without_http: Annotated[
        bool, typer.Option("--without-http", help="The engine alone.")
    ] = False,
    without_baselines: Annotated[
        bool, typer.Option("--without-baselines", help="No rank-bm25, no exact search.")
    ] = False,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time queries by stage beside their budget, the engine alone and over HTTP.

    Queries of two to four words, never seen before, ask for 20 hits and four facets, for a
    shopper in 20 segments with 200 boosts, also with filters. Several sizes are measured in turns.

    Example: python -m benchmarks latency --products 10000,100000 --json latency.json
    """
    with workplace(data_dir) as (folder, embedder):
        if index:
            subjects = [Subject.of(IndexLayout.of(folder, name), queries) for name in index]
        else:
            subjects = subjects_of(sizes(products), queries, documents, folder, embedder)
        encoders = tuple(encoder or query_encoders(subjects))
        plan = LatencyPlan(queries, encoders, not without_http, not without_baselines)
        result = measure_latency(subjects, plan)
    print(latency_table(result))
    write_json(json_file, result)


def memory(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    index: Annotated[
        str | None, typer.Option(help="Measure this index of --data-dir as it is.")
    ] = None,
    queries: Annotated[int, typer.Option(min=10, help="Asked before it is looked at.")] = 200,
    workers: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Processes of the service; repeatable. By default 1, then 2."),
    ] = None,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Measure what serving takes per product: by file, with one worker and with two.

    Example: python -m benchmarks memory --products 100000 --json memory.json
    """
    with workplace(data_dir) as (folder, embedder):
        wanted = [LEAST_PRODUCTS, *([products] if index is None else [])]
        floor, *made = subjects_of(wanted, queries, documents, folder, embedder)
        subject = made[0] if made else Subject.of(IndexLayout.of(folder, str(index)), queries)
        result = measure_memory(subject, floor, tuple(workers or (1, 2)))
    print(memory_table(result))
    write_json(json_file, result)


def facets(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    queries: Annotated[int, typer.Option(min=1, help="Queries of each kind.")] = 100,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what ten facets add to a query, with products and with groups counted.

    Example: python -m benchmarks facets --products 100000 --json facets.json
    """
    policy = Settings().ranking_policy()
    with workplace(data_dir) as (folder, embedder):
        result = measure_facets(products, queries, folder, embedder, policy)
    print(facets_table(result))
    write_json(json_file, result)


def boosts(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    queries: Annotated[int, typer.Option(min=10, help="Queries, none asked twice.")] = 500,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what 20 segments with 200 boosts add to a query, and tastes and a session.

    Example: python -m benchmarks boosts --products 100000
    """
    policy = Settings().ranking_policy()
    with workplace(data_dir) as (folder, embedder):
        result = measure_boosts(products, queries, folder, embedder, policy)
    print(boosts_table(result))
    write_json(json_file, result)


def searchpage(
    directories: Annotated[
        list[Path] | None, typer.Argument(help="Collections: ours, BEIR, TREC, WANDS or ESCI.")
    ] = None,
    products: Annotated[
        int, typer.Option(min=0, help="Also a generated catalogue of this size.")
    ] = 0,
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time what a search page asks: suggestions, facets with highlights, refinements.

    Example: python -m benchmarks searchpage searchsvc/sample --products 100000
    """
    if not directories and not products:
        raise typer.BadParameter("give a directory, or --products")
    results = []
    with workplace(data_dir) as (folder, embedder):
        subjects = [collection_subject(path, folder, embedder) for path in directories or ()]
        if products:
            subjects.append(generated_subject(products, folder, embedder))
        for subject in subjects:
            result = measure_searchpage(subject, Settings(data_dir=folder))
            print(searchpage_table(result), end="\n\n")
            results.append(result)
    write_json(json_file, results)


def embedding(
    feed: Annotated[str, typer.Argument(help="A feed whose titles and descriptions are read.")],
    reference: Annotated[
        str | None,
        typer.Option(help="sentence-transformers model beside it (needs the export extra)."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Time the embedding model on a feed's texts, beside sentence-transformers.

    Example: python -m benchmarks embedding searchsvc/sample/feed.jsonl.gz
    """
    model = install_default_model(Settings().models_dir)
    with open_feed(feed, FeedOptions()) as records:
        products = [record for record in records or () if isinstance(record, Product)]
    texts = [text for p in products for text in (p.title, f"{p.title}. {p.description}")]
    result = measure_embedding(model, texts, reference)
    print(embedding_table(result))
    write_json(json_file, result)
