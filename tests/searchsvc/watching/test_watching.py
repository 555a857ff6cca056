"""Watched feeds: when they are due, what is remembered, and what is told."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SettingsError
from searchsvc.errors import BadQueryError
from searchsvc.schedule import Run
from searchsvc.watching.status import (
    FIRST_RETRY_SECONDS,
    JITTER,
    LONGEST_RETRY_SECONDS,
    WatchStatus,
    jittered,
    location_digest,
    pause_seconds,
    statuses,
)
from searchsvc.watching.watching import Outcome, WatchedFeed, WatchingTask

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.layout import IndexLayout

HOUR = 3_600.0
FEED = WatchedFeed("shop", "https://shop.test/feed?key=secret")
REPORT = {"generation": "g00000002-abcdef01", "unchanged": False, "products": 1_234}


def success(**changes: Any) -> Run:
    report = {**REPORT, **changes}
    return Run(succeeded=True, seconds=2.5, output=json.dumps(report, indent=2), errors="")


def failure(error: str = "FeedUnreadableError", message: str = "no such feed") -> Run:
    output = json.dumps({"error": error, "message": message})
    return Run(succeeded=False, seconds=0.5, output=output, errors="")


class Watch:
    """A task over one feed, with what it told."""

    def __init__(self, data_dir: Path, every: float = HOUR, **options: Any) -> None:
        self.told: list[Outcome] = []
        self.task = WatchingTask(
            data_dir, every, [FEED], lambda feed: ["reindex", feed.location], self._tell, **options
        )

    def _tell(self, outcome: Outcome) -> None:
        self.told.append(outcome)

    def end(self, run: Run) -> Outcome:
        self.task.ended("shop", run)
        return self.told[-1]


@pytest.mark.parametrize(
    ("text", "feed"),
    [
        ("shop=feed.xml", WatchedFeed("shop", "feed.xml")),
        ("shop-de=https://x.test/f?a=b", WatchedFeed("shop-de", "https://x.test/f?a=b")),
        ("https://x.test/f?a=b", WatchedFeed("products", "https://x.test/f?a=b")),
        ("feed.xml?a=b", WatchedFeed("products", "feed.xml?a=b")),
        ("dir/a=b", WatchedFeed("products", "dir/a=b")),
        ("feed.xml", WatchedFeed("products", "feed.xml")),
    ],
)
def test_a_watched_feed_is_a_location_with_or_without_its_index(
    text: str, feed: WatchedFeed
) -> None:
    assert WatchedFeed.parse(text, "products") == feed


def test_what_cannot_be_watched_is_refused(data_dir: Path) -> None:
    for text in ("", "-", "shop=-"):
        with pytest.raises(BadQueryError, match="cannot be watched"):
            WatchedFeed.parse(text, "products")
    with pytest.raises(SettingsError, match="'Shop' is not valid"):
        WatchedFeed.parse("Shop=feed.xml", "products")
    with pytest.raises(BadQueryError, match="only one feed"):
        WatchingTask(data_dir, HOUR, [FEED, FEED], lambda _: [], lambda _: None)


def test_a_feed_is_due_first_and_then_after_its_period(
    data_dir: Path, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(data_dir)
    assert watch.task.due() == ["shop"]
    assert watch.task.command("shop") == ["reindex", FEED.location]
    watch.end(success())
    assert watch.task.due() == []
    assert Watch(data_dir).task.due() == []  # another service of the same directory
    assert Watch(data_dir, at_once=True).task.due() == ["shop"]
    now = time.time()
    for shift, due in ((HOUR * 0.89, []), (HOUR * 1.11, ["shop"]), (-60, ["shop"])):
        monkeypatch.setattr(time, "time", lambda moment=now + shift: moment)
        assert watch.task.due() == due
    monkeypatch.setattr(time, "time", lambda: now + 300)
    assert Watch(data_dir, every=60).task.due() == ["shop"]  # asked for more often now
    assert WatchStatus.read(layout) is not None


def test_at_once_is_only_the_first_time(data_dir: Path) -> None:
    watch = Watch(data_dir, at_once=True)
    watch.end(success())
    assert watch.task.due() == ["shop"]
    watch.task.command("shop")
    assert watch.task.due() == []


def test_another_feed_of_the_index_is_due_at_once_and_begins_anew(
    data_dir: Path, layout: IndexLayout
) -> None:
    Watch(data_dir).end(failure())
    other = WatchStatus.read(layout)
    assert other is not None
    other.model_copy(update={"location": location_digest("another")}).write(layout)
    watch = Watch(data_dir)
    assert watch.task.due() == ["shop"]
    status = watch.end(failure()).status
    assert status is not None
    assert status.failures == 1


def test_failures_add_up_until_a_success(data_dir: Path, layout: IndexLayout) -> None:
    watch = Watch(data_dir)
    first = watch.end(success()).status
    assert first is not None
    assert first.succeeded == first.changed == first.checked
    for count in (1, 2, 3):
        status = watch.end(failure()).status
        assert status == WatchStatus.read(layout)
        assert status is not None
        assert (status.failures, status.problem) == (count, "no such feed")
        assert (status.succeeded, status.changed) == (first.succeeded, first.changed)
    status = watch.end(success(unchanged=True)).status
    assert status is not None
    assert (status.failures, status.problem, status.changed) == (0, "", first.changed)
    assert status.succeeded == status.checked > first.checked


def test_no_secret_of_the_location_is_written(data_dir: Path, layout: IndexLayout) -> None:
    Watch(data_dir).end(failure())
    (file,) = layout.root.glob("watch.json")
    assert "secret" not in file.read_text()


def test_an_index_that_another_process_writes_is_no_failure(
    data_dir: Path, layout: IndexLayout
) -> None:
    watch = Watch(data_dir)
    outcome = watch.end(failure("IndexLockedError", "busy"))
    assert (outcome.status, WatchStatus.read(layout)) == (None, None)
    assert watch.task.due() == []
    assert outcome.describe() == "shop: another process is writing it; tried again soon"
    assert outcome.to_dict()["error"] == "IndexLockedError"


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (Run(succeeded=False, seconds=1, output="", errors="Killed"), "Killed"),
        (Run(succeeded=False, seconds=1, output="", errors=""), "without a word"),
        (Run(succeeded=False, seconds=1, output="[1]", errors=""), "[1]"),
        (Run(succeeded=False, seconds=1, output='{"a": 1}', errors=""), '{"a": 1}'),
    ],
)
def test_a_process_that_died_is_a_failure(data_dir: Path, run: Run, problem: str) -> None:
    status = Watch(data_dir).end(run).status
    assert status is not None
    assert problem in status.problem


def test_each_run_is_one_line(data_dir: Path) -> None:
    watch = Watch(data_dir)
    published = watch.end(success())
    assert published.describe() == "shop: published g00000002-abcdef01 with 1,234 products, 2.5 s"
    line = published.to_dict()
    assert (line["index"], line["seconds"], line["failures"]) == ("shop", 2.5, 0)
    assert line["generation"] == REPORT["generation"]
    assert line["next"] > time.time()
    unchanged = watch.end(success(unchanged=True))
    assert unchanged.describe().startswith("shop: nothing changed, g00000002-abcdef01 with")
    watch.end(failure())
    failed = watch.end(failure())
    assert failed.describe() == "shop: failed (2 in a row, again in 2 min): no such feed"
    assert failed.to_dict()["message"] == "no such feed"


@given(every=st.floats(60, 1e7), failures=st.integers(1, 10_000))
def test_pauses_double_up_to_a_limit(every: float, failures: int) -> None:
    pause = pause_seconds(every, failures)
    limit = max(every, LONGEST_RETRY_SECONDS)
    assert FIRST_RETRY_SECONDS <= pause <= limit
    assert pause_seconds(every, failures + 1) in (2 * pause, limit)
    assert pause_seconds(every, 0) == every
    assert 1 - JITTER <= jittered(pause) / pause <= 1 + JITTER


def test_every_watched_index_has_a_status_published_or_not(
    data_dir: Path, layout: IndexLayout
) -> None:
    assert list(statuses(data_dir)) == []
    Watch(data_dir).end(failure())
    damaged = data_dir / "other" / "watch.json"
    damaged.parent.mkdir()
    damaged.write_text("{}")
    assert list(statuses(data_dir)) == [("shop", WatchStatus.read(layout))]
