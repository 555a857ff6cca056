"""``searchsvc events``: what shoppers did, imported, counted, exported and purged."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.errors import SettingsError
from searchsvc.cli.history import import_history
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    IndexName,
    print_json,
    read_settings,
    reported_failures,
    say,
    stderr,
)
from searchsvc.errors import IndexNotFoundError
from searchsvc.events.export import STANDARD_OUTPUT, ExportFormat, export
from searchsvc.events.files.values import epoch_ms
from searchsvc.events.ubi import timestamp
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchsvc.state.census import Counted

app = typer.Typer(
    help="What shoppers did: imported from a shop's history, counted, exported, purged.",
    no_args_is_help=True,
)
app.command("import")(import_history)


@app.command()
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how many events of each index and kind are stored, of how many users, since when.

    Example: searchsvc events show
    """
    with (
        reported_failures(as_json=as_json),
        closing(StateStore.open(read_settings(data_dir), create=False)) as store,
    ):
        counted = store.count()
    if as_json:
        print_json({index: _counted_json(it) for index, it in counted.items()})
        return
    if not counted:
        say("no events are stored")
    for index, it in counted.items():
        say(
            f"{index}: {it.events:,} events of {it.users:,} users from "
            f"{timestamp(it.oldest_ms)} to {timestamp(it.newest_ms)}"
        )
        for kind, count in it.kinds.items():
            if count:
                say(f"  {kind:<12} {count:>12,}")


@app.command("export")
def export_events(
    output: Annotated[
        str,
        typer.Option("--output", "-o", help="A file, for UBI a directory; - for standard output."),
    ],
    index: IndexName = "products",
    form: Annotated[
        ExportFormat, typer.Option("--format", help="JSON Lines of our own, or OpenSearch's UBI.")
    ] = ExportFormat.JSONL,
    since: Annotated[
        str | None, typer.Option(help="Date or time (UTC) at which they begin.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Date or time (UTC) before which they end.")
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk", help="Write UBI as one file for OpenSearch's _bulk.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Export the events of an index; users are the hashes that they are stored as.

    UBI becomes ubi_queries.jsonl and ubi_events.jsonl in a directory.

    Example: searchsvc events export --index shop-de --format ubi -o exported
    """
    with reported_failures(as_json=as_json):
        since_ms = 0 if since is None else _time_ms("--since", since)
        until_ms = None if until is None else _time_ms("--until", until)
        with closing(StateStore.open(read_settings(data_dir), create=False)) as store:
            _require_events(store, index)
            found = store.events(index, since_ms=since_ms, until_ms=until_ms)
            written = export(found, form, output, bulk=bulk)
    if output == STANDARD_OUTPUT:
        stderr.print(_told(written))  # the records are on standard output
    elif as_json:
        print_json({"index": index, "output": output, "records": written})
    else:
        say(f"{index}: {_told(written)} in {output}")


@app.command()
def purge(
    before: Annotated[
        str, typer.Option("--before", metavar="DATE", help="Date or time (UTC); older ones go.")
    ],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Delete the events of all indexes that are older than a date.

    The service does so by itself with those that are older than SEARCHSVC_RETENTION_DAYS.

    Example: searchsvc events purge --before 2025-01-31
    """
    with reported_failures(as_json=as_json):
        before_ms = _time_ms("--before", before)
        with closing(StateStore.open(read_settings(data_dir), create=False)) as store:
            purged = store.purge(before_ms)
    if as_json:
        print_json({"before": timestamp(before_ms), "purged": purged})
        return
    say(f"deleted {purged:,} events from before {timestamp(before_ms)}")


def _time_ms(option: str, text: str) -> int:
    try:
        return epoch_ms(text)
    except ValueError as error:
        raise SettingsError(f"{option} {text}: {error}") from error


def _require_events(store: StateStore, index: str) -> None:
    """Refuse an index of which nothing is stored: its name may be misspelt.

    Raises:
        IndexNotFoundError: it has no events.
    """
    counted = store.count()
    if index not in counted:
        raise IndexNotFoundError(
            f"no event of index {index!r} is stored; there are some of: "
            f"{', '.join(counted) or 'none'}"
        )


def _told(written: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name} records" for name, count in written.items())


def _counted_json(counted: Counted) -> dict[str, object]:
    return {
        "events": counted.events,
        "kinds": {kind.value: count for kind, count in counted.kinds.items()},
        "users": counted.users,
        "oldest": timestamp(counted.oldest_ms),
        "newest": timestamp(counted.newest_ms),
    }
