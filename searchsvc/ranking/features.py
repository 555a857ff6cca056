"""The features of candidates: the parts of an explanation, alone and beside the best candidate.

They are what the first stage knows anyway, so that a ranker over them costs no access to the
index. Features of titles (coverage, phrase, head word, length), brands, categories and prices
were measured on three sets of judged queries, the largest of 801, and gained nothing that could
not be chance: see the README.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.ranking.fusion import lexical_share, semantic_share
from searchsvc.reranking.protocol import FEATURES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from searchsvc.ranking.window import Meaning, Ranking


def candidate_features(
    ranking: Ranking, meaning: Meaning, candidates: slice
) -> NDArray[np.float32]:
    """What speaks for each of some rows of a ranking.

    A share is between 0 and 1 (see `searchsvc.ranking.fusion`), *relative* divides by the best
    candidate's, a *deficit* is the distance from it, 0 or less.

    Args:
        ranking: of the first stage.
        meaning: that it was ranked by.
        candidates: which places of it.

    Returns:
        float32 ``(n, len(FEATURES))``, finite, in the order of the ranking.
    """
    window = ranking.window
    places = np.searchsorted(window.rows, ranking.rows[candidates])
    lexical = lexical_share(window.bm25[places], window.ceiling)
    semantic = semantic_share(meaning.cosines[places], meaning.unrelated)
    feedback = ranking.feedback[candidates]
    columns = {
        "lexical_share": lexical,
        "lexical_relative": lexical / max(float(lexical.max(initial=0)), 1e-9),
        "coverage": np.where(window.bm25[places] > 0, window.coverage[places], 0),
        "semantic_share": semantic,
        "semantic_deficit": _deficit(semantic),
        "feedback": feedback,
        "feedback_deficit": _deficit(feedback),
        "score_deficit": _deficit(ranking.scores[candidates]),
        "lexical_reciprocal_rank": _reciprocal(window.lexical_ranks[places]),
        "semantic_reciprocal_rank": _reciprocal(window.semantic_ranks[places]),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


def _deficit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    below: NDArray[np.float32] = values - values.max(initial=-np.inf)
    return below


def _reciprocal(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    """1 / rank; 0 where the ranking does not have the row."""
    return np.where(ranks > 0, 1 / np.maximum(ranks, 1), 0.0)
