"""What the commands for live settings share: find the index, read FILE, report a change."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from searchsvc.cli.output import print_json, say
from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import MAX_BYTES

JsonFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A JSON file, or - for standard input.")
]


def read_json(file: str) -> bytes:
    """The content of `file`, or of standard input for ``-``.

    Raises:
        BadLiveSettingsError: there is no such file.
    """
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(file).open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadLiveSettingsError(
            f"{file} cannot be read ({error.strerror}). Give an existing JSON file."
        ) from error


def report_change(index: str, version: str, done: str, *, as_json: bool) -> None:
    """Tell of a change."""
    if as_json:
        print_json({"index": index, "version": version})
    else:
        say(f"{index}: {done} (version {version}); a running service takes it up by itself")
