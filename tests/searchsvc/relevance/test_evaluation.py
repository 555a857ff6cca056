from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import open_snapshot
from searchsvc.embedders import NoEmbedder
from searchsvc.errors import EvaluationError
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.relevance.evaluation import evaluate_snapshot
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.measures import Measure
from searchsvc.search import search

if TYPE_CHECKING:
    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from tests.conftest import Build

EMBEDDER = HashingEmbedder(64)
NDCG = Measure("nDCG", 10)
POLICY = RankingPolicy()
SHOES = [
    {"id": "a", "title": "red leather shoe"},
    {"id": "b", "title": "blue canvas shoe"},
    {"id": "c", "title": "oak desk"},
]


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(SHOES)
    return open_snapshot(layout)


def judged(texts: dict[str, str], qrels: dict[str, dict[str, int]]) -> Judgments:
    return Judgments(tuple(JudgedQuery(q, text) for q, text in texts.items()), qrels)


def test_every_figure_is_what_the_search_gives_by_hand(snapshot: Snapshot) -> None:
    judgments = judged(
        {"q1": "blue shoe", "q2": "oak desk", "q3": "zebra"},
        {"q1": {"b": 3, "a": 1}, "q2": {"a": 2}, "q3": {"c": 1}},
    )
    seen: list[int] = []
    found = evaluate_snapshot(
        snapshot, EMBEDDER, POLICY, judgments, [NDCG, Measure("R", 100)], seen.append
    )
    for query in judgments.queries:
        hits = search(Query(query.text, limit=100), snapshot, EMBEDDER, POLICY).hits
        ids = [hit.id for hit in hits]
        assert found.values["nDCG@10"][query.id] == NDCG.of(ids, judgments.qrels[query.id])
        assert found.values["zero_result_rate"][query.id] == (not ids)
    assert found.figure("nDCG@10") == pytest.approx(
        np.mean(list(found.values["nDCG@10"].values()))
    )
    assert found.figure("nDCG@10", {"q1"}) == found.values["nDCG@10"]["q1"] == 1.0
    assert found.figure("zero_result_rate") == pytest.approx(1 / 3)
    assert found.figure("gone_rate") == 0.0
    assert found.queries == ("q1", "q2", "q3")
    assert seen == [1, 1, 1]
    assert found.median_ms > 0


def test_a_product_that_is_gone_is_not_missed_but_counted(snapshot: Snapshot) -> None:
    texts = {"q1": "blue shoe", "q2": "green hat", "q3": "shoe", "q4": "unjudged"}
    with_gone = judged(texts, {"q1": {"b": 1, "z": 3}, "q2": {"z": 1}, "q3": {"a": 0, "y": 0}})
    found = evaluate_snapshot(snapshot, EMBEDDER, POLICY, with_gone, [NDCG])
    assert found.values["nDCG@10"] == {"q1": 1.0}
    assert found.excluded == ("q2", "q3", "q4")
    assert (found.relevant, found.gone) == (3, 2)
    assert found.figure("gone_rate") == pytest.approx(2 / 3)


def test_judgments_of_another_catalogue_are_refused(snapshot: Snapshot) -> None:
    with pytest.raises(EvaluationError, match="none of 1 judged queries.*'shop'.*same"):
        evaluate_snapshot(
            snapshot, EMBEDDER, POLICY, judged({"q1": "shoe"}, {"q1": {"z": 1}}), [NDCG]
        )


def test_a_partial_answer_is_not_judged(snapshot: Snapshot) -> None:
    judgments = judged({"q1": "shoe"}, {"q1": {"a": 1}})
    with pytest.raises(EvaluationError, match="'shoe' is only answered in part.*no model here"):
        evaluate_snapshot(snapshot, NoEmbedder("no model here"), POLICY, judgments, [NDCG])


def test_a_measure_deeper_than_an_answer_is_refused(snapshot: Snapshot) -> None:
    judgments = judged({"q1": "shoe"}, {"q1": {"a": 1}})
    with pytest.raises(EvaluationError, match="1001 products.*at most 1000"):
        evaluate_snapshot(snapshot, EMBEDDER, POLICY, judgments, [Measure("R", 1001)])
