from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.facets import FACETS, draw_broad_words, facets_table, measure_facets
from indexer.embedding.hashing import HashingEmbedder
from indexer.layout import IndexLayout
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.search import search

EMBEDDER = HashingEmbedder(64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("facets")


@pytest.fixture(scope="module")
def result(folder: Path) -> dict[str, Any]:
    return measure_facets(1_000, 5, folder, EMBEDDER, RankingPolicy())


@pytest.fixture(scope="module")
def snapshot(result: dict[str, Any], folder: Path) -> Snapshot:
    return open_snapshot(IndexLayout.of(folder, f"latency-{result['products']}"))


def test_each_kind_of_queries_is_timed_with_products_and_with_groups(
    result: dict[str, Any],
) -> None:
    rows = {(row["name"], row["grouped"]): row for row in result["workloads"]}
    names = ("one word", "two to four words", "every product")
    assert set(rows) == {(name, grouped) for name in names for grouped in (False, True)}
    for row in rows.values():
        assert row["milliseconds"]["without facets"]["median"] > 0
        assert 0 < row["queries"] <= 20
    assert 0.05 <= rows["one word", False]["share_matched"] <= 0.2
    assert rows["every product", True]["share_matched"] == 1


def test_every_facet_has_something_to_count(snapshot: Snapshot) -> None:
    answer = search(Query("", limit=0, facets=FACETS), snapshot, EMBEDDER, RankingPolicy())
    assert all(facet.distinct >= 2 for facet in answer.facets)
    price = answer.facets[7]
    assert sum(price.counts) == 1_000
    assert price.statistics is not None


def test_broad_words_match_between_a_twentieth_and_a_fifth(snapshot: Snapshot) -> None:
    ask = partial(search, snapshot=snapshot, embedder=EMBEDDER, policy=RankingPolicy())
    words = draw_broad_words(snapshot, 3, ask)
    assert 0 < len(set(words)) == len(words) <= 3
    assert all(50 <= ask(Query(word)).total <= 200 for word in words)
    with pytest.raises(BenchmarkError, match="take more products"):
        draw_broad_words(snapshot, 0, ask)


def test_the_table_shows_all_of_it(result: dict[str, Any]) -> None:
    table = facets_table(result)
    assert "1,000 products, 10 facets: brand, color" in table
    assert table.count(" groups ") == 3
    assert table.count("every product") == 2
