"""When it is time to look at a feed again, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from indexer.layout import IndexLayout
from searchsvc.errors import BadQueryError
from searchsvc.watching.status import (
    FIRST_RETRY_SECONDS,
    JITTER,
    WatchStatus,
    jittered,
    location_digest,
    pause_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from searchsvc.schedule import Run

LOOK_SECONDS: Final = 2.0
"""How often to look for feeds that are due."""
_LOCKED = "IndexLockedError"
_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class WatchedFeed:
    """A feed, and the index that it becomes."""

    index: str
    location: str

    @classmethod
    def parse(cls, text: str, default_index: str) -> WatchedFeed:
        """The feed of ``INDEX=FEED``, or of ``FEED`` alone.

        A name of an index has neither colon, slash nor dot, so that the query of a URL is not
        mistaken for one.

        Raises:
            BadQueryError: standard input, which can be read only once.
            SettingsError: there is no such name of an index.
        """
        name, equals, rest = text.partition("=")
        if not equals or not rest or any(sign in name for sign in ":/."):
            name, rest = default_index, text
        if rest in ("", _STANDARD_INPUT):
            raise BadQueryError(
                f"{text!r} cannot be watched, expected a path or an http(s) URL that can be read "
                "again and again"
            )
        IndexLayout.of(Path(), name)
        return cls(name, rest)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one run.

    Attributes:
        index: whose feed it was.
        seconds: that the run took.
        status: of the feed now; ``None`` if another process was writing the index.
        answer: the report of the build, or its error and message.
    """

    index: str
    seconds: float
    status: WatchStatus | None
    answer: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """One line for scripts."""
        status = self.status
        return {
            "index": self.index,
            "seconds": round(self.seconds, 3),
            "failures": status.failures if status else 0,
            "next": status.due if status else None,
            **self.answer,
        }

    def describe(self) -> str:
        """One line for people."""
        answer = self.answer
        if self.status is None:
            return f"{self.index}: another process is writing it; tried again soon"
        if self.status.failures:
            minutes = max(1, round((self.status.due - self.status.checked) / 60))
            return (
                f"{self.index}: failed ({self.status.failures} in a row, again in {minutes} min): "
                f"{self.status.problem}"
            )
        what = "nothing changed," if answer.get("unchanged") else "published"
        return (
            f"{self.index}: {what} {answer.get('generation')} with "
            f"{answer.get('products', 0):,} products, {self.seconds:.1f} s"
        )


class WatchingTask:
    """Keeps indexes up with their feeds; a `searchsvc.schedule.Task`.

    When a feed is due is read from the index's directory: services that share it take turns, and
    a restart changes nothing.

    Attributes:
        name: for logs.
    """

    def __init__(
        self,
        data_dir: Path,
        every_seconds: float,
        feeds: Sequence[WatchedFeed],
        command: Callable[[WatchedFeed], Sequence[str]],
        tell: Callable[[Outcome], None],
        *,
        at_once: bool = False,
    ) -> None:
        """Describe what to run.

        Args:
            data_dir: of the indexes.
            every_seconds: how often to look at each feed, give or take a tenth.
            feeds: one for each index.
            command: reindexes from a feed and prints a report as JSON, or ``error`` and
                ``message``.
            tell: told of each run.
            at_once: whether the first run of each feed is due whatever was done before.

        Raises:
            BadQueryError: two feeds are to become the same index.
        """
        self.name = "watching"
        self._data_dir = data_dir
        self._every_seconds = every_seconds
        self._feeds = {feed.index: feed for feed in feeds}
        self._command = command
        self._tell = tell
        self._unseen = set(self._feeds) if at_once else set[str]()
        self._not_before: dict[str, float] = {}
        if len(self._feeds) < len(feeds):
            raise BadQueryError("an index can have only one feed that is watched; name others")

    def due(self) -> list[str]:
        """See `searchsvc.schedule.Task.due`."""
        return [index for index in self._feeds if self._is_due(index)]

    def command(self, index: str) -> Sequence[str]:
        """See `searchsvc.schedule.Task.command`."""
        self._unseen.discard(index)
        return self._command(self._feeds[index])

    def ended(self, index: str, run: Run) -> None:
        """See `searchsvc.schedule.Task.ended`."""
        answer = _answer(run)
        if answer.get("error") == _LOCKED:
            self._not_before[index] = time.monotonic() + FIRST_RETRY_SECONDS
            self._tell(Outcome(index, run.seconds, None, answer))
            return
        status = self._status(index, run, answer)
        status.write(self._layout(index))
        self._tell(Outcome(index, run.seconds, status, answer))

    def _layout(self, index: str) -> IndexLayout:
        return IndexLayout.of(self._data_dir, index)

    def _is_due(self, index: str) -> bool:
        if index in self._unseen:
            return True
        if time.monotonic() < self._not_before.get(index, 0.0):
            return False
        before = WatchStatus.read(self._layout(index))
        if before is None or before.location != location_digest(self._feeds[index].location):
            return True
        now = time.time()
        # Another period since then, or a clock that was set back, must not put it off.
        pause = pause_seconds(self._every_seconds, before.failures)
        latest = before.checked + pause * (1 + JITTER)
        return now >= min(before.due, latest) or now < before.checked

    def _status(self, index: str, run: Run, answer: Mapping[str, Any]) -> WatchStatus:
        now = time.time()
        location = location_digest(self._feeds[index].location)
        before = WatchStatus.read(self._layout(index))
        if before is None or before.location != location:
            before = WatchStatus(location=location, checked=now, due=now)
        failures = 0 if run.succeeded else before.failures + 1
        is_new = run.succeeded and not answer.get("unchanged")
        return WatchStatus(
            location=location,
            checked=now,
            due=now + jittered(pause_seconds(self._every_seconds, failures)),
            succeeded=now if run.succeeded else before.succeeded,
            changed=now if is_new else before.changed,
            failures=failures,
            problem="" if run.succeeded else str(answer.get("message", "")),
        )


def _answer(run: Run) -> dict[str, Any]:
    """What the command said as JSON; of one that died, the end of what it left."""
    try:
        answer = orjson.loads(run.output)
    except orjson.JSONDecodeError:
        answer = None
    if isinstance(answer, dict) and (run.succeeded or "message" in answer):
        return answer
    return {"error": "Died", "message": run.problem or "the process ended without a word"}
