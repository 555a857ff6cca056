"""``searchsvc backup`` and ``restore``: a copy of everything, and everything from a copy."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from indexer.publish import WAIT_SECONDS, writer
from searchsvc.backup.backup import BackupReport, back_up
from searchsvc.backup.restore import RestoreOptions, RestoreReport
from searchsvc.backup.restore import restore as run_restore
from searchsvc.cli.output import (
    AsJson,
    DataDir,
    print_json,
    read_settings,
    reported_failures,
    say,
    stderr,
)
from searchsvc.cli.progress import Bars

Indexes = Annotated[
    list[str] | None,
    typer.Option("--index", "-i", help="Only this index; repeatable. By default all."),
]
WithState = Annotated[
    bool,
    typer.Option(
        "--state/--no-state", help="Users' events, API keys and the token key, or only indexes."
    ),
]


def backup(
    dest: Annotated[
        Path,
        typer.Argument(
            help="A directory, in which the next backup copies only what has changed; or an "
            "archive: .tar.gz, .tgz or .tar."
        ),
    ],
    index: Indexes = None,
    data_dir: DataDir = None,
    state: WithState = True,
    as_json: AsJson = False,
) -> None:
    """Back up indexes, live settings, events and keys, while the service runs.

    A backup has personal data and the token key: keep it as safe as the service.

    Example: searchsvc backup /backups/shop
    """
    settings = read_settings(data_dir)
    with reported_failures(as_json=as_json), Bars(quiet=as_json) as bars:
        bars.start("copying bytes", None)
        report = back_up(settings, dest, index or (), state=state, told=bars.advance)
    if as_json:
        print_json(report.to_dict())
        return
    _show_backup(dest, report)


def restore(
    source: Annotated[Path, typer.Argument(help="What 'searchsvc backup' made.")],
    index: Indexes = None,
    data_dir: DataDir = None,
    state: WithState = True,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is in the data directory.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup back; all of it is verified before anything is changed.

    A running service swaps restored indexes in by itself. Stop it before you restore the state.

    Example: searchsvc restore /backups/shop --data-dir /var/lib/searchsvc
    """
    settings = read_settings(data_dir)
    options = RestoreOptions(index or (), state, force)
    with reported_failures(as_json=as_json), Bars(quiet=as_json) as bars:
        bars.start("verifying bytes", None)
        report = run_restore(
            settings, source, options, partial(writer, wait_seconds=WAIT_SECONDS), bars.advance
        )
    if as_json:
        print_json(report.to_dict())
        return
    _show_restored(settings.data_dir, report)


def _show_backup(dest: Path, report: BackupReport) -> None:
    indexes = ", ".join(f"{name} {generation}" for name, generation in report.indexes.items())
    say(f"{dest}: {report.files} files, {report.bytes / 1e6:,.1f} MB")
    say(f"  indexes: {indexes or 'none'}")
    say(f"  state: {'yes' if report.has_state else 'no'}")
    say(f"  written: {report.written / 1e6:,.1f} MB")
    for note in report.notes:
        stderr.print(f"note: {note}", markup=False)


def _show_restored(data_dir: Path, report: RestoreReport) -> None:
    indexes = ", ".join(f"{name} {generation}" for name, generation in report.indexes.items())
    say(f"{data_dir}: restored {indexes or 'no index'}")
    say(f"  state: {'yes' if report.has_state else 'no'}")
    for note in report.notes:
        stderr.print(f"note: {note}", markup=False)
