"""Who runs a command, and what the audit log says of it."""

from __future__ import annotations

import getpass
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from searchsvc.state.audit import note
from searchsvc.state.store import StateStore

if TYPE_CHECKING:
    from collections.abc import Mapping

    from searchsvc.settings import Settings


def actor() -> str:
    """Who runs this command, as the audit log calls them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container's user has a number and perhaps no name
        return "cli:"


def audited(
    settings: Settings, action: str, target: str, detail: Mapping[str, int | str] | None = None
) -> None:
    """Add a line to the audit log of a service, if it has one that can be written.

    Whatever was done stays done where that fails; a warning says so. Nothing is made for it: a
    database that a command makes may not be the service's to write.

    Args:
        settings: where the log is.
        action: what was done.
        target: to what.
        detail: counts and words.
    """
    with ExitStack() as opened:
        note(
            lambda: opened.enter_context(closing(StateStore.open(settings, create=False))),
            actor(),
            action,
            target,
            detail,
        )
