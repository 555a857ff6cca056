"""Examples: the candidates of judged queries as the search sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.embedders import NoEmbedder
from searchsvc.errors import EvaluationError
from searchsvc.policy import RankingPolicy
from searchsvc.query.query import Query
from searchsvc.relevance.examples import UNJUDGED, collect_examples
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.reranking.protocol import FEATURES
from searchsvc.search import search

if TYPE_CHECKING:
    from collections.abc import Mapping

    from indexer.layout import IndexLayout
    from tests.conftest import Build

EMBEDDER = HashingEmbedder(64)
POLICY = RankingPolicy(strictness=0.0, min_cosine_share=0.0)
RECORDS = [
    {"id": f"p{number}", "title": f"{colour} {thing}", "mpn": f"AB-{number}77"}
    for number, (colour, thing) in enumerate(
        (colour, thing) for colour in ("red", "blue", "green") for thing in ("shoe", "hat")
    )
]


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS, embedder=EMBEDDER)
    return open_snapshot(layout)


def judged(queries: Mapping[str, str], qrels: Mapping[str, Mapping[str, int]]) -> Judgments:
    return Judgments(tuple(JudgedQuery(q, text) for q, text in queries.items()), qrels)


def test_labels_stand_beside_the_features_of_their_product(snapshot: Snapshot) -> None:
    judgments = judged({"q": "red hat"}, {"q": {"p1": 3, "p0": 1, "p5": 0}})
    (example,) = collect_examples(snapshot, EMBEDDER, POLICY, judgments)
    answer = search(Query("red hat", limit=100, explain=True), snapshot, EMBEDDER, POLICY)
    ids = [hit.id for hit in answer.hits]
    labels = {"p1": 3, "p0": 1, "p5": 0}
    assert example.labels.tolist() == [labels.get(product, UNJUDGED) for product in ids]
    assert UNJUDGED in example.labels
    assert example.features.shape == (len(ids), len(FEATURES))
    coverage = example.features[:, FEATURES.index("coverage")].tolist()
    explained = [hit.explanation.coverage for hit in answer.hits if hit.explanation]
    assert coverage == pytest.approx(explained)


def test_what_the_query_identifies_is_no_example(snapshot: Snapshot) -> None:
    judgments = judged({"n": "ab177", "q": "p3"}, {"n": {"p1": 3}, "q": {"p3": 3}})
    with pytest.raises(EvaluationError, match="Judge queries in words"):
        collect_examples(snapshot, EMBEDDER, POLICY, judgments)


def test_queries_that_do_not_count_are_passed_over(snapshot: Snapshot) -> None:
    judgments = judged(
        {"gone": "red hat", "none": "red hat", "two": "hat red"},
        {"gone": {"p99": 3}, "two": {"p1": 2}},
    )
    asked: list[int] = []
    examples = collect_examples(snapshot, EMBEDDER, POLICY, judgments, asked.append)
    assert [example.query for example in examples] == ["two"]
    assert examples[0].group == ("hat", "red")
    assert asked == [1]


def test_a_partial_answer_teaches_nothing(snapshot: Snapshot) -> None:
    judgments = judged({"q": "red hat"}, {"q": {"p1": 3}})
    with pytest.raises(EvaluationError, match="only answered in part"):
        collect_examples(snapshot, NoEmbedder("no model"), POLICY, judgments)
