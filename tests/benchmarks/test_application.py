from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from benchmarks.application import Application, Call
from benchmarks.building import build
from benchmarks.catalogue.cli import generate
from benchmarks.errors import BenchmarkError
from indexer.embedding.hashing import HashingEmbedder
from searchsvc.settings import Settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("application")
    generate(folder / "feed.jsonl", products=60)
    for name in ("shop", "other"):
        build(folder / "feed.jsonl", folder, name, HashingEmbedder(64))
    return folder


def test_the_whole_application_answers_with_and_without_a_body(folder: Path) -> None:
    application = Application(Settings(data_dir=folder), "shop")

    async def send() -> None:
        got = await application.send(Call("/v1/indexes/shop/search", "query=&limit=3"))
        posted = await application.send(Call.post("/v1/indexes/shop/search", {"limit": 3}))
        for reply in (got, posted):
            answer = orjson.loads(reply.body)
            assert answer["total"] == 60
            assert len(answer["hits"]) == 3
            assert reply.milliseconds > 0
        with pytest.raises(BenchmarkError, match="/v1/indexes/other/search answered 404"):
            await application.send(Call.post("/v1/indexes/other/search", {}))

    asyncio.run(send())
    assert len(application.snapshot.products) == 60
    application.close()
