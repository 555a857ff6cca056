"""Progress bars on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from searchsvc.cli.output import stderr

if TYPE_CHECKING:
    from types import TracebackType


class _Rate(TextColumn):
    """How many of the stage's units are done in a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f}/s" if speed else "", style="dim")


class Bars:
    """An `indexer.build.progress.Progress` with one bar for each stage."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<32}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(""),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=stderr,
            disable=quiet or not stderr.is_terminal,
        )
        self._task: TaskID | None = None
        self._lines = not quiet and not stderr.is_terminal  # a log wants lines, no bars

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._finish()
        self._bars.stop()

    def start(self, stage: str, total: int | None) -> None:
        """See `Progress.start`."""
        self._finish()
        if self._lines:
            stderr.print(f"{stage} ({total:,}) ..." if total else f"{stage} ...")
        self._task = self._bars.add_task(stage, total=total)

    def advance(self, amount: int) -> None:
        """See `Progress.advance`."""
        if self._task is not None:
            self._bars.advance(self._task, amount)

    def _finish(self) -> None:
        if self._task is not None:
            total = self._bars.tasks[self._task].total
            self._bars.update(self._task, total=total or 1, completed=total or 1)
