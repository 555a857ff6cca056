"""Algolia's own Python client against a running service, with nothing but another host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from algoliasearch.http.exceptions import RequestException
from algoliasearch.http.hosts import Host, HostsCollection
from algoliasearch.search.client import SearchClientSync
from algoliasearch.search.config import SearchConfig

from searchsvc.http.app import create_app
from searchsvc.settings import Settings
from tests.searchsvc.eventually import eventually

KEY = "public-key"


@pytest.fixture(scope="module")
def port(shop_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = Settings(
        data_dir=shop_dir, models_dir=tmp_path_factory.mktemp("models"), embed_timeout_ms=60_000
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(settings), log_level="warning", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def client(port: int) -> Iterator[SearchClientSync]:
    config = SearchConfig("searchsvc", KEY)
    config.hosts = HostsCollection([Host("127.0.0.1", "http", port)])
    with SearchClientSync.create_with_config(config) as client:
        yield client


def test_several_searches(client: SearchClientSync) -> None:
    response = client.search({
        "requests": [
            {"indexName": "shop", "query": "sofa", "facets": ["brand"], "getRankingInfo": True},
            {"indexName": "shop_price_asc", "query": "sofa", "hitsPerPage": 1},
            {"indexName": "shop", "type": "facet", "facet": "brand", "facetQuery": "fj"},
        ]
    })  # fmt: skip
    hits, cheapest, values = (result.actual_instance for result in response.results)
    assert hits.nb_hits == len(hits.hits)
    assert hits.hits[0].object_id in {"sofa-red", "sofa-blue"}
    assert hits.hits[0].ranking_info.nb_typos == 0
    title = hits.hits[0].highlight_result["title"].actual_instance
    assert "<em>sofa</em>" in title.value
    assert hits.facets["brand"]["Fjellvik"] >= 2
    assert len(cheapest.hits) == 1
    assert values.facet_hits[0].highlighted == "<em>Fj</em>ellvik"


def test_one_search(client: SearchClientSync) -> None:
    found = client.search_single_index(
        "shop",
        {
            "query": "sofa", "distinct": True, "facetFilters": [["brand:Fjellvik"]],
            "numericFilters": ["price>100"], "clickAnalytics": True, "facets": ["price"],
        },
    )  # fmt: skip
    assert [hit.object_id for hit in found.hits][:1] in (["sofa-red"], ["sofa-blue"])
    assert found.nb_hits == 1
    assert len(found.query_id) == 32
    assert found.facets_stats["price"].max == 399
    assert found.rendering_content.facet_ordering.facets.order == ["price"]
    assert found.exhaustive.facets_count is True
    assert KEY not in found.params


def test_the_values_of_a_facet(client: SearchClientSync) -> None:
    found = client.search_for_facet_values("shop", "color", {"facetQuery": "re"})
    assert [(hit.value, hit.count) for hit in found.facet_hits] == [("red", 2)]


def test_records(client: SearchClientSync) -> None:
    assert client.get_object("shop", "lamp/1")["title"] == "Reading lamp"
    assert set(client.get_object("shop", "bench", ["price"])) == {"objectID", "price"}
    found = client.get_objects({
        "requests": [
            {"indexName": "shop", "objectID": "bench"},
            {"indexName": "shop", "objectID": "nope"},
        ]
    })  # fmt: skip
    assert [record and record["objectID"] for record in found.results] == ["bench", None]


def test_mistakes_are_raised_with_their_message(client: SearchClientSync) -> None:
    with pytest.raises(RequestException, match="Index foo does not exist") as caught:
        client.search_single_index("foo")
    assert caught.value.status_code == 404
    with pytest.raises(RequestException, match="ObjectID does not exist"):
        client.get_object("shop", "nope")
    with pytest.raises(RequestException, match="filters, character 1: unknown attribute 'nope'"):
        client.search_single_index("shop", {"filters": "nope:1"})
