"""Folds: judged queries split into parts of about equal size, for cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from searchsvc.errors import EvaluationError
from searchsvc.policy import RankingPolicy
from searchsvc.query.understanding import understand

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from indexer.snapshot import Snapshot

_SEED = 11  # any will do; a fixed one makes equal judgments equal folds


def question(text: str, snapshot: Snapshot) -> tuple[str, ...]:
    """What the query `text` asks for: equal for queries that no fold may divide.

    The sorted terms of its words as they are understood: "shoes red" and "red shoos" are the
    question "red shoes". Synonyms are left alone, since they are edited between runs.
    """
    meant = understand(text, snapshot, RankingPolicy())
    return tuple(sorted(snapshot.analyzer.terms(meant.text)))


def make_folds(
    groups: Mapping[str, Hashable], count: int, seed: int = _SEED
) -> tuple[tuple[str, ...], ...]:
    """Split queries so that those of one group are never divided.

    Whoever has seen "red shoes" knows the answer to "shoes red": such queries in different folds
    would make a held-out score an old acquaintance.

    Args:
        groups: what each query id belongs to, such as its `question`.
        count: of the folds, at least 2.
        seed: the same seed gives the same folds.

    Returns:
        The query ids of each fold, in the order of `groups`; no fold is empty.

    Raises:
        EvaluationError: there are fewer groups than folds.
    """
    members: dict[Hashable, list[str]] = {}
    for query, group in groups.items():
        members.setdefault(group, []).append(query)
    if len(members) < count:
        raise EvaluationError(
            f"{len(members)} different queries cannot be split into {count} folds. "
            "Judge more queries, or give fewer folds"
        )
    units = list(members.values())
    drawn = [units[place] for place in np.random.default_rng(seed).permutation(len(units))]
    folds: list[set[str]] = [set() for _ in range(count)]
    for unit in sorted(drawn, key=len, reverse=True):  # stable: equals stay shuffled
        min(folds, key=len).update(unit)
    return tuple(tuple(query for query in groups if query in fold) for fold in folds)
