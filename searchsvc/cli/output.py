"""What commands print, and how they fail."""

from __future__ import annotations

import errno
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from indexer.errors import GateRefusedError, IndexerError, SettingsError, SnapshotMissingError
from indexer.layout import IndexLayout, list_indexes
from searchsvc import logs
from searchsvc.configuration.origins import refusal
from searchsvc.errors import BadQueryError, ConfigurationError, SearchServiceError
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Generator

DEFAULT_INDEX = "products"
_REMEDIES = {
    errno.ENOSPC: "make room on the disk, and run the command again",
    errno.EDQUOT: "make room for this user, and run the command again",
    errno.EROFS: "have the disk mounted for writing, and run the command again",
    errno.EACCES: "give this user write access to the data directory",
    errno.EIO: "the disk fails: see the system's log, and restore a backup to another one",
}

stderr = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
IndexName = Annotated[
    str, typer.Option("--index", "-i", help="Name of the index.", show_default=True)
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", "-d", help="Where indexes are; by default $SEARCHSVC_DATA_DIR or data."
    ),
]


def read_settings(data_dir: Path | None = None) -> Settings:
    """The settings of environment and file, with what the command line says instead.

    From then on the command logs as they say; of what is no trouble only where they ask for it.
    """
    try:
        settings = Settings() if data_dir is None else Settings(data_dir=data_dir)
    except ConfigurationError as error:
        raise typer.BadParameter(str(error)) from None
    except ValidationError as error:
        raise typer.BadParameter(refusal(error, Settings.model_fields)) from None
    level = settings.log_level if "log_level" in settings.model_fields_set else "warning"
    logs.configure(settings.log_format, level, settings.secrets())
    return settings


@contextmanager
def reported_failures(*, as_json: bool) -> Generator[None]:
    """Turn our own exceptions into a message and exit code 1; 2 where the usage was wrong."""
    try:
        yield
    except (IndexerError, SearchServiceError) as error:
        wrong_usage = isinstance(error, SettingsError | BadQueryError)
        _fail(error, str(error), as_json=as_json)
        raise typer.Exit(2 if wrong_usage else 1) from error
    except OSError as error:
        place = f": {error.filename}" if error.filename else ""
        remedy = _REMEDIES.get(error.errno or 0, "try again")
        message = f"{error.strerror or error}{place}. The published catalogue is whole; {remedy}."
        _fail(error, message, as_json=as_json)
        raise typer.Exit(1) from error


def _fail(error: Exception, message: str, *, as_json: bool) -> None:
    if as_json:
        figures = {"report": error.report} if isinstance(error, GateRefusedError) else {}
        print_json({"error": type(error).__name__, "message": message, **figures})
    else:
        stderr.print(f"[bold red]error:[/] {escape(message)}")


def find_index(data_dir: Path, index: str) -> IndexLayout:
    """The layout of an index that must be there.

    Raises:
        SnapshotMissingError: it is not, or no generation is published; the message says which.
    """
    layout = find_generations(data_dir, index)
    if not layout.current_file.exists():
        layout.require_current()
    return layout


def find_generations(data_dir: Path, index: str) -> IndexLayout:
    """The layout of an index that must be there; the pointer to its published generation need not.

    Raises:
        SnapshotMissingError: it is not; the message names those that are.
    """
    layout = IndexLayout.of(data_dir, index)
    if not layout.current_file.exists() and not layout.generations():
        known = ", ".join(list_indexes(data_dir)) or "none"
        raise SnapshotMissingError(
            f"there is no index {index!r} in {data_dir} (indexes there: {known}). Name another "
            f"directory with --data-dir, or run 'searchsvc reindex FEED --index {index}'."
        )
    return layout


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print `value` as JSON to standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def say(message: str) -> None:
    """Print a line for people to standard output."""
    sys.stdout.write(message + "\n")
