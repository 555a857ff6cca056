"""How a build tells what it is doing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """One stage after the other, each with a count."""

    def start(self, stage: str, total: int | None) -> None:
        """Begin a stage.

        Args:
            stage: what is being done, for people.
            total: how much there is to do, ``None`` when nobody knows.
        """
        ...

    def advance(self, amount: int) -> None:
        """Count `amount` more of the current stage as done."""
        ...


class Silent:
    """Tells nobody."""

    def start(self, stage: str, total: int | None) -> None:
        """See `Progress.start`."""

    def advance(self, amount: int) -> None:
        """See `Progress.advance`."""
