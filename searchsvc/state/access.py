"""Access to the state database, opened anew when another one has taken its place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from searchsvc.state.database import Database


class Access:
    """The database that is in its place now; to be used from any thread of one process."""

    def __init__(self, open_database: Callable[[], Database]) -> None:
        """Open it.

        Args:
            open_database: opens it and checks whether it is usable; called again for the next
                one, and again where that fails.
        """
        self._open = open_database
        self._opening = threading.Lock()
        self._database = open_database()

    @property
    def database(self) -> Database:
        """The database.

        Raises:
            StateError: the one in its place cannot be used.
        """
        with self._opening:
            if self._database.is_lost:
                self._database.leave()
                self._database = self._open()
            return self._database

    def close(self) -> None:
        """Close all connections."""
        self._database.close()
