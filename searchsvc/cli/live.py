"""The commands of a live document: show it, replace it by FILE, remove it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.snapshot import open_snapshot
from searchsvc.cli.audited import audited
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    find_index,
    print_json,
    read_settings,
    reported_failures,
    say,
)
from searchsvc.errors import BadLiveSettingsError
from searchsvc.livefile import MAX_BYTES, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from searchsvc.livedocuments import LiveDocument
    from searchsvc.livefile import D
    from searchsvc.settings import Settings

JsonFile = Annotated[
    str, typer.Argument(metavar="FILE", help="A JSON file, or - for standard input.")
]


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, as `show` prints it.

    Attributes:
        json: with --json.
        lines: for people, without the one that names the index and the version.
    """

    json: Any
    lines: Iterable[str]


@dataclass(frozen=True, slots=True)
class Words:
    """What the commands say of a document.

    Attributes:
        noun: what it holds, for what is reported.
        help: of the group of commands.
        show: help of `show`.
        set: help of `set`.
        clear: help of `clear`.
    """

    noun: str
    help: str
    show: str
    set: str
    clear: str


def live_commands(
    kind: LiveDocument[D], words: Words, shown: Callable[[str, str, D, Settings], Shown]
) -> typer.Typer:
    """The commands ``show``, ``set`` and ``clear``.

    Args:
        kind: of the document.
        words: for people.
        shown: given index, version, document and settings, what to print of it.
    """
    app = typer.Typer(help=words.help, no_args_is_help=True)

    @app.command(help=_help(words.show, f"{kind.name} show --index shop-de"))
    def show(
        index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
    ) -> None:
        with reported_failures(as_json=as_json):
            settings = read_settings(data_dir)
            document, version = kind.file(find_index(settings.data_dir, index)).read()
            printed = shown(index, version, document, settings)
        if as_json:
            print_json(printed.json)
            return
        say(f"{index}: version {version}")
        for line in printed.lines:
            say(f"  {line}")

    @app.command("set", help=_help(words.set, f"{kind.name} set {kind.name}.json --index shop-de"))
    def replace(
        file: JsonFile,
        index: IndexName = "products",
        data_dir: DataDir = None,
        as_json: AsJson = False,
    ) -> None:
        with reported_failures(as_json=as_json):
            settings = read_settings(data_dir)
            layout = find_index(settings.data_dir, index)
            document = parse(kind.model, read_json(file))
            if kind.check is not None:
                kind.check(document, open_snapshot(layout))
            version = kind.file(layout).replace(document)
            audited(settings, f"{kind.name}.set", index, {"version": version})
        _report_change(index, version, f"{words.noun} replaced", as_json=as_json)

    @app.command(help=_help(words.clear, f"{kind.name} clear --index shop-de"))
    def clear(
        index: IndexName = "products", data_dir: DataDir = None, as_json: AsJson = False
    ) -> None:
        with reported_failures(as_json=as_json):
            settings = read_settings(data_dir)
            version = kind.file(find_index(settings.data_dir, index)).remove()
            audited(settings, f"{kind.name}.clear", index, {"version": version})
        _report_change(index, version, f"{words.noun} removed", as_json=as_json)

    return app


def _help(text: str, example: str) -> str:
    return f"{text}\n\nExample: searchsvc {example}"


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


def _report_change(index: str, version: str, done: str, *, as_json: bool) -> None:
    """Tell of a change."""
    if as_json:
        print_json({"index": index, "version": version})
    else:
        say(f"{index}: {done} (version {version}); a running service takes it up by itself")
