"""Commands about the semantic leg: what filters cost it, and what it finds in how much time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from benchmarks.cli.frame import DataDir, Documents, JsonFile, subjects_of, workplace, write_json
from benchmarks.filters import filters_table, measure_filters
from benchmarks.recall import measure_recall_curve, recall_table
from benchmarks.subject import Subject
from indexer.layout import IndexLayout
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.embedding.protocol import Embedder

_Products = Annotated[int, typer.Option(min=5_000, help="Size of the catalogue.")]
_Index = Annotated[str | None, typer.Option(help="Measure this index of --data-dir as it is.")]
_Queries = Annotated[int, typer.Option(min=10, help="None asked before.")]


def filters(
    products: _Products = 20_000,
    index: _Index = None,
    queries: _Queries = 200,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time the semantic leg and the whole search inside filters of any selectivity.

    Filters let 50 %, 2 %, 0.1 % and 0.01 % of the products pass. Every query is asked with each of
    them and without; recall@100 is that among the products that pass.

    Example: python -m benchmarks filters --products 100000 --json filters.json
    """
    with workplace(data_dir) as (folder, embedder):
        subject = _subject(products, index, queries, documents, folder, embedder)
        policy = Settings().ranking_policy()
        result = measure_filters(subject, embedder, policy, queries)
    print(filters_table(result))
    write_json(json_file, result)


def recall(
    products: _Products = 20_000,
    index: _Index = None,
    queries: _Queries = 200,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Measure what the semantic leg finds for how much of the catalogue gone through.

    Example: python -m benchmarks recall --products 100000 --json recall.json
    """
    with workplace(data_dir) as (folder, embedder):
        subject = _subject(products, index, queries, documents, folder, embedder)
        neighbours = Settings().ranking_policy().neighbours
        result = measure_recall_curve(subject, embedder, neighbours, queries)
    print(recall_table(result))
    write_json(json_file, result)


def _subject(
    products: int,
    index: str | None,
    queries: int,
    documents: str,
    folder: Path,
    embedder: Embedder,
) -> Subject:
    if index is not None:
        return Subject.of(IndexLayout.of(folder, index), queries)
    return subjects_of([products], queries, documents, folder, embedder)[0]
