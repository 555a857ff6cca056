"""The command about the lexical leg alone."""

from __future__ import annotations

from typing import Annotated

import typer

from benchmarks.cli.frame import DataDir, Documents, JsonFile, subjects_of, workplace, write_json
from benchmarks.lexical import lexical_table, measure_lexical
from benchmarks.subject import Subject
from indexer.layout import IndexLayout


def lexical(
    products: Annotated[int, typer.Option(min=1_000, help="Size of the catalogue.")] = 20_000,
    index: Annotated[
        str | None, typer.Option(help="Measure this index of --data-dir as it is.")
    ] = None,
    queries: Annotated[int, typer.Option(min=10, help="Of two to four words.")] = 300,
    documents: Documents = "",
    json_file: JsonFile = None,
    data_dir: DataDir = None,
) -> None:
    """Time the match set of a query's words and its best 200, beside rank-bm25.

    Example: python -m benchmarks lexical --products 100000 --json lexical.json
    """
    with workplace(data_dir) as (folder, embedder):
        if index is not None:
            subject = Subject.of(IndexLayout.of(folder, index), queries)
        else:
            (subject,) = subjects_of([products], queries, documents, folder, embedder)
        result = measure_lexical(subject)
    print(lexical_table(result))
    write_json(json_file, result)
