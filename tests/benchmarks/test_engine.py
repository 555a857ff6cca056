from __future__ import annotations

import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks import engine
from benchmarks.budget import STAGES
from benchmarks.crowd import SEGMENTS
from benchmarks.engine import ONE_THREAD, Engine, engine_process
from benchmarks.server import serving
from benchmarks.stand import mount
from benchmarks.subject import Subject, generated
from benchmarks.workload import page_request
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from searchsvc.http.requests import SearchRequest
from searchsvc.livedocuments import SEGMENTS as SEGMENTS_FILE


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return generated(1_000, 10, tmp_path_factory.mktemp("data"), HashingEmbedder(64))


@pytest.fixture(scope="module")
def stand(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stand")
    mount([subject.layout], folder)
    return folder


@pytest.fixture
def opened(stand: Path) -> Generator[Engine]:
    made = Engine(stand)
    yield made
    made.close()


class Threads(ThreadPoolExecutor):
    """In the place of processes, which coverage does not see into."""

    def __init__(self, workers: int, mp_context: object, **others: Any) -> None:
        assert mp_context
        super().__init__(workers, **others)


def test_every_query_is_timed_by_stage(opened: Engine, subject: Subject) -> None:
    index = subject.layout.name
    samples = opened.time(index, [page_request(text) for text in subject.texts[:5]])
    assert len(samples) == 5
    for sample in samples:
        assert set(sample) == {*STAGES, "engine", "processor", "degraded"}
        assert sample["framework"] == sample["degraded"] == 0
        assert sample["processor"] > 0
        inside = [sample[name] for name in STAGES if name not in {"parse", "encode"}]
        assert sum(inside) <= sample["engine"] <= sum(inside) + sample["parse"]


def test_a_page_is_asked_by_somebody_in_every_segment(stand: Path, subject: Subject) -> None:
    layout = IndexLayout.of(stand, subject.layout.name)
    document, _ = SEGMENTS_FILE.file(layout).read()
    assert len(document.segments) == SEGMENTS
    with serving(stand) as server, server.client() as client:
        path = f"/v1/indexes/{layout.name}/search"
        body, _ = client.post(path, page_request(subject.texts[0]))
    assert body.count(b'"name":"segment-') == SEGMENTS


def test_filters_of_a_page_are_those_of_its_narrowing(subject: Subject) -> None:
    narrowing = subject.narrowings[-1]
    request = SearchRequest.model_validate_json(page_request("boots", narrowing))
    query = request.to_query()
    assert query.filter is not None
    assert query.limit == 20
    assert [facet.field for facet in query.facets] == [
        "brand", "product_type", "color", "effective_price",
    ]  # fmt: skip
    assert len(query.facets[-1].ranges) == 5


def test_a_process_is_begun_with_one_thread_and_the_settings(
    stand: Path, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str | None] = {}

    class Spy(Engine):
        def __init__(self, data_dir: Path) -> None:
            seen.update({name: os.environ.get(name) for name in (*ONE_THREAD, "SEARCHSVC_X")})
            super().__init__(data_dir)

    monkeypatch.setattr(engine, "ProcessPoolExecutor", Threads)
    monkeypatch.setattr(engine, "Engine", Spy)
    monkeypatch.setattr(engine, "_opened", [])
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with engine_process(stand, {"SEARCHSVC_X": "y"}) as ask:
        assert os.environ["OMP_NUM_THREADS"] == "7"
        assert "SEARCHSVC_X" not in os.environ
        assert len(ask(subject.layout.name, [page_request("boots")])) == 1
    assert seen == {**ONE_THREAD, "SEARCHSVC_X": "y"}
    for made in engine._opened:  # noqa: SLF001 - what a process of its own would end with
        made.close()
