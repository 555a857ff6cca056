"""A small shop with everything that pages ask for, and what its routes answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from indexer.build.reindex import ReindexOptions, reindex
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.settings import IndexSettings
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.http.algolia.attributes import Attributes
from searchsvc.http.app import create_app
from searchsvc.settings import Settings

PRODUCTS: list[dict[str, Any]] = [
    {
        "id": "sofa-red", "title": "Red velvet sofa", "brand": "Fjellvik", "color": "red",
        "description": "A soft sofa with <b>deep</b> seats for long evenings & short nights.",
        "price": "399.00 EUR", "sale_price": "349.00 EUR", "item_group_id": "sofa",
        "product_type": "Furniture > Seating > Sofas", "availability": "in_stock",
        "rating": 4.5, "popularity": 90, "date_released": "2024-05-01",
        "seats": 3, "outdoor": False, "style": ["modern", "cosy"], "location": "48.85,2.35",
        "_tags": ["new", "home"],
    },
    {
        "id": "sofa-blue", "title": "Blue velvet sofa", "brand": "Fjellvik", "color": "blue",
        "price": "399.00 EUR", "item_group_id": "sofa",
        "product_type": "Furniture > Seating > Sofas", "availability": "out_of_stock",
        "rating": 4.0, "popularity": 40, "seats": 3, "outdoor": False, "style": ["modern"],
        "location": "52.52,13.40",
    },
    {
        "id": "bench", "title": "Garden bench", "brand": "Ash & Sons", "color": "brown",
        "price": "120.50 EUR", "product_type": "Garden > Benches", "availability": "in_stock",
        "rating": 3.5, "popularity": 70, "seats": 2, "outdoor": True, "style": ["rustic"],
        "_tags": ["garden"],
    },
    {
        "id": "lamp/1", "title": "Reading lamp", "brand": "Lumen", "color": "red",
        "price": "25 EUR", "product_type": "Furniture > Lighting", "availability": "in_stock",
        "rating": 4.9, "popularity": 10, "outdoor": False, "sku": "LMP-77", "temperature": -5,
        "google_product_category": "Home & Garden > Lighting",
    },
    {
        "id": "rug", "title": "Wool rug & <i>carpet</i>", "brand": "Fjellvik",
        "color": "-none-", "price": "80 EUR", "product_type": "Furniture > Textiles",
        "availability": "in_stock", "rating": 4.5, "popularity": 5, "outdoor": False,
        "review_count": "many",
    },
]  # fmt: skip

Ask = Callable[..., dict[str, Any]]


def publish(data_dir: Path, records: list[dict[str, Any]], index: str) -> None:
    feed = data_dir / f"{index}.jsonl"
    feed.parent.mkdir(parents=True, exist_ok=True)
    feed.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    layout = IndexLayout.of(data_dir, index)
    reindex(
        str(feed), layout, IndexSettings(), HashingEmbedder(64), options=ReindexOptions(force=True)
    )


@pytest.fixture(scope="session")
def shop_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("algolia")
    publish(data_dir, PRODUCTS, "shop")
    publish(data_dir, PRODUCTS[:2], "shop_old")
    return data_dir


@pytest.fixture(scope="session")
def snapshot(shop_dir: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(shop_dir, "shop"))


@pytest.fixture
def attributes(snapshot: Snapshot) -> Attributes:
    return Attributes(snapshot)


@pytest.fixture(scope="module")
def shop(shop_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(
        data_dir=shop_dir,
        models_dir=tmp_path_factory.mktemp("models"),
        embed_timeout_ms=60_000,  # nobody waits here: no timeout is to be met by chance
    )
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def ask(shop: TestClient) -> Ask:
    """``ask(query="sofa", facets=["brand"])``: the answer to one search of the shop."""

    def search(index: str = "shop", **parameters: Any) -> dict[str, Any]:
        response = shop.post(f"/1/indexes/{index}/query", json=parameters)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    return search


def ids(answer: dict[str, Any]) -> list[str]:
    return [hit["objectID"] for hit in answer["hits"]]


def failure(response: httpx2.Response, status: int) -> str:
    """The message of an error in Algolia's shape."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"message", "status"}
    assert body["status"] == status
    assert response.headers["content-type"] == "application/json"
    message: str = body["message"]
    return message
