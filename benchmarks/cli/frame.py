"""The frame that every command runs in: options, a place for its indexes, failures, a file."""

from __future__ import annotations

import json
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from benchmarks.building import open_default_embedder
from benchmarks.errors import BenchmarkError
from indexer.errors import IndexerError
from searchsvc.cli.output import stderr
from searchsvc.errors import SearchServiceError
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from indexer.embedding.protocol import Embedder

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole result here.")]
DataDir = Annotated[
    Path | None,
    typer.Option(help="Keep the built indexes here, so that the next run embeds nothing."),
]


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


def write_json(json_file: Path | None, result: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Write `result` where somebody asked for it."""
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
