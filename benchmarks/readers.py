"""Readers: what a reindex and its swap cost those who search meanwhile."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.crowd import draw_segments
from benchmarks.errors import BenchmarkError
from benchmarks.load import OK, due_times, offer, post
from benchmarks.machine import describe_machine
from benchmarks.server import serving
from benchmarks.timing import COLUMNS, cells, summarize
from benchmarks.workload import draw_queries, page_request
from indexer.cores import LEAST_URGENT
from indexer.snapshot import open_snapshot
from searchsvc.cli.watch import reindex_command
from searchsvc.livedocuments import SEGMENTS
from searchsvc.watching.watching import WatchedFeed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.embedding.protocol import Embedder
    from indexer.layout import IndexLayout

QUIET, REINDEX, SWAP = "quiet", "reindex", "swap"
SWAP_SECONDS = 5.0
"""From the publication until every worker has found, opened and warmed the new generation."""
_CONNECTIONS = 16
_WINDOW_SECONDS = 1.0
_QUERIES = 4_000
_CHANGED_TITLES = 100  # of so many products, one has another title in the other version
_SEED = 20_261_122


@dataclass(frozen=True)
class Plan:
    """How to measure.

    Attributes:
        rate: requests per second.
        quiet_seconds: before each reindex.
        rounds: reindexes, by turns from two versions of the feed.
        workers: processes that answer.
        nice: of the reindex.
    """

    rate: float = 60.0
    quiet_seconds: float = 15.0
    rounds: int = 2
    workers: int = 2
    nice: int = LEAST_URGENT


@dataclass(slots=True)
class Samples:
    """Requests in the order in which they were due.

    Attributes:
        at: when each was due, in seconds since the epoch.
        milliseconds: from then to the last byte of its answer.
        failed: those not answered with 200.
    """

    at: list[float] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    failed: int = 0

    def summary(self) -> dict[str, Any]:
        """Count, failures, percentiles and the slowest."""
        return {
            "requests": len(self.at),
            "failed": self.failed,
            **summarize(self.milliseconds),
            "slowest": round(max(self.milliseconds), 3),
        }


class Load:
    """Asks an index never twice the same, at a steady rate."""

    def __init__(self, port: int, index: str, texts: Sequence[str], rate: float) -> None:
        self._port = port
        path = f"/v1/indexes/{index}/search"
        self._requests = [post(path, page_request(text)) for text in texts]
        self._rate = rate
        self._rng = np.random.default_rng(_SEED)
        self._next = 0

    def run(self, seconds: float, into: Samples) -> None:
        """Ask for so many `seconds`."""
        due = due_times(self._rate, max(1, round(self._rate * seconds)), self._rng)
        places = np.arange(self._next, self._next + len(due)) % len(self._requests)
        self._next += len(due)
        begin = time.time()
        requests = [self._requests[place] for place in places]
        answers = offer(self._port, requests, due, _CONNECTIONS)
        into.at.extend((begin + due).tolist())
        into.milliseconds.extend(answers.milliseconds.tolist())
        into.failed += int((answers.statuses != OK).sum())


def measure_readers(
    products: int, plan: Plan, data_dir: Path, embedder: Embedder
) -> dict[str, Any]:
    """Search a catalogue of `products` while it is reindexed.

    Returns:
        The result file: milliseconds of requests while it was quiet, while a reindex ran, and from
        its publication on for `SWAP_SECONDS`; ratios to the quiet ones; seconds of the reindexes.
    """
    feeds = two_versions(products, data_dir)
    folder = data_dir / "readers"
    layout, _ = build(feeds[0], folder, f"readers-{products}", embedder)
    snapshot = open_snapshot(layout)
    SEGMENTS.file(layout).replace(draw_segments(snapshot, np.random.default_rng(_SEED)))
    texts = draw_queries(snapshot, _QUERIES)
    samples = {name: Samples() for name in (QUIET, REINDEX, SWAP)}
    seconds = []
    with serving(folder, workers=plan.workers) as server:
        load = Load(server.port, layout.name, texts, plan.rate)
        load.run(plan.quiet_seconds / 3, Samples())
        for number in range(plan.rounds):
            load.run(plan.quiet_seconds, samples[QUIET])
            feed = feeds[(number + 1) % len(feeds)]
            began = time.time()
            meanwhile = _search_while(load, _reindex(feed, layout, plan.nice))
            published = layout.current_file.stat().st_mtime
            seconds.append(round(published - began, 1))
            _split(meanwhile, published, samples)
    figures = {name: it.summary() for name, it in samples.items()}
    return {
        "products": products,
        "plan": asdict(plan),
        "machine": describe_machine(),
        "reindex_seconds": seconds,
        "milliseconds": figures,
        "p99_ratio": {
            name: round(figures[name]["p99"] / figures[QUIET]["p99"], 2)
            for name in (REINDEX, SWAP)
        },
        "failed": sum(it["failed"] for it in figures.values()),
    }


def two_versions(products: int, data_dir: Path) -> tuple[Path, Path]:
    """A generated feed, and the same with every price and one in a hundred titles changed."""
    data_dir.mkdir(parents=True, exist_ok=True)
    first = data_dir / f"catalogue-{products}.jsonl.gz"
    if not first.exists():
        generate(first, products=products)
    second = data_dir / f"catalogue-{products}-later.jsonl.gz"
    if not second.exists():
        with gzip.open(first) as old, gzip.open(second, "wb", compresslevel=1) as new:
            for number, line in enumerate(old):
                record = orjson.loads(line)
                record["price"] = f"{10 + number % 500}.90 EUR"
                if number % _CHANGED_TITLES == 0:
                    record["title"] += " new"
                new.write(orjson.dumps(record) + b"\n")
    return first, second


def _reindex(feed: Path, layout: IndexLayout, nice: int) -> subprocess.Popen[str]:
    watched = WatchedFeed(layout.name, str(feed))
    return subprocess.Popen(  # noqa: S603 - our own command
        reindex_command(watched, layout.root.parent, nice),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _search_while(load: Load, process: subprocess.Popen[str]) -> Samples:
    """Ask until `process` has published and the swap is over.

    Raises:
        BenchmarkError: it failed.
    """
    samples = Samples()
    while process.poll() is None:
        load.run(_WINDOW_SECONDS, samples)
    output, _ = process.communicate()
    if process.returncode != 0:
        raise BenchmarkError(f"the reindex failed: {output[-500:]}")
    if json.loads(output)["unchanged"]:
        raise BenchmarkError("the reindex changed nothing: there was no swap to be measured")
    load.run(SWAP_SECONDS, samples)
    return samples


def _split(meanwhile: Samples, published: float, samples: dict[str, Samples]) -> None:
    """Part what was asked `meanwhile` by the moment at which a generation was `published`."""
    for at, milliseconds in zip(meanwhile.at, meanwhile.milliseconds, strict=True):
        if at >= published + SWAP_SECONDS:
            continue
        part = samples[SWAP if at >= published else REINDEX]
        part.at.append(at)
        part.milliseconds.append(milliseconds)
    samples[REINDEX].failed += meanwhile.failed


def readers_table(result: dict[str, Any]) -> str:
    """The result for people."""
    plan = result["plan"]
    took = ", ".join(f"{seconds:.0f}" for seconds in result["reindex_seconds"])
    title = (
        f"{result['products']:,} products, {plan['rate']:.0f} requests/s to {plan['workers']} "
        f"workers; {plan['rounds']} reindexes with niceness {plan['nice']}: {took} s; "
        f"{result['failed']} requests failed"
    )
    lines = [
        title,
        f"{'milliseconds':<12}{'requests':>9}{COLUMNS}{'slowest':>9}{'p99 x quiet':>13}",
    ]
    for name, row in result["milliseconds"].items():
        ratio = result["p99_ratio"].get(name, 1.0)
        lines.append(
            f"{name:<12}{row['requests']:>9,}{cells(row)}{row['slowest']:>9.1f}{ratio:>13.2f}"
        )
    return "\n".join(lines)
