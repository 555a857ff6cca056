"""The doctor's list of checks, in the order in which one would look."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from searchsvc.doctor import indexes, installation, machine, state, storage
from searchsvc.doctor.finding import Finding, Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from searchsvc.doctor.finding import Check, Patient

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "python": installation.python,
        "packages": installation.packages,
        "native": installation.native,
        "compiled": installation.compiled,
        "configuration": installation.configuration,
        "directory": storage.data_directory,
        "privacy": storage.privacy,
        "room": storage.room,
        "inodes": storage.inodes,
        "indexes": indexes.published,
        "live": indexes.live,
        "models": indexes.models,
        "leftovers": indexes.leftovers,
        "feeds": indexes.feeds,
        "state": state.database,
        "keys": state.keys,
        "files": machine.open_files,
        "memory": indexes.memory,
        "clock": indexes.clock,
        "port": machine.port,
    }
)


def examine(patient: Patient) -> Iterator[Finding]:
    """Everything that the checks find; a check that fails itself is a finding, too."""
    for name, check in CHECKS.items():
        try:
            for level, message, remedy in check(patient):
                yield Finding(name, level, message, remedy)
        except OSError as error:
            yield Finding(
                name,
                Level.FAILURE,
                f"{error.filename or 'a file'} cannot be read ({error.strerror or error})",
                "run the doctor as the service's user, and give that access",
            )
