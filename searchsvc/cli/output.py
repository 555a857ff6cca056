"""What commands print, and how they fail."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console

from indexer.errors import IndexerError
from searchsvc.errors import SearchServiceError
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator

stderr = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
IndexName = Annotated[
    str, typer.Option("--index", "-i", help="Name of the index.", show_default=True)
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", "-d", help="Where indexes are [$SEARCHSVC_DATA_DIR, ./data]."),
]


def read_settings(data_dir: Path | None = None, **changes: object) -> Settings:
    """The settings of the environment with what the command line says instead."""
    if data_dir is not None:
        changes["data_dir"] = data_dir
    try:
        return Settings(**changes)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        first = error.errors()[0]
        name = "SEARCHSVC_" + "_".join(str(part) for part in first["loc"]).upper()
        raise typer.BadParameter(f"{name}: {first['msg']} (found {first['input']!r})") from error


@contextmanager
def reported_failures(*, as_json: bool) -> Generator[None]:
    """Turn our own exceptions into a message and exit code 1."""
    try:
        yield
    except (IndexerError, SearchServiceError, OSError) as error:
        if as_json:
            print_json({"error": type(error).__name__, "message": str(error)})
        else:
            stderr.print(f"[bold red]error:[/] {_escaped(str(error))}")
        raise typer.Exit(1) from error


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print `value` as JSON to standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def say(message: str) -> None:
    """Print a line for people to standard output."""
    sys.stdout.write(message + "\n")


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
