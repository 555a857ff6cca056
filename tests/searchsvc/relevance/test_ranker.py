"""The training of a ranker: held-out gains, and when a ranker is worth it."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from indexer.embedding.hashing import HashingEmbedder
from indexer.snapshot import Snapshot, open_snapshot
from searchsvc.errors import EvaluationError
from searchsvc.policy import RankingPolicy
from searchsvc.relevance.judgments import JudgedQuery, Judgments
from searchsvc.relevance.ranker import (
    FULL,
    JUDGED_ONLY,
    Gain,
    RankerTraining,
    TrainedRanker,
    digest,
)
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.single import SingleFeature
from searchsvc.reranking.trees import LEAF, Trees

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.layout import IndexLayout
    from searchsvc.relevance.examples import Example
    from tests.conftest import Build

EMBEDDER = HashingEmbedder(8)  # so few components tell little about a text
BAD = RankingPolicy(
    semantic_weight=1.0, all_words_weight=0.0, min_cosine=-1.0, min_cosine_share=0.0
)
COLOURS, THINGS = ("red", "blue", "green", "black"), ("shoe", "hat", "coat", "sock", "belt")
RECORDS = [
    {"id": f"p{number}", "title": f"{colour} {thing}", "description": "A gift for all seasons."}
    for number, (colour, thing) in enumerate(product(COLOURS, THINGS))
]
JUDGMENTS = Judgments(
    tuple(JudgedQuery(f"q-{r['id']}", r["title"]) for r in RECORDS),
    {f"q-{r['id']}": {r["id"]: 3} for r in RECORDS},
)


@pytest.fixture
def snapshot(build: Build, layout: IndexLayout) -> Snapshot:
    build(RECORDS, embedder=EMBEDDER)
    return open_snapshot(layout)


def by_feature(name: str, weight: float = 1.0) -> Trees:
    """No tree to speak of: one feature is the score."""
    linear = np.zeros(len(FEATURES), np.float32)
    linear[FEATURES.index(name)] = weight
    none = np.zeros(1, np.int32)
    return Trees(none, none + LEAF, none.astype(np.float32), none, none, 0 * linear[:1], linear)


class Trainer:
    """Gives the same trees whatever it sees, and remembers what that was."""

    def __init__(self, trees: Trees) -> None:
        self.trees = trees
        self.seen: list[set[str]] = []

    def __call__(self, examples: Sequence[Example], folds: int) -> Trees:
        assert folds == 5
        self.seen.append({example.query for example in examples})
        return self.trees


def test_no_query_is_measured_with_a_ranker_that_saw_it(snapshot: Snapshot) -> None:
    trainer = Trainer(by_feature("coverage"))
    finished: list[int] = []
    RankerTraining(snapshot, EMBEDDER, BAD, JUDGMENTS).run(trainer, 5, finished.append)
    *parts, final = trainer.seen
    everything = set(JUDGMENTS.qrels)
    assert final == everything
    held_out = [everything - seen for seen in parts]
    assert sorted(query for part in held_out for query in part) == sorted(everything)
    assert finished == [1] * 6


def test_a_good_ranker_is_worth_it_and_a_bad_one_is_not(snapshot: Snapshot) -> None:
    # Its own ranker has no part: else nothing could be gained here.
    policy = replace(BAD, reranker=SingleFeature("coverage"))
    training = RankerTraining(snapshot, EMBEDDER, policy, JUDGMENTS)
    good = training.run(Trainer(by_feature("coverage")), 5)
    assert good.gains[str(FULL)].after == 1.0
    assert good.gains[str(FULL)].low > 0
    assert good.is_worth_it
    assert "a significant gain" in good.verdict
    assert (good.queries, good.folds) == (len(RECORDS), 5)
    assert good.candidates > len(RECORDS)
    bad = training.run(Trainer(by_feature("coverage", -1.0)), 5)
    assert bad.gains[str(FULL)].high < 0
    assert not bad.is_worth_it
    assert "no significant gain" in bad.verdict


def test_a_ranker_that_knows_the_pool_but_not_the_order_is_not_fair() -> None:
    gain, loss = Gain(0.5, 0.6, 0.05, 0.15, 0.01), Gain(0.9, 0.88, -0.04, 0.0, 0.06)
    trained = TrainedRanker(
        by_feature("coverage"), {str(FULL): gain, str(JUDGED_ONLY): loss}, 20, 400, 5
    )
    assert not trained.is_worth_it
    assert "puts judged products before unjudged ones" in trained.verdict
    fair = replace(trained, gains={str(FULL): gain, str(JUDGED_ONLY): replace(loss, after=0.9)})
    assert fair.is_worth_it


def test_a_gain_is_that_of_pairs() -> None:
    gain = Gain.between([0.25, 0.5, 0.75], [0.5, 0.75, 1.0])
    assert (gain.before, gain.after) == (0.5, 0.75)
    assert gain.low == gain.high == 0.25
    assert str(gain).startswith("0.5000 -> 0.7500 (+0.2500, 95 % interval +0.2500 to")


def test_more_folds_than_questions_are_refused(snapshot: Snapshot) -> None:
    training = RankerTraining(snapshot, EMBEDDER, BAD, JUDGMENTS)
    with pytest.raises(EvaluationError, match="cannot be split into 99 folds"):
        training.run(Trainer(by_feature("coverage")), 99)


def test_the_digest_is_of_what_is_asked_and_judged() -> None:
    shuffled = Judgments(JUDGMENTS.queries[::-1], dict(reversed(JUDGMENTS.qrels.items())))
    assert digest(shuffled) == digest(JUDGMENTS)
    assert len(digest(JUDGMENTS)) == 64
    other = {**JUDGMENTS.qrels, "q-p0": {"p0": 2}}
    assert digest(replace(JUDGMENTS, qrels=other)) != digest(JUDGMENTS)
