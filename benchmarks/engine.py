"""The engine alone: the service without HTTP, timed by stage, in a process like a worker's.

The process has one thread for each numerical library, as `searchsvc serve` gives its workers: what
is read from the environment when a library is loaded cannot be set later.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import TYPE_CHECKING

from benchmarks.budget import by_stage
from searchsvc.http.requests import SearchRequest
from searchsvc.response import encode_response, new_query_id
from searchsvc.serving import SearchService
from searchsvc.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from searchsvc.routing import QueryEmbedder

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""What `searchsvc serve` sets for its workers."""

Sample = dict[str, float]
"""Milliseconds of one query: by stage, those of the search itself as `engine` and, on all its
threads, as `processor`; and `degraded`, 1 where it was answered without the model."""


class Engine:
    """Every index of a data directory, opened as a worker opens it."""

    def __init__(self, data_dir: Path) -> None:
        self._service = SearchService(Settings(data_dir=data_dir))
        self._service.refresh()

    def close(self) -> None:
        """Let its threads go."""
        self._service.close()

    def time(self, index: str, bodies: Sequence[bytes]) -> list[Sample]:
        """Answer the requests with `bodies`, one after the other."""
        return [self._sample(index, body) for body in bodies]

    def embedder(self, index: str) -> QueryEmbedder:
        """What embeds the queries of `index`."""
        return self._service.state(index).opened.embedder

    def _sample(self, index: str, body: bytes) -> Sample:
        begin = perf_counter()
        request = SearchRequest.model_validate_json(body)
        query, view, shopper = request.to_query(), request.to_view(), request.to_shopper()
        parsed, before = perf_counter(), process_time()
        answered = self._service.search(index, query, shopper)
        found, after = perf_counter(), process_time()
        encode_response(answered, query, view, new_query_id(), 0.0)
        encoded = perf_counter()
        engine = (found - parsed) * 1e3
        told = answered.result.stage_ms
        parts = {
            "parse": (parsed - begin) * 1e3,
            "encode": (encoded - found) * 1e3,
            # Who asks and what that gives is found out around the search, which tells the rest.
            "personalize": engine - sum(told.values()),
        }
        stages = by_stage((*parts.items(), *told.items()))
        return {
            **stages,
            "engine": engine,
            "processor": (after - before) * 1e3,
            "degraded": float(bool(answered.result.degraded)),
        }


_opened: list[Engine] = []


@contextmanager
def engine_process(
    data_dir: Path, environment: Mapping[str, str] | None = None
) -> Generator[Callable[[str, Sequence[bytes]], list[Sample]]]:
    """A process with an `Engine`; gives its `time`.

    Args:
        data_dir: of the indexes.
        environment: settings beside those of this process.
    """
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), initializer=_open, initargs=(data_dir,)
    ) as pool:
        with _environment({**ONE_THREAD, **(environment or {})}):
            pool.submit(_ready).result()  # the process begins with its first task
        yield lambda index, bodies: pool.submit(_time, index, bodies).result()


@contextmanager
def _environment(variables: Mapping[str, str]) -> Generator[None]:
    """Set `variables` for the processes that are started meanwhile."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _open(data_dir: Path) -> None:
    _opened.append(Engine(data_dir))


def _time(index: str, bodies: Sequence[bytes]) -> list[Sample]:
    return _opened[0].time(index, bodies)


def _ready() -> None:
    """Nothing to do: the initializer has opened everything."""
