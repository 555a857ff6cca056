from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.build.postings import TrialPostings
from indexer.build.progress import Silent
from indexer.embedding.hashing import HashingEmbedder
from indexer.settings import IndexSettings, LexicalSettings
from indexer.snapshot import open_snapshot
from searchsvc.errors import EvaluationError
from searchsvc.policy import RankingPolicy
from searchsvc.relevance.evaluation import evaluate_snapshot
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.measures import Measure
from searchsvc.relevance.trials import Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from indexer.layout import IndexLayout
    from indexer.snapshot import Snapshot
    from tests.conftest import Build

NDCG = Measure("nDCG", 10)
POLICY = RankingPolicy()
SHOES = [
    {"id": "a", "title": "red leather shoe", "description": "canvas lace"},
    {"id": "b", "title": "blue canvas shoe", "description": "a shoe of red cloth"},
    {"id": "c", "title": "canvas bag", "description": "shoe shoe shoe"},
    {"id": "d", "title": "oak desk", "brand": "Canvas"},
]
JUDGMENTS = Judgments(
    (
        JudgedQuery("q1", "canvas shoe"),
        JudgedQuery("q2", "red shoe"),
        JudgedQuery("q3", "nothing of ours"),
    ),
    {"q1": {"b": 3, "c": 1}, "q2": {"a": 2}, "q3": {"z": 1}},
)


class CountingEmbedder(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__(64)
        self.asked: list[str] = []

    def embed_query(self, text: str) -> NDArray[np.float32]:
        self.asked.append(text)
        return super().embed_query(text)


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(SHOES)
    return open_snapshot(layout)


@pytest.mark.parametrize("measure", ["nDCG@10", "R@2", "nDCG(judged_only=True)@10"])
def test_the_settings_in_use_score_what_an_evaluation_gives(
    snapshot: Snapshot, measure: str
) -> None:
    asked = Measure.parse(measure)
    trials = Trials(snapshot, HashingEmbedder(64), POLICY, JUDGMENTS, asked)
    found = evaluate_snapshot(snapshot, HashingEmbedder(64), POLICY, JUDGMENTS, [asked])
    scores = {query.id: trials.score(trials.current, query.id) for query in trials.queries}
    assert scores == found.values[measure]


def test_a_measure_deeper_than_an_answer_is_refused(snapshot: Snapshot) -> None:
    for measure in (Measure("R", 1001), Measure("nDCG", 1001, condensed=True)):
        with pytest.raises(EvaluationError, match="1001 products.*at most 1000"):
            Trials(snapshot, HashingEmbedder(64), POLICY, JUDGMENTS, measure)


def test_another_choice_scores_what_its_policy_gives(snapshot: Snapshot) -> None:
    embedder = CountingEmbedder()
    trials = Trials(snapshot, embedder, POLICY, JUDGMENTS, NDCG)
    place = list(trials.axes).index("semantic_weight")
    choice = (*trials.current[:place], 1.0, *trials.current[place + 1 :])
    policy = replace(POLICY, semantic_weight=1.0)
    found = evaluate_snapshot(snapshot, HashingEmbedder(64), policy, JUDGMENTS, [NDCG])
    for query in ("q1", "q2"):
        assert trials.score(choice, query) == found.values["nDCG@10"][query]
        trials.score(trials.current, query)
    assert trials.count == 2
    assert sorted(embedder.asked) == sorted(set(embedder.asked))


def test_field_weights_score_what_a_build_with_them_gives(
    build: Build, layout: IndexLayout, snapshot: Snapshot
) -> None:
    postings = TrialPostings(snapshot, Silent())
    trials = Trials(snapshot, HashingEmbedder(64), POLICY, JUDGMENTS, NDCG, postings)
    values = {**dict(zip(trials.axes, trials.current, strict=True))}
    values["lexical.weights.description"] = trials.axes["lexical.weights.description"][-1]
    values["lexical.b"] = 0.25
    weights = {**LexicalSettings().weights, "description": values["lexical.weights.description"]}
    lexical = LexicalSettings(weights=weights, b=0.25)
    build(SHOES, settings=IndexSettings(lexical=lexical))
    rebuilt = open_snapshot(layout)
    found = evaluate_snapshot(rebuilt, HashingEmbedder(64), POLICY, JUDGMENTS, [NDCG])
    choice = tuple(values.values())
    for query in ("q1", "q2"):
        assert trials.score(choice, query) == found.values["nDCG@10"][query]
    # Back to the postings in use, and to those of the other choice again.
    again = Trials(snapshot, HashingEmbedder(64), POLICY, JUDGMENTS, NDCG)
    assert trials.score(trials.current, "q1") == again.score(again.current, "q1")


def test_without_any_query_to_ask_there_is_nothing_to_try(snapshot: Snapshot) -> None:
    judgments = Judgments((JudgedQuery("q", "shoe"),), {"q": {"z": 1}})
    with pytest.raises(EvaluationError, match="none of 1 judged queries"):
        Trials(snapshot, HashingEmbedder(64), POLICY, judgments, NDCG)
