"""LambdaMART: the trees are LightGBM's own, and what they learn can be told beforehand."""

from __future__ import annotations

import sys
from dataclasses import fields, replace

import numpy as np
import pytest

from searchsvc.errors import EvaluationError, TrainingUnavailableError
from searchsvc.relevance import lambdamart
from searchsvc.relevance.examples import UNJUDGED, Example
from searchsvc.relevance.lambdamart import train_lambdamart
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import TreeEnsemble, Trees

TELLING = FEATURES.index("coverage")
BASE = FEATURES.index("score_deficit")
FOLDS = 3


def examples(count: int = 24, size: int = 60, seed: int = 5) -> list[Example]:
    """Queries whose relevant candidates have coverage, which the first stage overlooks."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        features = rng.random((size, len(FEATURES))).astype(np.float32)
        features[:, BASE] = np.sort(-features[:, BASE] / 100)[::-1]
        labels = np.where(features[:, TELLING] > 0.7, 3, 0)
        labels[rng.random(size) < 0.2] = UNJUDGED
        made.append(Example(f"q{number}", number, features, labels))
    return made


@pytest.fixture(scope="module")
def trees() -> Trees:
    pytest.importorskip("lightgbm", reason="needs the train extra")
    return train_lambdamart(examples(), FOLDS)


def test_it_learns_what_makes_candidates_relevant(trees: Trees) -> None:
    ensemble = TreeEnsemble(trees, len(FEATURES))
    (unseen,) = examples(1, 200, seed=99)
    order = np.argsort(-ensemble.rerank(unseen.features), kind="stable")
    assert (unseen.features[order[:20], TELLING] > 0.7).all()


def test_no_score_falls_where_a_feature_rises(trees: Trees) -> None:
    ensemble = TreeEnsemble(trees, len(FEATURES))
    features = np.random.default_rng(1).random((50, len(FEATURES))).astype(np.float32)
    for column in range(len(FEATURES)):
        more = features.copy()
        more[:, column] += 0.25
        assert (ensemble.rerank(more) >= ensemble.rerank(features) - 1e-6).all()


def test_equal_examples_give_equal_trees(trees: Trees) -> None:
    again = train_lambdamart(examples(), FOLDS)
    for entry in fields(Trees):
        np.testing.assert_array_equal(getattr(again, entry.name), getattr(trees, entry.name))


def test_scores_are_those_of_lightgbm_and_the_first_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="needs the train extra")
    boosters = []

    def remembering(*arguments: object) -> object:
        boosters.append(train(*arguments))
        return boosters[-1]

    train = lightgbm.train
    monkeypatch.setattr(lightgbm, "train", remembering)
    ensemble = TreeEnsemble(train_lambdamart(examples(), FOLDS), len(FEATURES))
    (booster,) = boosters
    # Every threshold and its neighbours: there a rounded threshold would show.
    rows = np.concatenate([example.features for example in examples(6, seed=8)])
    model = booster.dump_model()["tree_info"]
    for node in _inner(model[0]["tree_structure"]):
        row = np.repeat(rows[:1], 3, axis=0)
        near = np.float32(node["threshold"])
        row[:, node["split_feature"]] = [
            np.nextafter(near, np.float32(-9)), near, np.nextafter(near, np.float32(9)),
        ]  # fmt: skip
        rows = np.concatenate((rows, row))
    expected = booster.predict(rows) + 10 * rows[:, BASE]
    np.testing.assert_allclose(ensemble.rerank(rows), expected, atol=1e-5)


def _inner(node: dict[str, object]) -> list[dict[str, object]]:
    if "leaf_value" in node:
        return []
    children = [node["left_child"], node["right_child"]]
    return [node, *(found for child in children for found in _inner(child))]  # type: ignore[arg-type]


def test_judgments_without_a_relevant_product_leave_the_order_of_the_first_stage() -> None:
    pytest.importorskip("lightgbm", reason="needs the train extra")
    bare = [replace(example, labels=np.zeros_like(example.labels)) for example in examples()]
    ensemble = TreeEnsemble(train_lambdamart(bare, FOLDS), len(FEATURES))
    for example in bare[:3]:
        assert (np.diff(ensemble.rerank(example.features)) <= 0).all()


def test_fewer_questions_than_folds_are_refused() -> None:
    pytest.importorskip("lightgbm", reason="needs the train extra")
    with pytest.raises(EvaluationError, match="cannot be split into 3 folds"):
        train_lambdamart(examples(2), FOLDS)


def test_without_lightgbm_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(TrainingUnavailableError, match=r"pip install 'searchsvc\[train\]'"):
        train_lambdamart(examples(), FOLDS)


def test_a_rounded_threshold_parts_the_same_numbers() -> None:
    for threshold in (0.1, 1 / 3, -0.1, 1e-35, 0.5):
        below = np.float32(lambdamart._below(threshold))  # noqa: SLF001 - its edge is the point
        assert float(below) <= threshold < float(np.nextafter(below, np.float32(np.inf)))
