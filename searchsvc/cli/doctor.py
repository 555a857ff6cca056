"""``searchsvc doctor``: examines the installation."""

from __future__ import annotations

from typing import Annotated

import typer

from searchsvc.cli.output import AsJson, DataDir, print_json, read_settings, say
from searchsvc.doctor.doctor import examine
from searchsvc.doctor.finding import Level, Patient

_SIGNS = {Level.OK: "ok", Level.WARNING: "WARNING", Level.FAILURE: "FAILURE"}


def doctor(
    data_dir: DataDir = None,
    host: Annotated[str, typer.Option(help="Where the service is to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The same.")] = 8000,
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every byte of indexes and database.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Examine installation, settings, data and machine, and say what to do.

    Run it as the service's user. The exit code is 0 when all is well, 1 with warnings, 2 with
    failures.

    Example: searchsvc doctor --data-dir /var/lib/searchsvc --deep
    """
    patient = Patient(read_settings(data_dir), host, port, deep)
    worst = Level.OK
    rows = []
    for finding in examine(patient):
        worst = max(worst, finding.level)
        rows.append(
            {
                "check": finding.check,
                "level": finding.level.name.lower(),
                "message": finding.message,
                "remedy": finding.remedy,
            }
        )
        if not as_json:
            say(f"{_SIGNS[finding.level]:<8} {finding.check:<14} {finding.message}")
            if finding.remedy:
                say(f"{'':<24}-> {finding.remedy}")
    if as_json:
        print_json({"level": worst.name.lower(), "findings": rows})
    raise typer.Exit(int(worst))
