"""Throughput: how many never-seen queries a second are answered, and what becomes of more."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.aims import aim, aims_lines
from benchmarks.load import CONNECTIONS, OK, SHED, due_times, offer, post
from benchmarks.machine import describe_machine
from benchmarks.server import serving
from benchmarks.stand import mount
from benchmarks.timing import summarize
from benchmarks.workload import draw_queries, page_request
from indexer.snapshot import open_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.load import Answers
    from benchmarks.server import Server
    from indexer.layout import IndexLayout

MOST_MS = 50.0
"""In time: the 99th percentile of the answers, in milliseconds."""
_WANTED_RATE = 500.0
_WANTED_GOODPUT = 0.9
_SHARES = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
"""Of what the workers could answer if nothing else cost anything: rates that are offered."""
_OVERLOADS = (2.0, 4.0)
"""Times the largest rate that was answered in time."""
_SETTLING_SECONDS = 1.0  # of each rate, until the queue is as long as it will be
_SERIAL = 200
_SEED = 20_261_122
_PLACES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is offered.

    Attributes:
        rates: requests per second, rising; chosen by what one request takes if there are none.
        seconds: that each is offered and counted.
        workers: processes of the service.
        connections: that are kept open.
    """

    rates: Sequence[float] = ()
    seconds: float = 5.0
    workers: int = 2
    connections: int = CONNECTIONS


class _Requests:
    """Queries that were never asked before, each given once."""

    def __init__(self, layout: IndexLayout) -> None:
        self._snapshot = open_snapshot(layout)
        self._path = f"/v1/indexes/{layout.name}/search"
        self._asked: set[str] = set()
        self._seed = _SEED

    def next(self, count: int) -> list[bytes]:
        """As many as are wanted; drawn again where one was asked already."""
        texts: list[str] = []
        while len(texts) < count:
            self._seed += 1
            drawn = draw_queries(self._snapshot, count, self._seed)
            # A small catalogue has only so many queries: then they come a second time.
            new = [text for text in drawn if text not in self._asked] or drawn
            texts.extend(new[: count - len(texts)])
            self._asked.update(texts)
        return [post(self._path, page_request(text)) for text in texts]


def measure_throughput(layout: IndexLayout, plan: Plan) -> dict[str, Any]:
    """Offer searches to a service of `plan.workers` processes, at rising rates.

    Each asks for 20 hits and four facets, for a shopper in 20 segments with 200 boosts, a query
    that was not asked before. The service and whoever asks share the machine. Of each rate the
    first second is not counted: the service finds out that it is too much.

    Returns:
        The result file: machine, milliseconds of one request at a time, the curve (requests per
        second by what became of them, and milliseconds of the answers), the largest rate at which
        nothing was shed and the answers came in time, and the aims.

    Raises:
        ServerError: the service does not start.
        BenchmarkError: it is gone.
    """
    requests = _Requests(layout)
    with tempfile.TemporaryDirectory(prefix="searchsvc-bench-") as folder:
        mount([layout], Path(folder))
        with serving(Path(folder), workers=plan.workers) as server:
            serial = _ask_one_at_a_time(server, requests)
            machine = describe_machine()
            able = min(plan.workers, machine["cores"]) * 1e3 / serial["median"]
            rates = plan.rates or [round(share * able) for share in _SHARES]
            curve = [_offer(server, requests, rate, plan) for rate in rates]
            best = _largest_rate(curve)
            beyond = [] if plan.rates else [round(it * (best or rates[0])) for it in _OVERLOADS]
            curve.extend(_offer(server, requests, rate, plan) for rate in beyond)
    most = max(row["answered"] for row in curve)
    result = {
        "command": "throughput",
        "machine": machine,
        "index": layout.name,
        "products": len(open_snapshot(layout).products),
        "workers": plan.workers,
        "connections": plan.connections,
        "seconds": plan.seconds,
        "one_at_a_time_ms": serial,
        "curve": curve,
        "largest_rate": best,
        "most_answered": most,
    }
    return {**result, "aims": list(_aims(result))}


def _ask_one_at_a_time(server: Server, requests: _Requests) -> dict[str, float]:
    """What one request takes while nobody else asks; the first half is for warming up."""
    due = np.zeros(_SERIAL)
    answers = [
        offer(server.port, requests.next(_SERIAL), due, connections) for connections in (4, 1)
    ]
    # All are due at once, so that the differences of what they took are what each took.
    return summarize(np.diff(np.sort(answers[-1].milliseconds)).tolist())


def _offer(server: Server, requests: _Requests, rate: float, plan: Plan) -> dict[str, Any]:
    """One row of the curve."""
    count = max(1, round(rate * (plan.seconds + _SETTLING_SECONDS)))
    due = due_times(rate, count, np.random.default_rng(_SEED))
    answers = offer(server.port, requests.next(count), due, plan.connections)
    counted = due >= _SETTLING_SECONDS
    return {"offered": rate, **_row(answers, counted, float(due[-1]) - _SETTLING_SECONDS)}


def _row(answers: Answers, counted: NDArray[np.bool_], seconds: float) -> dict[str, Any]:
    answered, shed = answers.statuses == OK, answers.statuses == SHED
    kinds = {"answered": answered, "shed": shed, "failed": ~answered & ~shed}
    row: dict[str, Any] = {
        name: round(float((kind & counted).sum()) / seconds, 1) for name, kind in kinds.items()
    }
    times = answers.milliseconds[answered & counted]
    row |= summarize(times.tolist()) if len(times) else dict.fromkeys(("median", "p95", "p99"))
    refused = answers.milliseconds[shed & counted]
    row["shed_ms"] = summarize(refused.tolist()) if len(refused) else None
    row["late_p99"] = round(float(np.percentile(answers.late_ms, 99)), _PLACES)
    return row


def _largest_rate(curve: Sequence[Mapping[str, Any]]) -> float | None:
    """The largest that was answered in time, with nothing shed or failed; ``None`` if none was."""
    return max((row["offered"] for row in curve if _is_in_time(row)), default=None)


def _is_in_time(row: Mapping[str, Any]) -> bool:
    is_complete = row["shed"] == row["failed"] == 0
    return is_complete and row["p99"] is not None and row["p99"] < MOST_MS


def _aims(result: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    best, curve = result["largest_rate"], result["curve"]
    name = f"requests per second, p99 below {MOST_MS:g} ms, none shed"
    yield aim(name, _WANTED_RATE, best or 0.0, least=True)
    beyond = [row for row in curve if best and row["offered"] > best]
    if not beyond:
        return
    most = max(beyond, key=lambda row: float(row["offered"]))
    times = f"{most['offered'] / best:.1f} times that"
    kept = round(most["answered"] / result["most_answered"], _PLACES)
    yield aim(f"at {times}: answered, of the most that was", _WANTED_GOODPUT, kept, least=True)
    yield aim(f"at {times}: p99 of the answers, ms", MOST_MS, most["p99"] or 0.0)
    yield aim(f"at {times}: neither answered nor refused", 0.0, most["failed"])


def throughput_table(result: Mapping[str, Any]) -> str:
    """The result for people."""
    serial = result["one_at_a_time_ms"]
    alone = f"median {serial['median']:.2f} ms, p99 {serial['p99']:.2f} ms"
    title = (
        f"{result['index']}: {result['products']:,} products, {result['workers']} workers, "
        f"{result['connections']} connections; one at a time: {alone}"
    )
    heads = f"{'per second: offered':>19}{'answered':>10}{'shed':>8}{'failed':>8}"
    lines = [title, f"{heads}{'median ms':>11}{'p95':>8}{'p99':>8}{'shed: p99':>11}"]
    for row in result["curve"]:
        times = "".join(_cell(row[name], width) for name, width in _COLUMNS)
        refused = _cell(row["shed_ms"] and row["shed_ms"]["p99"], 11)
        rates = f"{row['answered']:>10,.0f}{row['shed']:>8,.0f}{row['failed']:>8,.0f}"
        lines.append(f"{row['offered']:>19,.0f}{rates}{times}{refused}")
    return "\n".join([*lines, "", *aims_lines(result["aims"])])


_COLUMNS = (("median", 11), ("p95", 8), ("p99", 8))


def _cell(value: float | None, width: int) -> str:
    return f"{'-':>{width}}" if value is None else f"{value:>{width}.1f}"
