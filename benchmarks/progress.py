"""Progress bars of downloads, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from searchsvc.cli.output import stderr

if TYPE_CHECKING:
    from types import TracebackType


class ByteBars:
    """A `benchmarks.fetch.ByteProgress`: a bar for each file, or a line where there is no tty."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=stderr,
            disable=not stderr.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def start(self, name: str, done: int, total: int | None) -> None:
        """See `ByteProgress.start`."""
        if not stderr.is_terminal:
            stderr.print(f"fetching {name} ...", markup=False)
        self._task = self._bars.add_task(name, total=total, completed=done)

    def advance(self, amount: int) -> None:
        """See `ByteProgress.advance`."""
        if self._task is not None:
            self._bars.advance(self._task, amount)
