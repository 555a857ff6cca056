"""The frame that every command runs in: options, a place for its indexes, failures, a file."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.building import open_default_embedder
from benchmarks.documents import DISTILLED, SAMPLE_PRODUCTS, distilled_documents
from benchmarks.errors import BenchmarkError
from benchmarks.subject import Subject, generated
from indexer.errors import IndexerError
from searchsvc.cli.output import stderr
from searchsvc.embedders import open_embedder
from searchsvc.errors import SearchServiceError
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from indexer.embedding.protocol import Embedder

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here.")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Keep the built indexes here, so that the next run embeds nothing."),
]

Documents = Annotated[
    str,
    typer.Option(
        help="Model of the products' vectors; 'distilled' for an approximation of the default "
        "one that embeds a million in minutes."
    ),
]
LEAST_PRODUCTS = 1_000
"""Of a generated catalogue, for queries that are not asked twice."""


@contextmanager
def workplace(data_dir: Path | None) -> Generator[tuple[Path, Embedder]]:
    """Where indexes are built, and the default model; failures are explained.

    Without a `data_dir` the place is gone when the command ends.
    """
    with tempfile.TemporaryDirectory() as scratch, explained_failures():
        yield data_dir or Path(scratch), open_default_embedder(Settings())


@contextmanager
def explained_failures() -> Generator[None]:
    """What may go wrong becomes a message on standard error and exit code 1."""
    try:
        yield
    except (BenchmarkError, SearchServiceError, IndexerError, OSError) as error:
        stderr.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from error


def sizes(text: str) -> list[int]:
    """The sizes of catalogues in `text`, parted by commas.

    Raises:
        typer.BadParameter: one of them is no number, or too small to draw queries from.
    """
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r}; expected numbers parted by commas") from None
    if min(found) < LEAST_PRODUCTS:
        raise typer.BadParameter(f"{min(found)}; expected at least {LEAST_PRODUCTS} products")
    return found


def subjects_of(
    products: Sequence[int], queries: int, documents: str, folder: Path, default: Embedder
) -> list[Subject]:
    """Generated catalogues of these sizes, indexed in `folder`.

    Args:
        products: their sizes.
        queries: of each workload.
        documents: name of the products' model; ``distilled`` for the encoder of a small catalogue.
        folder: where indexes are.
        default: the model where `documents` is empty.
    """
    if documents == DISTILLED:
        sample = generated(SAMPLE_PRODUCTS, queries, folder, default)
        model: Embedder = distilled_documents(default, sample.snapshot.encoder)
        return [generated(size, queries, folder, model, by=DISTILLED) for size in products]
    model = open_embedder(Settings().models_dir, documents) if documents else default
    return [generated(size, queries, folder, model) for size in products]


def write_json(json_file: Path | None, result: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Write `result` where somebody asked for it."""
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
