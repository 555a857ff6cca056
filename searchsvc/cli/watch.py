"""Watching feeds from the command line: what ``reindex --watch`` and ``serve --watch`` share."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import orjson

from indexer.cores import LEAST_URGENT
from searchsvc.cli.output import say
from searchsvc.schedule import Schedule
from searchsvc.watching.watching import LOOK_SECONDS, Outcome, WatchedFeed, WatchingTask

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    import typer

_PROGRAM = (
    "from indexer.cores import give_way; give_way({nice}); from searchsvc.cli import main; main()"
)


def in_background(nice: int = LEAST_URGENT) -> list[str]:
    """The beginning of a command line of this program that gives way to others.

    It does so before it imports anything: a second of importing is felt by those who search. The
    interpreter is this one, since what is called searchsvc in the path may be another.
    """
    return [sys.executable, "-c", _PROGRAM.format(nice=nice)]


def reindex_command(feed: WatchedFeed, data_dir: Path, nice: int = LEAST_URGENT) -> list[str]:
    """The command line that reindexes from `feed` if it has changed, giving way to others."""
    options = ["--index", feed.index, "--data-dir", str(data_dir), "--if-changed", "--json"]
    return [*in_background(nice), "reindex", *options, "--", feed.location]


def given_options(context: typer.Context, *leave_out: str) -> list[str]:
    """The options that the running command was given, as another command line has them.

    Args:
        context: of the command.
        leave_out: names of parameters.
    """
    words: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.param_type_name != "option" or parameter.name in leave_out:
            continue
        if value is True:
            words.append(parameter.opts[0])
        elif value is not None and value is not False:
            words += [parameter.opts[0], str(getattr(value, "value", value))]
    return words


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print one line about a run."""
    now = datetime.now(UTC)
    if as_json:
        line = {"at": now.isoformat(timespec="seconds"), **outcome.to_dict()}
        say(orjson.dumps(line).decode())
    else:
        say(f"{now:%Y-%m-%d %H:%M:%S} {outcome.describe()}")
    sys.stdout.flush()  # a log is read line by line


def watch_forever(task: WatchingTask) -> None:
    """Run `task` until the process is told to end; a run that is under way is given up then."""
    schedule = Schedule(task, LOOK_SECONDS)
    signal.signal(signal.SIGTERM, _leave)
    schedule.start()
    try:
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    finally:
        schedule.stop()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
