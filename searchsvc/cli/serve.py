"""``searchsvc serve`` and ``demo``: the HTTP service."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from indexer.build.reindex import reindex as run_reindex
from indexer.build.report import BuildReport
from indexer.cores import available_cores
from indexer.embedding.acquire import DEFAULT_MODEL, install_default_model
from indexer.layout import IndexLayout, list_indexes
from indexer.settings import IndexSettings
from searchsvc import logs
from searchsvc.cli.address import Address
from searchsvc.cli.learn import learning_command
from searchsvc.cli.output import (
    DEFAULT_INDEX,
    AsJson,
    DataDir,
    print_json,
    read_settings,
    reported_failures,
    stderr,
)
from searchsvc.cli.progress import Bars
from searchsvc.cli.watch import reindex_command
from searchsvc.embedders import open_embedder
from searchsvc.errors import PortError
from searchsvc.http.server import run as run_server
from searchsvc.learning.schedule import LearningTask
from searchsvc.livedocuments import SEGMENTS
from searchsvc.livefile import NO_FILE, parse
from searchsvc.schedule import Schedule, parse_period
from searchsvc.settings import Settings
from searchsvc.watching.watching import LOOK_SECONDS, WatchedFeed, WatchingTask

_log = logging.getLogger(__name__)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_DEMO_INDEX = "demo"
_CONCURRENT_VARIABLE = "SEARCHSVC_MAX_CONCURRENT"

Host = Annotated[
    str, typer.Option(help="Address to listen on; without any key, only this machine's own.")
]
Port = Annotated[int, typer.Option(min=1, max=65_535, help="Port to listen on.")]


def serve(
    data_dir: DataDir = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; they share the indexes' memory.")
    ] = 1,
    learn_every: Annotated[
        str | None,
        typer.Option(
            metavar="PERIOD",
            help="Learn from the events of each index as often: 30m, 6h, 1d. Never by default.",
        ),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[INDEX=]FEED",
            help="Reindex when this path or URL changes, at low priority; repeatable. Without "
            f"INDEX= it becomes the index {DEFAULT_INDEX}.",
        ),
    ] = None,
    watch_every: Annotated[
        str, typer.Option(metavar="PERIOD", help="How often to look at watched feeds: 10m, 6h.")
    ] = "10m",
    as_json: AsJson = False,
) -> None:
    """Serve all indexes of the data directory over HTTP, with a storefront page at /.

    New generations are swapped in as they are published. API documentation is at /docs.

    Example: searchsvc serve --workers 2 --watch shop=https://example.com/feed.xml.gz
    """
    settings = read_settings(data_dir)
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    with reported_failures(as_json=as_json):
        schedules = [
            *_learning(settings, learn_every),
            *_watching(settings, watch or [], watch_every),
        ]
        address = Address.of(settings, host, port)
        _check_port(address.host, address.port)
        indexes = list_indexes(settings.data_dir)
    if as_json:
        print_json({**_described(address), "indexes": indexes, "pid": os.getpid()})
    elif indexes:
        _say(settings, f"serving {', '.join(indexes)} of {settings.data_dir} at {address.url}/")
    else:
        _say(
            settings,
            f"there is no index in {settings.data_dir} yet: run 'searchsvc reindex FEED', and it "
            f"is served at {address.url}/ at once",
        )
    with _running(schedules):
        _run(settings, address, workers)


def demo(
    data_dir: DataDir = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    build_only: Annotated[
        bool, typer.Option("--build-only", help="Build the index and stop.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Build the index of the sample catalogue and serve it.

    Example: searchsvc demo
    """
    settings = read_settings(data_dir)
    with reported_failures(as_json=as_json):
        address = None if build_only else Address.of(settings, host, port)
        if address is not None:
            _check_port(address.host, address.port)
        install_default_model(settings.models_dir)
        report = build_demo(settings, quiet=as_json)
    described = {"address": None} if address is None else _described(address)
    if as_json:
        print_json({**described, "build": report.to_dict()})
    if address is None:
        return
    if not as_json:
        stderr.print(_where_to_go(address.url, settings), markup=False)
    _run(settings, address, workers=1)


def _say(settings: Settings, text: str) -> None:
    """Tell the operator: as a line of the log where those are for programs."""
    if logs.is_json(settings.log_format):
        _log.info(text)
    else:
        stderr.print(text, markup=False)


def _described(address: Address) -> dict[str, str]:
    return {"address": address.url, "keys": address.keys}


def _where_to_go(address: str, settings: Settings) -> str:
    return (
        f"\nThe storefront is at {address}/\n\n"
        f"  curl -s '{address}/v1/indexes/{_DEMO_INDEX}/search?"
        "query=warm+jacket+for+rainy+hikes&limit=3'\n\n"
        f"  API documentation: {address}/docs\n"
        f"  Your own feed:     {sys.argv[0]} reindex FEED --index shop "
        f"--data-dir {settings.data_dir}\n"
    )


def _check_port(host: str, port: int) -> None:
    """Fail before anything is built or announced.

    Raises:
        PortError: something else listens there, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise PortError(
            f"cannot listen on {host}:{port} ({error.strerror}). Stop what does, or choose "
            "another address with --host and --port."
        ) from error


def build_demo(settings: Settings, *, quiet: bool = False) -> BuildReport:
    """Build the sample's index; a second call embeds and publishes nothing."""
    layout = IndexLayout.of(settings.data_dir, _DEMO_INDEX)
    feed = files("searchsvc.sample") / "feed.jsonl.gz"
    with as_file(feed) as path, Bars(quiet=quiet) as bars:
        embedder = open_embedder(settings.models_dir, DEFAULT_MODEL)
        report = run_reindex(str(path), layout, IndexSettings(), embedder, progress=bars)
    _add_segments(layout)
    return report


def _add_segments(layout: IndexLayout) -> None:
    """Give the demo the sample's segments, unless somebody has written some."""
    file = SEGMENTS.file(layout)
    if file.read()[1] == NO_FILE:
        sample = (files("searchsvc.sample") / "segments.json").read_bytes()
        file.replace(parse(SEGMENTS.model, sample))


def _run(settings: Settings, address: Address, workers: int) -> None:
    logs.configure(settings.log_format, settings.log_level, settings.secrets())
    if address.note:
        _say(settings, address.note)
    address.prepare()
    # One query is one thread's work; a second thread brings nothing and worsens the tail.
    # Workers read the settings from their environment.
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, "1")
    # Workers share the cores: what runs beside as many searches as there are cores slows them all.
    if "max_concurrent" not in settings.model_fields_set:
        os.environ[_CONCURRENT_VARIABLE] = str(max(1, available_cores() // workers))
    os.environ["SEARCHSVC_DATA_DIR"] = str(settings.data_dir)
    # uvicorn drains on SIGTERM and then raises the signal again, for whoever handled it before.
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="searchsvc-metrics-") as shared:
        run_server(settings.edge(), address.host, address.port, workers, Path(shared))


def _learning(settings: Settings, every: str | None) -> list[Schedule]:
    """Have the indexes learn from their events in processes of their own, at low priority."""
    if every is None:
        return []
    task = LearningTask(
        settings.data_dir,
        parse_period(every),
        lambda index: learning_command(settings.data_dir, index),
    )
    return [Schedule(task)]


def _watching(settings: Settings, feeds: Sequence[str], every: str) -> list[Schedule]:
    """Have the indexes follow their feeds in processes of their own, at low priority."""
    if not feeds:
        return []
    task = WatchingTask(
        settings.data_dir,
        parse_period(every),
        [WatchedFeed.parse(text, DEFAULT_INDEX) for text in feeds],
        lambda feed: reindex_command(feed, settings.data_dir),
        lambda outcome: _say(settings, outcome.describe()),
    )
    return [Schedule(task, LOOK_SECONDS)]


@contextmanager
def _running(schedules: Sequence[Schedule]) -> Generator[None]:
    for schedule in schedules:
        schedule.start()
    try:
        yield
    finally:
        for schedule in schedules:
            schedule.stop()


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
