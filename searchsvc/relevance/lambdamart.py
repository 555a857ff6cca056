"""LambdaMART: boosted regression trees that are fitted to the order of candidates, by LightGBM.

Burges: *From RankNet to LambdaRank to LambdaMART: an overview*, MSR-TR-2010-82. Kept small and
tame on purpose, since judged queries are few: the trees correct the score of the first stage
instead of replacing it, they have at most eight leaves, of many candidates each, see a part of
the rows and columns, and no score may fall where a feature rises. How many trees there are is
chosen by cross-validation within the training queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from searchsvc.errors import TrainingUnavailableError
from searchsvc.relevance.folds import make_folds
from searchsvc.relevance.labels import DEFAULT_SCALE
from searchsvc.reranking.protocol import FEATURES
from searchsvc.reranking.trees import LEAF, MAX_LEAVES, Trees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from searchsvc.relevance.examples import Example

_MOST_TREES = 300
_PATIENCE = 30
_CUTOFF = 10
_FIRST_STAGE = 10.0  # a tenth of its score is worth as much as odds of e to 1
_PARAMETERS = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [_CUTOFF],
    "lambdarank_truncation_level": 2 * _CUTOFF,
    "num_leaves": MAX_LEAVES,
    "min_data_in_leaf": 50,
    "learning_rate": 0.05,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "monotone_constraints": [1] * len(FEATURES),
    "seed": 7,
    "deterministic": True,
    "force_row_wise": True,
    "feature_pre_filter": False,
    "verbose": -1,
}


def train_lambdamart(examples: Sequence[Example], folds: int) -> Trees:
    """Fit trees to judged candidates; the same examples give the same trees.

    Args:
        examples: one for each query; a candidate without a judgment counts as irrelevant, since
            a ranker that never saw such ones puts any of them first.
        folds: parts of the queries, to choose the number of trees by.

    Raises:
        TrainingUnavailableError: LightGBM is not installed.
        EvaluationError: there are fewer different queries than folds.
    """
    lightgbm = _lightgbm()
    features = np.concatenate([example.features for example in examples])
    labels = np.concatenate([np.maximum(example.labels, 0) for example in examples])
    sizes = [len(example.labels) for example in examples]
    gains = [DEFAULT_SCALE.gain(label) for label in range(int(labels.max(initial=0)) + 1)]
    parameters = {**_PARAMETERS, "label_gain": gains if len(gains) > 1 else [0.0, 1.0]}
    linear = np.zeros(len(FEATURES), np.float32)
    linear[FEATURES.index("score_deficit")] = _FIRST_STAGE
    content = {"label": labels, "group": sizes, "init_score": features @ linear}
    tried = lightgbm.cv(
        parameters,
        lightgbm.Dataset(features, params=parameters, **content),
        num_boost_round=_MOST_TREES,
        folds=_row_folds(examples, folds),
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
    )
    count = len(tried[f"valid ndcg@{_CUTOFF}-mean"])
    data = lightgbm.Dataset(features, params=parameters, **content)
    return _trees(lightgbm.train(parameters, data, count).dump_model(), linear)


def _lightgbm() -> Any:  # noqa: ANN401 - a module
    try:
        import lightgbm  # noqa: PLC0415 - an extra: nobody needs it to search
    except ImportError as error:
        raise TrainingUnavailableError(
            "a ranker is trained by LightGBM, which is not installed. Install the 'train' "
            "extra: pip install 'searchsvc[train]'; serving a trained ranker does not need it"
        ) from error
    return lightgbm


def _row_folds(
    examples: Sequence[Example], count: int
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Training and validation rows of each fold."""
    groups = {example.query: example.group for example in examples}
    query = np.repeat(np.arange(len(examples)), [len(example.labels) for example in examples])
    splits = []
    for fold in make_folds(groups, count):
        held_out = np.array([example.query in set(fold) for example in examples])[query]
        splits.append((np.flatnonzero(~held_out), np.flatnonzero(held_out)))
    return splits


def _trees(model: Mapping[str, Any], linear: NDArray[np.float32]) -> Trees:
    """The arrays of a dumped model over a linear part."""
    roots: list[int] = []
    nodes: list[list[float]] = []

    def add(node: Mapping[str, Any]) -> int:
        place = len(nodes)
        nodes.append([LEAF, 0.0, 0, 0, 0.0])
        if "leaf_value" in node:
            nodes[place][4] = node["leaf_value"]
        else:
            children = [add(node[f"{side}_child"]) for side in ("left", "right")]
            nodes[place][:4] = [node["split_feature"], _below(node["threshold"]), *children]
        return place

    for tree in model["tree_info"]:
        roots.append(len(nodes))
        add(tree["tree_structure"])
    features, thresholds, left, right, values = np.array(nodes, np.float64).reshape(-1, 5).T
    return Trees(
        roots=np.array(roots, np.int32),
        features=features.astype(np.int32),
        thresholds=thresholds.astype(np.float32),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        values=values.astype(np.float32),
        linear=linear,
    )


def _below(threshold: float) -> float:
    """The greatest float32 up to `threshold`: the same float32 features are at most it."""
    rounded = np.float32(threshold)
    if float(rounded) > threshold:
        rounded = np.nextafter(rounded, np.float32(-np.inf))
    return float(rounded)
