"""Degradation: for each fault what is still answered, that it is told, and that it heals.

========================  ========  =======  =======  ======  =======================
fault                     search    suggest  product  events  told as
========================  ========  =======  =======  ======  =======================
model gone                words     yes      yes      yes     no_model
model fails               words     yes      yes      yes     model_failed
model slow                words     yes      yes      yes     model_slow
store locked              yes       yes      yes      503     no_profile, /metrics
store gone or corrupt     yes       yes      yes      503     searchsvc_state_open
profile slow              yes       yes      yes      yes     no_profile
live file unreadable      as before yes      yes      yes     /readyz
vectors unreadable        words     yes      yes      yes     no_vectors, /readyz
postings unreadable       meaning   yes      yes      yes     no_postings, /readyz
dictionary unreadable     as typed  yes      yes      yes     no_spelling, /readyz
suggestions unreadable    yes       fewer    yes      yes     no_suggestions, /readyz
encoder unreadable        by model  yes      yes      yes     /readyz
products unreadable       503       503      503      yes     /readyz (503)
========================  ========  =======  =======  ======  =======================
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from prometheus_client.parser import text_string_to_metric_families

from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from searchsvc.embedders import BoundedEmbedder
from searchsvc.errors import StateUnavailableError
from searchsvc.http import intake, storage
from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from searchsvc.state.store import StateStore
from tests.conftest import Build
from tests.searchsvc.eventually import eventually

PRODUCTS = [
    {"id": f"p{n}", "title": title, "brand": "Acme", "price": "5 EUR"}
    for n, title in enumerate(("leather shoe", "leather boot", "oak desk", "garden chair"))
]
SEARCH = "/v1/indexes/shop/search"
USER = {"token": "somebody", "consent": True}
ASKED = {"query": "leather shoe", "user": USER}


@dataclass
class Shop:
    """A service over one generation."""

    client: TestClient
    layout: IndexLayout
    settings: Settings

    @property
    def context(self) -> Any:
        return self.client.app.state.context  # type: ignore[attr-defined]

    def search(self, **changes: Any) -> dict[str, Any]:
        answered = self.client.post(SEARCH, json={**ASKED, **changes})
        assert answered.status_code == 200, answered.text
        body: dict[str, Any] = answered.json()
        return body

    def suggest(self) -> dict[str, Any]:
        answered = self.client.get("/v1/indexes/shop/suggest", params={"q": "leat"})
        assert answered.status_code == 200, answered.text
        body: dict[str, Any] = answered.json()
        return body

    def event(self) -> int:
        event = {"type": "click", "index": "shop", "items": [{"id": "p0"}], "consent": True}
        event["user_token"] = USER["token"]
        return self.client.post("/v1/events", json={"events": [event]}).status_code

    def product(self) -> int:
        return self.client.get("/v1/indexes/shop/products/p0").status_code

    def ready(self) -> tuple[int, str]:
        answered = self.client.get("/readyz")
        return answered.status_code, answered.json()["indexes"].get("shop", "")

    def count(self, name: str, **labels: str) -> float:
        text = self.client.get("/metrics").text
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def degraded(self, reason: str) -> float:
        return self.count("searchsvc_degraded_total", reason=reason)

    def is_well(self) -> bool:
        return (
            self.search()["degraded_reasons"] == []
            and self.suggest()["degraded"] == []
            and (self.product(), self.event(), self.ready()) == (200, 200, (200, "ok"))
        )


Serve = Callable[..., Shop]


@pytest.fixture
def serve(
    build: Build, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Serve]:
    """Starts a service; a test damages what it likes before or after."""
    monkeypatch.setattr(storage, "RETRY_SECONDS", 0.02)
    started: list[TestClient] = []

    def start(**changes: Any) -> Shop:
        layout = IndexLayout.of(data_dir, "shop")
        if layout.current() is None:
            build(PRODUCTS)
        settings = Settings(
            **{
                "data_dir": data_dir,
                "models_dir": tmp_path / "models",
                "poll_seconds": 0.02,
                "embed_timeout_ms": 60_000,
                "profile_timeout_ms": 60_000,
                **changes,
            }
        )
        client = TestClient(create_app(settings), raise_server_exceptions=False)
        client.__enter__()
        started.append(client)
        return Shop(client, layout, settings)

    yield start
    for client in started:
        client.__exit__(None, None, None)


@pytest.fixture
def shop(serve: Serve) -> Shop:
    return serve()


# The model.


class Faulty(HashingEmbedder):
    """A model that fails or waits for as long as it is told to."""

    def __init__(self) -> None:
        super().__init__(64)
        self.fault = ""
        self.wake = threading.Event()

    def embed_query(self, text: str) -> NDArray[np.float32]:
        if self.fault == "fails":
            raise MemoryError
        if self.fault == "slow":
            self.wake.wait(30)
        return super().embed_query(text)


@pytest.mark.parametrize(("fault", "reason"), [("fails", "model_failed"), ("slow", "model_slow")])
def test_a_model_that_fails_or_is_late(
    serve: Serve, build: Build, fault: str, reason: str
) -> None:
    shop = serve()
    model = Faulty()
    embedders = shop.context.service._embedders  # noqa: SLF001 - no setting makes a model fail
    bounded = BoundedEmbedder(model, embedders._pool, 50)  # noqa: SLF001
    embedders._opened[model.fingerprint] = bounded  # noqa: SLF001
    build([*PRODUCTS, {"id": "new", "title": "lamp"}])
    eventually(lambda: shop.context.service.snapshot("shop").manifest.products == 5)
    model.fault = fault
    body = shop.search()
    assert body["hits"][0]["id"] == "p0"
    assert body["degraded_reasons"] == [reason]
    assert shop.degraded(reason) == 1
    assert shop.suggest()["degraded"] == []
    assert (shop.product(), shop.event(), shop.ready()) == (200, 200, (200, "ok"))
    model.wake.set()
    model.fault = ""
    assert shop.is_well()


# The state store.


def test_a_store_that_another_process_has_locked(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "ANSWER_SECONDS", 0.2)
    shop = serve()
    assert shop.is_well()
    other = sqlite3.connect(shop.settings.data_dir / "state.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert shop.event() == 503
        assert shop.count("searchsvc_events_total", outcome="failed") == 1
        body = shop.search()
        assert (body["hits"][0]["id"], body["degraded"]) == ("p0", [])
        assert shop.suggest()["degraded"] == []
        assert (shop.product(), shop.ready()) == (200, (200, "ok"))
    finally:
        other.execute("ROLLBACK")
        other.close()
    eventually(shop.is_well)


@pytest.mark.parametrize("url", [None, "postgresql://nobody@127.0.0.1:1/none"])
def test_a_store_that_cannot_be_opened(
    serve: Serve, data_dir: Path, build: Build, url: str | None
) -> None:
    build(PRODUCTS)
    if url is None:
        (data_dir / "state.db").write_bytes(b"no database" * 1_000)
    shop = serve(state_url=url)
    body = shop.search()
    assert (body["hits"][0]["id"], body["degraded"]) == ("p0", [])
    assert shop.suggest()["degraded"] == []
    assert (shop.product(), shop.event(), shop.ready()) == (200, 503, (200, "ok"))
    assert shop.count("searchsvc_state_open") == 0
    if url is None:
        (data_dir / "state.db").unlink()
        eventually(shop.is_well)
        assert shop.count("searchsvc_state_open") == 1


def test_profiles_that_cannot_be_read_in_time(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = serve(profile_timeout_ms=1)
    gate = threading.Event()
    read = StateStore.profile

    def late(self: StateStore, index: str, user: str) -> object:
        gate.wait(30)
        return read(self, index, user)

    monkeypatch.setattr(StateStore, "profile", late)
    body = shop.search()
    assert body["degraded"] == []
    assert body["personalization"]["reason"] == "profile_unavailable"
    assert shop.degraded("no_profile") == 1
    gate.set()
    eventually(lambda: shop.search()["personalization"]["reason"] == "nothing_known")


def test_profiles_that_cannot_be_read_at_all(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = serve()

    def fail(*_: object) -> object:
        raise StateUnavailableError("gone")

    with monkeypatch.context() as faulty:
        faulty.setattr(StateStore, "profile", fail)
        assert shop.search()["personalization"]["reason"] == "profile_unavailable"
    assert shop.degraded("no_profile") == 1
    assert shop.product() == 200


# Files beside the generations.


@pytest.mark.parametrize(
    "name", ["synonyms.json", "ranker.safetensors", "learned.safetensors", "segments.json"]
)
def test_a_live_file_that_cannot_be_read(shop: Shop, name: str) -> None:
    file = shop.layout.root / name
    file.write_bytes(b"\0damaged")
    eventually(lambda: name in shop.ready()[1])
    assert shop.ready()[0] == 200
    assert shop.search()["hits"][0]["id"] == "p0"
    assert shop.count("searchsvc_live_settings_refused", index="shop") == 1
    file.unlink()
    eventually(shop.is_well)


# Parts of the only generation.

_FAULTS: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "altered": lambda path: path.write_bytes(path.read_bytes()[:-9] + b"\x55" * 9),
}


@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("vectors", "no_vectors"),
        ("lexical", "no_postings"),
        ("spelling", "no_spelling"),
        ("suggestions", "no_suggestions"),
    ],
)
def test_a_part_of_the_only_generation_that_cannot_be_read(
    serve: Serve, build: Build, layout: IndexLayout, part: str, reason: str, fault: str
) -> None:
    only = build(PRODUCTS).generation
    damaged = layout.generation_dir(only) / f"{part}.safetensors"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole)  # a file of its own
    _FAULTS[fault](damaged)
    shop = serve()
    body, suggested = shop.search(), shop.suggest()
    assert "p0" in [hit["id"] for hit in body["hits"]]
    told = [*body["degraded_reasons"], *suggested["degraded"]]
    assert set(told) == {reason}
    assert shop.degraded(reason) == len(told)
    assert len(body["degraded"]) == len(body["degraded_reasons"])
    status, note = shop.ready()
    assert status == 200
    assert note.startswith(f"serving {only} without its {part}; refused {only}: ")
    assert shop.count("searchsvc_generation_parts_missing", index="shop") == 1
    assert (shop.product(), shop.event()) == (200, 200)
    similar = shop.client.get("/v1/indexes/shop/products/p0/similar")
    assert similar.status_code == (503 if part == "vectors" else 200)
    compatible = shop.client.post("/1/indexes/shop/query", json={"query": "leather"}).json()
    assert compatible["nbHits"] >= 0
    damaged.write_bytes(whole)
    eventually(shop.is_well)
    assert shop.count("searchsvc_generation_parts_missing", index="shop") == 0


def test_any_search_is_answered_whatever_part_is_missing(
    serve: Serve, build: Build, layout: IndexLayout
) -> None:
    only = build(PRODUCTS).generation
    for part in ("vectors", "lexical", "spelling", "suggestions"):
        damaged = layout.generation_dir(only) / f"{part}.safetensors"
        whole = damaged.read_bytes()
        damaged.unlink()
        shop = serve()
        for changes in (
            {"query": ""},
            {"query": "p0"},
            {"query": "lether sheo", "explain": True},
            {"query": "shoe -oak", "facets": ["brand"], "highlight": ["title"]},
            {"query": "leather", "typing": True, "sort": "price"},
            {"query": "nothing of the kind", "user": {**USER, "viewed": ["p0", "p1"]}},
        ):
            asked = shop.client.post(SEARCH, json={**ASKED, **changes})
            assert asked.status_code == 200, (part, changes, asked.text)
        for typed in ("", "l", "lether s", "leather shoe", "%"):
            assert shop.client.get("/v1/indexes/shop/suggest", params={"q": typed}).is_success
        damaged.write_bytes(whole)


@pytest.mark.parametrize(
    "names",
    [
        ("products.bin",),
        ("products.safetensors",),
        ("columns.safetensors",),
        ("manifest.json",),
        ("lexical.safetensors", "vectors.safetensors"),
    ],
)
def test_what_nothing_can_be_answered_without_is_refused(
    serve: Serve, build: Build, layout: IndexLayout, names: tuple[str, ...]
) -> None:
    directory = layout.generation_dir(build(PRODUCTS).generation)
    whole = {name: (directory / name).read_bytes() for name in names}
    for name in names:
        (directory / name).unlink()
    shop = serve()
    assert shop.client.post(SEARCH, json=ASKED).status_code == 503
    assert shop.client.get("/v1/indexes/shop/suggest").status_code == 503
    assert (shop.product(), shop.event(), shop.ready()[0]) == (503, 200, 503)
    assert shop.client.get("/healthz").status_code == 200
    for name, content in whole.items():
        (directory / name).write_bytes(content)
    eventually(lambda: shop.ready() == (200, "ok"))
    eventually(shop.is_well)


def test_an_earlier_generation_that_is_whole_is_better_than_parts_of_the_last(
    serve: Serve, build: Build, layout: IndexLayout
) -> None:
    first = build(PRODUCTS).generation
    second = build([*PRODUCTS, {"id": "new", "title": "lamp"}]).generation
    (layout.generation_dir(second) / "spelling.safetensors").unlink()
    shop = serve()
    body = shop.search()
    assert (body["generation"], body["degraded_reasons"]) == (first, [])
    assert f"serving {first}; refused {second}" in shop.ready()[1]
    (layout.generation_dir(first) / "products.bin").unlink()
    another = serve()
    body = another.search()
    assert (body["generation"], body["degraded_reasons"]) == (second, ["no_spelling"])


def test_a_reindex_heals_what_is_served_in_parts(
    serve: Serve, build: Build, layout: IndexLayout
) -> None:
    only = build(PRODUCTS).generation
    (layout.generation_dir(only) / "lexical.safetensors").unlink()
    shop = serve()
    assert shop.search()["degraded_reasons"] == ["no_postings"]
    build([*PRODUCTS, {"id": "new", "title": "leather lamp"}], force=True)
    eventually(lambda: shop.ready() == (200, "ok"))
    assert shop.search()["hits"][0]["id"] == "p0"
    assert shop.is_well()


def test_an_index_that_goes_and_comes_back(shop: Shop, tmp_path: Path) -> None:
    shutil.move(shop.layout.root, tmp_path / "elsewhere")
    eventually(lambda: shop.client.post(SEARCH, json=ASKED).status_code == 404)
    assert shop.ready() == (503, "")
    shutil.move(tmp_path / "elsewhere", shop.layout.root)
    eventually(lambda: shop.ready() == (200, "ok"))
    assert shop.is_well()
