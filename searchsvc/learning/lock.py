"""The lock of whoever learns from an index's events: one process at a time."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

from searchsvc.errors import LearningBusyError, LiveSettingsUnwritableError

if TYPE_CHECKING:
    from collections.abc import Generator

    from indexer.layout import IndexLayout


@contextmanager
def learning(layout: IndexLayout) -> Generator[None]:
    """Hold the lock of an index; nobody waits for it, since the other will be done soon.

    Raises:
        LearningBusyError: another process holds it.
        LiveSettingsUnwritableError: the index's directory cannot be written.
    """
    try:
        file = layout.learn_lock_file.open("a")
    except OSError as error:
        raise LiveSettingsUnwritableError(
            f"{layout.learn_lock_file.name} cannot be written ({error.strerror or error}). "
            "It needs write access to the index's directory."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LearningBusyError(
                f"another process is learning from the events of index {layout.name!r}; "
                "wait until it is done"
            ) from error
        yield
