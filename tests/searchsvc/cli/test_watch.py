"""Watching from the command line: real processes that follow a feed, and stop when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import typer
from typer.testing import CliRunner

from indexer.layout import IndexLayout
from searchsvc.cli import reindex as reindex_module
from searchsvc.cli import serve as serve_module
from searchsvc.cli import watch as watch_module
from searchsvc.cli.main import app
from searchsvc.cli.watch import given_options, reindex_command, tell
from searchsvc.schedule import Run
from searchsvc.watching.status import WatchStatus
from searchsvc.watching.watching import Outcome, WatchedFeed, WatchingTask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAIN = "from searchsvc.cli import main; main()"


def write_feed(path: Path, *titles: str) -> str:
    records = [{"id": f"p{number}", "title": title} for number, title in enumerate(titles)]
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return str(path)


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_the_background_command_reindexes_only_what_has_changed(
    tmp_path: Path, data_dir: Path
) -> None:
    feed = write_feed(tmp_path / "-feed.jsonl", "Red shoe")
    run("reindex", feed, "--index", "shop", "--data-dir", str(data_dir), "--model", "hashing-64")
    command = reindex_command(WatchedFeed("shop", feed), data_dir)

    def report() -> Any:
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stderr == b""
        return json.loads(done.stdout)

    assert report()["unchanged"]
    write_feed(tmp_path / "-feed.jsonl", "Red shoe", "Blue shoe")
    assert (report()["products"], report()["unchanged"]) == (2, True)


def test_a_background_command_runs_only_while_nobody_else_does() -> None:
    command = watch_module.in_background()
    program = command[-1].replace(MAIN, "import os; print(os.nice(0), os.sched_getscheduler(0))")
    done = subprocess.run([*command[:-1], program], capture_output=True, check=True)
    assert done.stdout.split() == [b"19", str(os.SCHED_IDLE).encode()]


def test_a_watching_reindex_takes_the_options_that_were_given(
    tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks: list[WatchingTask] = []
    monkeypatch.setattr(reindex_module, "watch_forever", tasks.append)
    options = ("--data-dir", str(data_dir), "--model", "hashing-64", "--format", "jsonl")
    arguments = ("reindex", "feed", "--index", "shop", "--watch", "5m", "--force", *options)
    run(*arguments)
    (task,) = tasks
    assert task.due() == ["shop"]
    command = task.command("shop")
    assert "give_way(19)" in command[2]
    words = command[3:]
    assert words[0] == "reindex"
    assert words[-3:] == ["--json", "--", "feed"]
    assert {"--force", "--if-changed"} <= set(words)
    for name, value in (("--model", "hashing-64"), ("--format", "jsonl"), ("--index", "shop")):
        assert words[words.index(name) + 1] == value
    assert not {"--watch", "--mode"} & set(words)
    run(*arguments, "--nice", "3")
    assert "give_way(3)" in tasks[1].command("shop")[2]
    assert (tmp_path / "data" / "shop").exists() is False


def test_what_cannot_be_watched_is_wrong_usage(data_dir: Path) -> None:
    options = ("--data-dir", str(data_dir))
    assert "no period" in run("reindex", "x", "--watch", "often", *options, code=2).stderr
    assert "cannot be watched" in run("reindex", "-", "--watch", "5m", *options, code=2).stderr
    for feeds in (("--watch", "-"), ("--watch", "a", "--watch", "b"), ("--watch", "A=b")):
        assert run("serve", *feeds, *options, code=2).stderr.startswith("error: ")
    wrong = run("serve", "--watch", "feed", "--watch-every", "soon", *options, code=2)
    assert "no period" in wrong.stderr


def test_every_kind_of_option_is_given_again() -> None:
    shown: list[list[str]] = []

    def command(
        context: typer.Context,
        place: str,
        *,
        flag: bool = False,
        number: int = 3,
        secret: str | None = None,
        left: str = "x",
    ) -> None:
        assert (place, flag, number, secret, left) == ("here", True, 4, None, "x")
        shown.append(given_options(context, "left"))

    small = typer.Typer()
    small.command()(command)
    result = CliRunner().invoke(small, ["here", "--flag", "--number", "4"])
    assert result.exit_code == 0, result.output
    assert shown == [["--flag", "--number", "4"]]


def test_a_run_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome("shop", 1.0, None, {"error": "IndexLockedError"})
    tell(outcome, as_json=False)
    tell(outcome, as_json=True)
    plain, line = capsys.readouterr().out.splitlines()
    assert plain.endswith(" shop: another process is writing it; tried again soon")
    assert json.loads(line)["index"] == "shop"


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_serving_watches_its_feeds_until_it_ends(
    tmp_path: Path, data_dir: Path, layout: IndexLayout, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = tmp_path / "feed.jsonl"
    monkeypatch.setattr(serve_module, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(
        serve_module,
        "reindex_command",
        lambda it, _: [sys.executable, "-c", f"print({{'message': {it.location!r}}}); exit(1)"],
    )
    seen: list[WatchStatus | None] = []

    def serve_for_a_while(*_: object, **__: object) -> None:
        until(lambda: WatchStatus.read(layout))
        seen.append(WatchStatus.read(layout))

    monkeypatch.setattr(serve_module, "run_server", serve_for_a_while)
    handler = signal.getsignal(signal.SIGTERM)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    monkeypatch.setenv("SEARCHSVC_DATA_DIR", str(data_dir))
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        monkeypatch.setenv(variable, "1")
    try:
        shown = run(
            "serve", "--data-dir", str(data_dir), "--port", port,
            "--watch", f"shop={feed}", "--watch-every", "1h",
        ).stderr  # fmt: skip
    finally:
        signal.signal(signal.SIGTERM, handler)
    (status,) = seen
    assert status is not None
    assert status.failures == 1
    assert "shop: failed (1 in a row, again in 1 min): " in shown


@pytest.mark.slow
def test_a_watched_feed_is_followed_and_a_build_under_way_is_given_up(
    tmp_path: Path, data_dir: Path, layout: IndexLayout
) -> None:
    feed = write_feed(tmp_path / "feed.jsonl", "Red shoe")
    program = f"import searchsvc.cli.watch as watch; watch.LOOK_SECONDS = 0.2; {MAIN}"
    arguments = (
        "reindex", feed, "--index", "shop", "--data-dir", str(data_dir), "--model", "hashing-64",
        "--watch", "1m", "--json",
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    ) as watcher:
        assert watcher.stdout is not None
        first = json.loads(watcher.stdout.readline())
        assert (first["products"], first["unchanged"], first["failures"]) == (1, False, 0)
        _make_due(layout)
        assert json.loads(watcher.stdout.readline())["unchanged"]
        current = layout.require_current()
        # A feed that takes a while to be analysed, and is given up.
        write_feed(tmp_path / "feed.jsonl", *(f"shoe {number}" for number in range(100_000)))
        _make_due(layout)
        until(lambda: list(layout.root.glob("staging-*")))
        watcher.terminate()
        assert watcher.wait(30) == 0
        assert watcher.stdout.read() == ""
    assert layout.require_current() == current
    write_feed(tmp_path / "feed.jsonl", "Red shoe", "Blue shoe")
    run("reindex", feed, "--index", "shop", "--data-dir", str(data_dir))
    assert not list(layout.root.glob("staging-*"))


def _make_due(layout: IndexLayout) -> None:
    """Let a while pass."""
    status = WatchStatus.read(layout)
    assert status is not None
    status.model_copy(update={"checked": status.checked - 100, "due": 0.0}).write(layout)


def test_a_run_that_ends_badly_says_why() -> None:
    done = Run(succeeded=False, seconds=1.0, output="x" * 1_000, errors="why")
    assert done.problem.endswith("xwhy")
    assert len(done.problem) == 500


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watching_ends_when_it_is_told_to(data_dir: Path, number: signal.Signals) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    begun: list[str] = []

    def command(_: WatchedFeed) -> list[str]:
        begun.append("run")
        threading.Timer(0.1, os.kill, (os.getpid(), number)).start()
        return [sys.executable, "-c", "import time; time.sleep(60)"]

    feed = WatchedFeed("shop", "feed")
    task = WatchingTask(data_dir, 60.0, [feed], command, lambda _: begun.append("told"))
    ends = pytest.raises(SystemExit) if number == signal.SIGTERM else nullcontext()
    before = time.monotonic()
    try:
        with ends:
            watch_module.watch_forever(task)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert begun == ["run"]
    assert time.monotonic() - before < 30
    assert not any(thread.name == "watching" for thread in threading.enumerate())
