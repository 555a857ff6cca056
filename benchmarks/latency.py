"""Latency: what a query costs by stage, in the engine alone and over HTTP, beside its budget."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from benchmarks.budget import TRANSFORMER, compare
from benchmarks.documents import DISTILLED
from benchmarks.engine import Engine, engine_process
from benchmarks.latency_aims import latency_aims
from benchmarks.machine import describe_machine
from benchmarks.server import serving
from benchmarks.stand import mount
from benchmarks.subject import measure_baselines, measure_recall
from benchmarks.timing import summarize
from benchmarks.workload import page_request

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.engine import Sample
    from benchmarks.server import Client
    from benchmarks.subject import Subject
    from benchmarks.workload import Narrowing

ENCODER_VARIABLE = "SEARCHSVC_QUERY_ENCODER"
"""The setting that says how queries are embedded."""
_BLOCK = 25
_NOT_STAGES = ("engine", "processor", "degraded")
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured.

    Attributes:
        queries: of each workload; none is asked twice.
        encoders: of the queries, as the service's setting has them.
        http: whether also over HTTP.
        baselines: whether also rank-bm25 and the exact vector search.
    """

    queries: int = 500
    encoders: Sequence[str] = ("transformer",)
    http: bool = True
    baselines: bool = True


@dataclass(frozen=True, slots=True)
class _Path:
    """A way to an answer: the engine by one encoder, and the service with the same."""

    encoder: str
    engine: Callable[[str, Sequence[bytes]], list[Sample]]
    client: Client | None


@dataclass(slots=True)
class _Times:
    """What one way took for one workload, query by query."""

    engine: list[Sample] = field(default_factory=list)
    http: list[float] = field(default_factory=list)
    degraded: int = 0


_Key = tuple[int, str, int]
"""Number of the subject, encoder, number of the filter (0 for none)."""


def query_encoders(subjects: Sequence[Subject]) -> tuple[str, ...]:
    """Those that the queries of all `subjects` can be embedded by."""
    distilled = all(subject.snapshot.encoder is not None for subject in subjects)
    return (DISTILLED, TRANSFORMER) if distilled else (TRANSFORMER,)


def measure_latency(subjects: Sequence[Subject], plan: Plan) -> dict[str, Any]:
    """Time queries that were never seen, in turns block by block, so that noise meets all alike.

    Each asks for 20 hits and four facets, for a shopper in 20 segments with 200 boosts.

    Returns:
        The result file: machine, and for each subject facts, recall, baselines and by encoder the
        milliseconds of each workload and stage; what grew from the smallest to the largest; and
        the aims beside what was measured.

    Raises:
        ServerError: the service does not start, or answers with a failure.
    """
    with tempfile.TemporaryDirectory(prefix="searchsvc-bench-") as folder:
        stand = Path(folder)
        mount((subject.layout for subject in subjects), stand)
        times = _measure(subjects, plan, stand)
        catalogues = [
            {
                **subject.facts,
                **_aside(subject, stand, plan),
                "encoders": {
                    encoder: _workloads(
                        [
                            times[number, encoder, arm]
                            for arm in range(len(subject.narrowings) + 1)
                        ],
                        subject.narrowings,
                        encoder,
                    )
                    for encoder in plan.encoders
                },
            }
            for number, subject in enumerate(subjects)
        ]
    result: dict[str, Any] = {
        "command": "latency",
        "machine": describe_machine(),
        "queries": plan.queries,
        "catalogues": catalogues,
        "growth": _growth(catalogues),
    }
    return {**result, "aims": list(latency_aims(result))}


def _measure(subjects: Sequence[Subject], plan: Plan, stand: Path) -> dict[_Key, _Times]:
    times: dict[_Key, _Times] = defaultdict(_Times)
    with ExitStack() as stack:
        paths = [_open(stack, encoder, plan, stand) for encoder in plan.encoders]
        for begin in range(-_BLOCK, plan.queries, _BLOCK):
            for number, subject in enumerate(subjects):
                for arm, narrowing in enumerate((None, *subject.narrowings)):
                    texts = subject.texts[arm * plan.queries : (arm + 1) * plan.queries]
                    # The first block comes twice: what answers it first is warm afterwards.
                    block = texts[max(begin, 0) : max(begin, 0) + _BLOCK]
                    if begin < 0:
                        block = [f"{text} {_BLOCK}" for text in block]
                    bodies = [page_request(text, narrowing) for text in block]
                    for path in paths:
                        found = _ask(path, subject.layout.name, bodies)
                        if begin >= 0:
                            _add(times[number, path.encoder, arm], found)
    return times


def _open(stack: ExitStack, encoder: str, plan: Plan, stand: Path) -> _Path:
    environment = {ENCODER_VARIABLE: encoder}
    engine = stack.enter_context(engine_process(stand, environment))
    client = None
    if plan.http:
        server = stack.enter_context(serving(stand, environment=environment))
        client = stack.enter_context(server.client())
    return _Path(encoder, engine, client)


def _ask(path: _Path, index: str, bodies: Sequence[bytes]) -> _Times:
    asked = _Times(path.engine(index, bodies))
    asked.degraded = sum(bool(sample["degraded"]) for sample in asked.engine)
    if path.client is not None:
        for body in bodies:
            answer, milliseconds = path.client.post(f"/v1/indexes/{index}/search", body)
            asked.http.append(milliseconds)
            asked.degraded += bool(orjson.loads(answer)["degraded"])
    return asked


def _add(times: _Times, found: _Times) -> None:
    times.engine += found.engine
    times.http += found.http
    times.degraded += found.degraded


def _aside(subject: Subject, stand: Path, plan: Plan) -> dict[str, Any]:
    """Recall and baselines, which need no service."""
    engine = Engine(stand)
    try:
        embedder = engine.embedder(subject.layout.name)
        return {
            "recall_at_100": measure_recall(subject, embedder),
            "baselines": measure_baselines(subject, embedder) if plan.baselines else {},
        }
    finally:
        engine.close()


def _workloads(
    times: Sequence[_Times], narrowings: Sequence[Narrowing], encoder: str
) -> list[dict[str, Any]]:
    """The unfiltered workload, and those with a filter beside it."""
    workloads: list[dict[str, Any]] = []
    for taken, narrowing in zip(times, (None, *narrowings), strict=True):
        row = _workload(taken, encoder)
        row["filter"] = narrowing and {"wanted": narrowing.wanted, "share": narrowing.share}
        first = workloads[0] if workloads else row
        row["ratio_to_unfiltered"] = {
            name: round(row[name]["median"] / first[name]["median"], _DIGITS)
            for name in ("engine", "http")
            if name in row
        }
        workloads.append(row)
    return workloads


def _workload(times: _Times, encoder: str) -> dict[str, Any]:
    """Milliseconds of the engine, over HTTP and by stage."""
    stages: dict[str, list[float]] = {}
    for sample in times.engine:
        for name, milliseconds in sample.items():
            if name not in _NOT_STAGES:
                stages.setdefault(name, []).append(milliseconds)
    row: dict[str, Any] = {
        "queries": len(times.engine),
        "degraded": times.degraded,
        "engine": summarize([sample["engine"] for sample in times.engine]),
        "engine_processor": summarize([sample["processor"] for sample in times.engine]),
    }
    if times.http:
        row["http"] = summarize(times.http)
        known = np.sum(list(stages.values()), axis=0) - stages["framework"]
        # Two processes answered: where noise met only one of them, the rest may be below zero.
        stages["framework"] = (np.array(times.http) - known).tolist()
    else:
        del stages["framework"]
    row["stages"] = compare({name: summarize(taken) for name, taken in stages.items()}, encoder)
    return row


def _growth(catalogues: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """How many times as much a query costs in the largest catalogue as in the smallest."""
    if len(catalogues) == 1:
        return None
    ordered = sorted(catalogues, key=lambda catalogue: int(catalogue["products"]))
    small, large = ordered[0], ordered[-1]
    ratios: dict[str, dict[str, float]] = {}
    for encoder, workloads in large["encoders"].items():
        before, after = small["encoders"][encoder][0], workloads[0]
        ratios[encoder] = {
            name: round(after[name]["median"] / before[name]["median"], _DIGITS)
            for name in ("engine", "http")
            if name in after
        }
    return {"from": small["products"], "to": large["products"], "ratios": ratios}
