"""``searchsvc audit``: who changed what."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from searchsvc.cli.output import DataDir, read_settings, reported_failures, say
from searchsvc.cli.times import past, written
from searchsvc.errors import StateMissingError
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from searchsvc.state.audit import AuditLine


def audit(
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Not older than a period such as 7d, or a date."),
    ] = None,
    data_dir: DataDir = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a line for scripts.")
    ] = False,
) -> None:
    """Show who changed what: keys, live settings, catalogues, products, users' data.

    Example: searchsvc audit --since 7d
    """
    with reported_failures(as_json=as_json):
        since_ms = 0 if since is None else past(since)
        try:
            with closing(StateStore.open(read_settings(data_dir), create=False)) as store:
                for line in store.audit_lines(since_ms):
                    say(_json(line) if as_json else _text(line))
        except StateMissingError:  # nobody has changed anything
            return


def _json(line: AuditLine) -> str:
    fields = asdict(line)
    time = written(fields.pop("time_ms"))
    return orjson.dumps({"time": time, **fields}).decode()


def _text(line: AuditLine) -> str:
    detail = " ".join(f"{name}={value}" for name, value in line.detail.items())
    parts = (written(line.time_ms), line.actor or "-", line.action, line.target or "-", detail)
    return "  ".join(part for part in parts if part)
